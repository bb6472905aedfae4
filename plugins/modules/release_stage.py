#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Install a release beside the live one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_stage
short_description: Install a release of an application beside the live one
description:
  - Sends what the host lacks of an artefact, unpacks it as an unprivileged user, builds the virtual environment offline from the
    wheels that were sent, collects static files, runs the build commands and C(manage.py check --deploy).
  - The release is marked complete last; when anything fails, what there is of it is removed. The live one is not touched.
  - A release that is complete already is left as it is.
options:
  application:
    description: Name of the application.
    type: str
    required: true
  release:
    description: What release.json is to hold, as M(release_plan) returns it.
    type: dict
    required: true
  manifest:
    description: Manifest of the artefact, as M(artefact) returns it.
    type: dict
    required: true
  archive:
    description: Path of the artefact's source archive on the controller.
    type: path
    required: true
  wheels_dir:
    description: Directory on the controller with the wheels, each at C(<sha256>/<file name>).
    type: path
    required: true
  host:
    description: What M(release_info) returned for this host; what it has is not sent.
    type: dict
    required: true
  settings:
    description: Environment of the application.
    type: dict
    default: {}
  secrets:
    description: The part of the environment that is secret.
    type: dict
    default: {}
  deployment:
    description: The deployment that this is a step of, as M(release_plan) returns it.
    type: dict
    required: true
    suboptions:
      token: {description: Names one run., type: str, required: true}
      who: {description: User and controller., type: str, required: true}
      purpose: {description: What is deployed., type: str, required: true}
      since: {description: When it began in UTC., type: str, required: true}
      wait: {description: Seconds to wait for another deployment to end., type: float, default: 0}
attributes:
  check_mode: {support: full, description: Nothing is sent; says whether a release would be installed.}
  diff_mode: {support: none, description: The plan has shown what changes.}
author: Placid
"""

EXAMPLES = r"""
- name: Stage the release
  release_stage:
    application: guestbook
    release: "{{ plan.release }}"
    manifest: "{{ artefact.manifest }}"
    archive: "{{ artefact.archive }}"
    wheels_dir: "{{ artefact.wheels_dir }}"
    host: "{{ info }}"
    deployment: "{{ plan.deployment }}"
"""

RETURN = r"""
release:
  description: Id of the release.
  returned: success
  type: str
steps:
  description: Seconds that each step took, such as C(venv) and C(static); empty where the release was there.
  returned: success
  type: dict
output:
  description:
    - What the application's programs wrote, C(stdout) and C(stderr) by step, the last 100 kB of each.
    - A failure returns it too.
  returned: when something was written
  type: dict
sent_bytes:
  description: Size of what was sent to the host.
  returned: success
  type: int
seconds:
  description: Seconds that the work on the host took.
  returned: success
  type: float
"""

import contextlib
import hashlib
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.errors import ArchiveError, PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import DEPLOYMENT, SETTINGS, environment_of, layout_of, locked, record, run
from ansible.module_utils.placid.stage import Stage, complete, remove_leftovers

SPEC = {
    "release": {"type": "dict", "required": True},
    "manifest": {"type": "dict", "required": True},
    "bundle": {"type": "path"},
}


def unpack_bundle(bundle: Path, manifest: dict[str, Any], destination: Path) -> None:
    """Unpack exactly the files that a manifest knows of; the archive is held against its digest."""
    wheels = [*manifest["wheels"], manifest["installer"]]
    known = {"source.tar.zst", *(f"wheels/{wheel['sha256']}/{wheel['file']}" for wheel in wheels)}
    try:
        _unpack(bundle, known, destination)
    except tarfile.TarError as error:
        raise ArchiveError(f"The bundle arrived damaged: {error}. Deploy the version again.") from None
    archive_path = destination / "source.tar.zst"
    if archive_path.exists():
        with archive_path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != manifest["source"]["sha256"]:
                raise ArchiveError("The source archive arrived damaged. Deploy the version again.")


def _unpack(bundle: Path, known: set[str], destination: Path) -> None:
    with tarfile.open(bundle, "r:") as archive:
        for member in archive:
            source = archive.extractfile(member)
            if member.name not in known or source is None:
                raise ArchiveError(
                    f"The bundle holds {member.name!r}, which the manifest does not know. Deploy the version again."
                )
            path = destination / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                while chunk := source.read(1 << 20):
                    file.write(chunk)


def work(module: AnsibleModule) -> dict[str, Any]:
    spec = module.params["release"]
    result: dict[str, Any] = {"release": spec["id"], "changed": False, "steps": {}}
    layout = layout_of(module)
    if complete(layout, spec["id"]) is not None:
        return result
    result["changed"] = True
    if module.check_mode:
        return result
    with locked(module, layout):
        try:
            steps = install(module, layout, environment_of(module))
        except PlacidError:
            with contextlib.suppress(OSError):  # on a full disk, the reason goes before the record
                record(module, layout, "failed", spec["id"], commit=spec["commit"], phase="stage")
            raise
        record(module, layout, "staged", spec["id"], commit=spec["commit"], steps=steps)
    return {**result, "steps": steps}


def install(module: AnsibleModule, layout: Layout, environment: dict[str, str]) -> dict[str, float]:
    """Install the release from what was sent; return the seconds of each step."""
    manifest = module.params["manifest"]
    remove_leftovers(layout)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=layout.home) as incoming:
        if module.params["bundle"]:
            unpack_bundle(Path(module.params["bundle"]), manifest, Path(incoming))
        stage = Stage(layout, module.params["release"], manifest, Path(incoming), environment)
        stage.run()
    return stage.steps


def main() -> None:
    run(work, SPEC, SETTINGS, DEPLOYMENT)


if __name__ == "__main__":
    main()
