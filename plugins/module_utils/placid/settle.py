"""Waiting until processes that have no health check are up: until they have loaded what they need and wait for work.

A process that loads its code is at work all the time; on a busy machine it stands in the queue for it. So it is up when none of
its kind has worked, or wanted to, for a moment, and a slow machine gets the time that it needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible.module_utils.placid.systemd import processes

#: Seconds without work after which a process is up.
QUIET_SECONDS = 0.15
#: Seconds after which a process that is at work all the time is up, too: there may be a lot to do.
BUSY_SECONDS = 3.0
#: Part of the time that waiting for work itself may take.
IDLE_SHARE = 0.05
PAUSE = 0.05


def wait(
    groups: Sequence[Path],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until what runs in control groups is up, or one of them has ended."""
    begun = quiet_since = now = clock()
    used = worked(groups)
    while groups and now - begun < BUSY_SECONDS:
        sleep(PAUSE)
        now, used_now = clock(), worked(groups)
        if used is None or used_now is None:
            return
        if used_now - used > IDLE_SHARE * (now - quiet_since) or eager(groups):
            quiet_since, used = now, used_now
        elif now - quiet_since >= QUIET_SECONDS:
            return


def worked(groups: Sequence[Path]) -> float | None:
    """Seconds of processor time that groups have used; None where one is gone."""
    try:
        lines = [(group / "cpu.stat").read_text().splitlines() for group in groups]
    except OSError:
        return None
    return sum(int(line.split()[1]) for each in lines for line in each if line.startswith("usage_usec")) / 1e6


def eager(groups: Sequence[Path]) -> bool:
    """Whether a process stands in the queue for a processor or for the disk."""
    for pid in (pid for group in groups for pid in processes(group)):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state in "RD":
            return True
    return False
