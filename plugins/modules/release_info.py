#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Say what runs on a host, and what the host is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Say which releases of an application a host has, and which is live
description:
  - Reads an application's directory and ledger on a host, and the host's interpreter and platform.
  - Changes nothing, and works on a host that was never deployed to.
options:
  application:
    description: Name of the application.
    type: str
    required: true
attributes:
  check_mode: {support: full, description: It only reads.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Ask what is live
  release_info:
    application: guestbook
  register: guestbook
"""

RETURN = r"""
live:
  description: The live release as in C(releases); empty before the first deployment.
  returned: success
  type: dict
previous_good:
  description: Id of the release that a rollback would put back; empty where there is none.
  returned: success
  type: str
good:
  description: Ids of the releases that were live and healthy and are still complete, the newest last.
  returned: success
  type: list
  elements: str
releases:
  description: The complete releases by id, each with C(id), C(commit), C(source) and C(spec_digest).
  returned: success
  type: dict
requirements:
  description: What the live release has installed, a line each; empty before the first deployment.
  returned: success
  type: str
prepared:
  description: Whether C(site.yml) has made room for the application.
  returned: success
  type: bool
target:
  description: What wheels must fit here, as C(python) (the distribution's own, such as 3.13), C(machine) and C(glibc).
  returned: success
  type: dict
pythons:
  description: Versions of the interpreters in /usr/bin.
  returned: success
  type: list
  elements: str
wheels:
  description: Digests (sha256) of the wheels that are on the host.
  returned: success
  type: list
  elements: str
artefacts:
  description: File names of the source archives that are on the host.
  returned: success
  type: list
  elements: str
venvs:
  description: Names of the virtual environments that are on the host.
  returned: success
  type: list
  elements: str
"""

import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import ledger
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import run
from ansible.module_utils.placid.stage import releases


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.is_dir() else []


def pythons(directory: Path = Path("/usr/bin")) -> list[str]:
    found = (re.fullmatch(r"python(3\.\d+)", name) for name in names(directory))
    return [match[1] for match in found if match]


def work(module: AnsibleModule) -> dict[str, Any]:
    layout = Layout(module.params["application"])
    shown = ("id", "commit", "source", "spec_digest")
    complete = {name: {key: spec[key] for key in shown} for name, spec in releases(layout).items()}
    good = [release for release in ledger.good_releases(ledger.read(layout.ledger)) if release in complete]
    live = complete.get(layout.live_release() or "", {})
    earlier = [release for release in good if release != live.get("id")]
    manifest = layout.manifest(live["source"]) if live else None
    return {
        "changed": False,
        "live": live,
        "previous_good": earlier[-1] if earlier else "",
        "good": good,
        "releases": complete,
        "requirements": json.loads(manifest.read_text())["requirements"] if manifest and manifest.exists() else "",
        "prepared": layout.releases.is_dir(),
        "target": {
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            "machine": platform.machine(),
            "glibc": platform.libc_ver()[1],
        },
        "pythons": pythons(),
        "wheels": names(layout.wheels),
        "artefacts": [name for name in names(layout.artefacts) if name.endswith(".tar.zst")],
        "venvs": names(layout.venvs),
    }


def main() -> None:
    run(work)


if __name__ == "__main__":
    main()
