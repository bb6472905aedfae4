"""What a service must be told so that it runs the configuration that is on disk.

The answer comes from the unit and the files alone, never from what the present run changed: a run that died between
writing a file and reloading the service is made good by the next one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

PROPERTIES = (
    "LoadState,ActiveState,UnitFileState,NeedDaemonReload,ConditionResult,ConditionTimestamp,"
    "ActiveEnterTimestamp,StateChangeTimestamp,FragmentPath,DropInPaths"
)


@dataclass(frozen=True)
class Unit:
    """A unit as systemd has it; times in seconds since the epoch, 0.0 for never."""

    known: bool
    active: bool
    enabled: bool
    outdated: bool  #: its unit files are newer than what systemd has read
    refused: bool  #: systemd looked at its conditions and will not run it here
    entered: float  #: when it was last started
    loaded: float  #: when it was last started or reloaded
    files: tuple[Path, ...]  #: unit file and drop-ins, with the drop-ins' directories


def parse(shown: str) -> Unit:
    """Read what `systemctl show --timestamp=us+utc` says of PROPERTIES."""
    said = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    drop_ins = [Path(path) for path in said.get("DropInPaths", "").split()]
    fragment = [Path(path) for path in [said.get("FragmentPath", "")] if path]
    return Unit(
        known=said.get("LoadState") == "loaded",
        active=said.get("ActiveState") in ("active", "reloading"),
        enabled=said.get("UnitFileState") not in ("disabled", ""),
        outdated=said.get("NeedDaemonReload") == "yes",
        refused=said.get("ConditionResult") == "no" and bool(said.get("ConditionTimestamp")),
        entered=_seconds(said.get("ActiveEnterTimestamp", "")),
        loaded=_seconds(said.get("StateChangeTimestamp", "")),
        files=(*fragment, *drop_ins, *sorted({path.parent for path in drop_ins})),
    )


def with_drop_ins(unit: Unit, name: str, root: Path = Path("/etc/systemd/system")) -> Unit:
    """Call the unit outdated when the disk has drop-ins that systemd has not read.

    Debian 12's systemd does not say so itself where the directory of the drop-ins is new.
    """
    directories = {root / f"{name}.d", root / f"{re.sub(r'@.*[.]', '@.', name)}.d"}
    found = {path.name for directory in directories for path in directory.glob("*.conf")}
    return replace(unit, outdated=unit.outdated or not found <= {path.name for path in unit.files})


def _seconds(timestamp: str) -> float:
    if not timestamp:
        return 0.0
    return datetime.strptime(timestamp[4:], "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()


def changed_at(paths: Iterable[Path]) -> dict[Path, float]:
    """When each file and directory below the paths last changed, links and what they point to alike.

    The inode's time is used, not the content's: it cannot be set, and it moves on rename, on chmod and when an old file
    is copied back.
    """
    times: dict[Path, float] = {}
    for path in paths:
        found = [path]
        for directory, names, files in os.walk(path):
            found += [Path(directory, name) for name in names + files]
        for one in found:
            try:
                times[one] = one.lstat().st_ctime
                times[one] = max(times[one], one.stat().st_ctime)
            except FileNotFoundError:
                continue
    return times


@dataclass(frozen=True)
class Plan:
    """The systemctl verbs to run, in order, and the files that are newer than what the service runs."""

    verbs: tuple[str, ...]
    newer: tuple[str, ...] = ()


def plan(
    unit: Unit, enable: bool, restart: Mapping[Path, float], reload: Mapping[Path, float], expected: Sequence[str] = ()
) -> Plan:
    """Decide; restart and reload: the times of the files that only a restart, or already a reload, makes effective.

    expected: verbs that a check run foresees, because files that it did not write would ask for them.
    """
    verbs = ["daemon-reload"] if unit.outdated else []
    if enable and not unit.enabled:
        verbs.append("enable")
    newer: list[str] = []
    if unit.refused:
        return Plan(tuple(verbs))
    if not unit.active:
        verbs.append("start")
    else:
        newer = sorted(str(path) for path, time in restart.items() if time > unit.entered)
        if newer or unit.outdated or "restart" in expected:
            verbs.append("restart")
        else:
            newer = sorted(str(path) for path, time in reload.items() if time > unit.loaded)
            if newer or "reload" in expected:
                verbs.append("reload")
    return Plan(tuple(verbs), tuple(newer))
