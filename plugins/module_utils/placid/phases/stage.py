"""Installing a release beside the live one, from what the controller sent. A complete one is left as it is."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import disk, settled
from ansible.module_utils.placid.errors import ArchiveError, PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.leftovers import remove_leftovers
from ansible.module_utils.placid.module import direct_environment_of, environment_of, layout_of, locked, record, record_failure
from ansible.module_utils.placid.releases import complete
from ansible.module_utils.placid.stage import Stage, StageError


def run(module: AnsibleModule) -> dict[str, Any]:
    spec = module.params["spec"]
    result: dict[str, Any] = {"changed": False, "steps": {}}
    layout = layout_of(module)
    if complete(layout, spec["id"]) is not None:
        return result
    result["changed"] = True
    if module.check_mode:
        return result
    with locked(module, layout):
        try:
            stage = install(module, layout, environment_of(module))
        except (PlacidError, OSError) as error:
            record_failure(module, layout, spec["id"], "stage", error, commit=spec["commit"])
            raise
        told = {key: value for key, value in (("silenced", stage.silenced), ("lacking", stage.lacking)) if value}
        record(module, layout, "staged", spec["id"], commit=spec["commit"], steps=stage.steps, **told)
        settled.remember(layout, spec["id"], direct_environment_of(module), stage.migrations)
    return {**result, "steps": stage.steps, "migrations": stage.migrations, "memory_mb": stage.memory_mb, **told}


def install(module: AnsibleModule, layout: Layout, environment: dict[str, str]) -> Stage:
    """Install the release from what was sent."""
    manifest, content = module.params["manifest"], module.params["bundle_content"]
    remove_leftovers(layout)
    if problem := disk.lacking(layout.home, layout.name, module.params["needed"] or {}, disk.free(layout.home)):
        raise StageError(problem)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=layout.home) as incoming:
        bundle = Path(module.params["bundle"] or f"{incoming}/bundle.tar")
        if content:
            bundle.write_bytes(base64.b64decode(content))
        if bundle.exists():
            unpack_bundle(bundle, manifest, Path(incoming))
            bundle.unlink()  # who sent it may be gone, and would not remove it
        stage = Stage(layout, module.params["spec"], manifest, Path(incoming), environment)
        stage.run()
    return stage


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
