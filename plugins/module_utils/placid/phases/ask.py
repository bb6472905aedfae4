"""What runs on a host, and what the host is. Changes nothing, and works on a host that was never deployed to.

It looks when nobody is at work there, so that the plan is made of what another deployment left and not of what it began with.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import disk, dotenv, dump, ledger, provisional
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.interpreters import pythons
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.leftovers import leftovers
from ansible.module_utils.placid.module import environment_of, locked
from ansible.module_utils.placid.releases import releases
from ansible.module_utils.placid.schema import DATABASE, LEDGER, NOBODY
from ansible.module_utils.placid.settings_file import SettingsFile
from ansible.module_utils.placid.switch import Switched

SHORTEST_COMMIT = 7


def run(module: AnsibleModule) -> dict[str, Any]:
    layout = Layout(module.params["application"])
    if module.params["deployment"] and layout.lock.exists() and not module.check_mode:
        with locked(module, layout, last=True):
            pass
    events, kept = ledger.read(layout.ledger), provisional.read(layout)
    shown = ("id", "commit", "source", "spec_digest")
    complete = {name: {key: spec[key] for key in shown} for name, spec in releases(layout).items()}
    live = complete.get(layout.live_release() or "", {})
    good = [release for release in ledger.good_releases(events) if release in complete]
    earlier = [release for release in good if release != live.get("id")]
    if live and live["id"] in good[:-1] and Switched.read(layout, live["id"]).becomes == ledger.ROLLED_BACK:
        earlier.append(live["id"])  # a rollback was cut short after its switch: typed again, it goes where it went
    manifest = layout.manifest(live["id"]) if live else None
    return {
        "changed": False,
        "live": live,
        "previous_good": earlier[-1] if earlier else "",
        "good": [release for release in ledger.ever_good(events) if release in complete],
        "releases": complete,
        "before": {"token": kept.token, "release": kept.release} if kept else {},
        "confirmed": ledger.confirmed(events),
        "requirements": json.loads(manifest.read_text())["requirements"] if manifest and manifest.exists() else "",
        "prepared": layout.releases.is_dir(),
        "free": disk.free(layout.home) if layout.releases.is_dir() and not leftovers(layout) else None,
        "target": {
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            "machine": platform.machine(),
            "glibc": platform.libc_ver()[1],
        },
        "pythons": pythons(),
        "wheels": [name for name in names(layout.wheels) if names(layout.wheels / name)],
        "artefacts": [name for name in names(layout.artefacts) if name.endswith(".tar.zst")],
        "venvs": names(layout.venvs),
        "settings": settings(layout, environment_of(module)),
        "migrations": migrations(layout, module.params["database_url"] if module.params["version"] else "", events),
        "at_rest": live["id"] if live and at_rest(module, live) else "",
    }


def at_rest(module: AnsibleModule, live: Mapping[str, Any]) -> bool:
    """Whether to deploy the live commit once more would change nothing, by what the phases say in check mode.

    It is asked only where the version is that commit; a branch or a tag is known on the controller alone.
    """
    version = module.params["version"]
    if len(version) < SHORTEST_COMMIT or not live["commit"].startswith(version):
        return False
    from ansible.module_utils.placid.phases import activate, migrate, record

    mode, release = module.check_mode, module.params["release"]
    module.check_mode, module.params["release"] = True, live["id"]
    try:
        phases = [migrate, activate, record] if module.params["database_url"] else [activate, record]
        return not any(phase.run(module)["changed"] for phase in phases)
    except (PlacidError, OSError):  # a deployment will tell, and another one may be at work
        return False
    finally:
        module.check_mode, module.params["release"] = mode, release


def settings(layout: Layout, wanted: Mapping[str, str]) -> dict[str, str]:
    """How each setting differs from those on the host: added, changed or removed. No value leaves the host."""
    present = dotenv.parse(SettingsFile(layout).text() or "")
    word = {(False, True): "added", (True, True): "changed", (True, False): "removed"}
    differing = (name for name in sorted({*present, *wanted}) if present.get(name) != wanted.get(name))
    return {name: word[name in present, name in wanted] for name in differing}


def migrations(layout: Layout, url: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What is applied, and who says so: the database where it can be asked, else the ledger."""
    told = dump.applied(layout, url) if url and layout.releases.is_dir() else None
    if told is not None:
        return {"source": DATABASE, "applied": told}
    seen = ledger.applied(events)
    return {"source": LEDGER, "applied": seen} if seen else {"source": NOBODY, "applied": []}


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.is_dir() else []
