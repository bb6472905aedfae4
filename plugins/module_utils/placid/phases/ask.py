"""What runs on a host, and what the host is. Changes nothing, and works on a host that was never deployed to."""

from __future__ import annotations

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
from ansible.module_utils.placid.releases import releases


def run(module: AnsibleModule) -> dict[str, Any]:
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


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.is_dir() else []


def pythons(directory: Path = Path("/usr/bin")) -> list[str]:
    found = (re.fullmatch(r"python(3\.\d+)", name) for name in names(directory))
    return [match[1] for match in found if match]
