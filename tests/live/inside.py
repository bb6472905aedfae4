"""Looks at an application from inside its host. This source is sent there and run by its Python: `python3 -c … NAME`.

Prints JSON: {"processes": [{"unit", "pid", "directory", "program", "mapped", "environment"}]}. `mapped` are the
application's directories of which a process has files in its memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any


def units(name: str) -> list[str]:
    states = "--state=active,activating,deactivating,failed"
    command = ["systemctl", "list-units", "--plain", "--no-legend", states, f"{name}-*@*.service"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listing.splitlines()]


def process(unit: str, pid: str, home: str) -> dict[str, Any]:
    place = Path("/proc", pid)
    environment = dict(each.split("=", 1) for each in (place / "environ").read_text().split("\0") if "=" in each)
    mapped = re.findall(rf"{home}/(?:releases|venvs)/[^/]+", (place / "maps").read_text())
    return {
        "unit": unit,
        "pid": int(pid),
        "directory": os.readlink(place / "cwd"),
        "program": (place / "cmdline").read_text().split("\0")[0],
        "mapped": sorted(set(mapped)),
        # Nothing that is secret leaves the host.
        "environment": {key: value for key, value in environment.items() if key != "SECRET_KEY"},
    }


def look(name: str) -> dict[str, Any]:
    found = []
    for unit in units(name):
        show = ["systemctl", "show", "--property=ControlGroup", "--value", unit]
        group = subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()
        members = Path(f"/sys/fs/cgroup{group}/cgroup.procs")
        with contextlib.suppress(FileNotFoundError):  # the unit ended between the two looks, as a process of it may below
            for pid in members.read_text().split() if group else ():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    found.append(process(unit, pid, f"/srv/{name}"))
    return {"processes": found}


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1])))
