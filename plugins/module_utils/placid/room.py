"""Whether a host can take its applications: what stands in their way, before anything is changed. Pure, but for `observe`."""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.placid.interpreters import pythons


def problems(apps: Sequence[Mapping[str, Any]], host: Mapping[str, Any], memory_mb: int, disk_mb: int) -> list[str]:
    """What stands in the way, a sentence each with its remedy.

    host: what `observe` found. memory_mb, disk_mb: what the host must have, and have free.
    """
    found = []
    if host["memory_mb"] < memory_mb:
        found.append(
            f"The host has {host['memory_mb']} MB of memory, {memory_mb} are needed. Give it more, or lower app_memory_mb."
        )
    if host["disk_mb"] < disk_mb:
        found.append(f"/srv has {host['disk_mb']} MB free, {disk_mb} are needed. Make room, or lower app_disk_mb.")
    for app in apps:
        name, python = app["name"], app["python"]
        if python and python not in host["pythons"]:
            have = ", ".join(host["pythons"]) or "none"
            found.append(
                f"apps[{name}].python is {python}, but the host has {have}. Leave it empty for Debian's own, or install that one "
                f"as /usr/bin/python{python}, for example from a package source that has it: apt-get install python{python}."
            )
        found += [f"apps[{name}].name: {what}. Choose another name." for what in host["taken"].get(name, [])]
    return found


def shadowed(apps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The domains whose visitors Apache sends to the wildcard of another application. nginx prefers the longer name; Apache takes
    the first site that fits, in the order of their names."""
    return [
        f"apps[{app['name']}].domains: {domain} is one of {wildcard}, which {other['name']} has, and Apache takes the first. "
        f"Name the domains of {other['name']} one by one, or say web_server: nginx."
        for other in apps
        for wildcard in other["domains"]
        if wildcard.startswith("*.")
        for app in apps
        if app["name"] > other["name"]
        for domain in app["domains"]
        if domain.lower().endswith(wildcard[1:].lower())
    ]


def observe(names: Sequence[str], root: Path = Path("/")) -> dict[str, Any]:
    """What the host has."""
    memory = re.search(r"MemTotal:\s+(\d+) kB", (root / "proc/meminfo").read_text())
    disk = os.statvfs(root / "srv")
    return {
        "memory_mb": int(memory[1]) // 1024 if memory else 0,
        "disk_mb": disk.f_bavail * disk.f_frsize // 2**20,
        "pythons": pythons(root / "usr/bin"),
        "taken": {name: found for name in names if (found := taken(name, root))},
    }


def taken(name: str, root: Path = Path("/")) -> list[str]:
    """What bears the name of an application and is not Placid's: an application of its own has a second user, made first."""
    users = {user.pw_name: user for user in pwd.getpwall()}
    if f"{name}-build" in users:
        return []
    found = []
    user = users.get(name)
    # A run that was killed between the two users left the first one so.
    if user and (user.pw_dir != "/nonexistent" or grp.getgrgid(user.pw_gid).gr_name != name):
        found.append(f"the host has another user {name}")
    found += [f"the host has another {path}" for path in (root / "etc" / name, root / "var/lib" / name) if path.exists()]
    if (root / "usr/lib/systemd/system" / f"{name}.service").exists():
        found.append(f"the host has another unit {name}.service")
    return found
