"""The ledger: a host's append-only record of what happened to an application's releases, one JSON object a line.

Events, in the order in which a release meets them: `staged`, `dumped` (the database, before its schema changes), `migrated`
(with all that is applied `before` and `after`), `activated`, then `deployed` (it was proved healthy: only now it counts as good)
or `failed`. `rolled back` makes an earlier good release live again; `settings` is a restart of the live release with other
settings; `restored` put a dump back below it; `managed` is a management command that ran with the live release; `pruned` ends
it. The line that ends a run tells the plan, the seconds of its phases, the migrations that were applied, taken back or kept, and
the dump; `failed` gives the first line of the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

GOOD = "deployed"
ROLLED_BACK = "rolled back"


def append(path: Path, event: dict[str, Any]) -> None:
    """Add one event and bring it to the disk. A line that a power failure cut short is closed first."""
    line = json.dumps(event, sort_keys=True) + "\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = "\n" + line
        content = line.encode()
        while content:  # a disk that is nearly full takes a part, and then nothing
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> list[dict[str, Any]]:
    """All events, oldest first; a line that was cut short is passed over."""
    if not path.exists():
        return []
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def good_releases(events: Iterable[dict[str, Any]]) -> list[str]:
    """The releases that were live and healthy, in the order in which a rollback goes back through them: the last is the newest.

    A rollback takes off what it left behind, so that a second one goes one further back. What it left behind may be named, and
    then stands on top of what was live.
    """
    stack: list[str] = []
    deployed: set[str] = set()
    for event in events:
        release = event.get("release", "")
        if event.get("event") == GOOD:
            stack = [each for each in stack if each != release] + [release]
            deployed.add(release)
        elif event.get("event") == ROLLED_BACK and release in deployed:
            stack = stack[: stack.index(release) + 1] if release in stack else [*stack, release]
    return stack


def applied(events: Iterable[dict[str, Any]]) -> list[str] | None:
    """What was applied when the schema last changed; None where the ledger cannot tell, since a dump was put back since then.

    A line of an earlier version of Placid has only what was applied or taken back.
    """
    found: set[str] | None = set()
    for event in events:
        if event.get("event") == "restored":
            found = None
        elif "after" in event:
            found = set(event["after"])
        elif found is not None:
            found = (found | set(event.get("applied") or [])) - set(event.get("reversed") or [])
    return None if found is None else sorted(found)


def confirmed(events: Iterable[dict[str, Any]], last: int = 20) -> list[str]:
    """The tokens of the newest runs that came to a good end."""
    found = [event.get("deployment", "") for event in events if event.get("event") in (GOOD, ROLLED_BACK, "settings")]
    return list(dict.fromkeys(found))[-last:]


def ever_good(events: Iterable[dict[str, Any]]) -> list[str]:
    """Every release that was once live and healthy, by its newest moment; the last is the newest."""
    result: dict[str, None] = {}
    for event in events:
        if event.get("event") in (GOOD, ROLLED_BACK):
            result.pop(event["release"], None)
            result[event["release"]] = None
    return list(result)
