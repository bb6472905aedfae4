"""One deployment of an application at a time, on each host.

The lock is an `flock` that the process doing a step holds on an open descriptor, so it dies with that process and never
needs removing. Between the steps of one deployment nobody works on the host; a lease written into the file keeps others out
for as long as a controller needs to send the next step. A controller that was killed leaves a lease that ends by itself, or
a step that comes to its end without it: who types the same command again waits for both. A reboot ends them at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.placid.errors import PlacidError

#: Seconds for which a deployment keeps its place between two steps.
LEASE_SECONDS = 30.0
#: Seconds in which a step tries again, since who waits for a lease to end holds the lock for a moment to look at it.
GRACE_SECONDS = 1.0
#: Seconds for which a command that was typed again waits for what the run before it left at work.
AGAIN_SECONDS = 90.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class BusyError(PlacidError):
    """Somebody else is deploying this application."""


@dataclass(frozen=True)
class Holder:
    """Who deploys: token names one run; who is user@controller; purpose is what for; since is ISO 8601 UTC."""

    token: str
    who: str
    purpose: str
    since: str


@contextlib.contextmanager
def held(path: Path, holder: Holder, wait: float = 0.0, last: bool = False) -> Iterator[None]:
    """Hold the lock for one step of a deployment.

    wait: seconds to wait for another deployment to end. The rest of a lease that nobody works under is waited for in any case.
    last: the deployment ends with this step, so no lease is left. Raises BusyError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # who may read a file may lock it
        _acquire(descriptor, path, holder, wait)
        ended = last
        try:
            yield
        except BaseException:
            ended = True
            raise
        finally:
            _write(descriptor, None if ended else holder, LEASE_SECONDS)
    finally:
        os.close(descriptor)


def at_work(path: Path) -> dict[str, Any]:
    """Who deploys at this moment, as Holder has it, or nothing. Takes no lock, so it stands in nobody's way."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    try:
        lease, inode = _read(descriptor), os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)
    locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    held_now = any(words[1] == "FLOCK" and words[5].endswith(f":{inode}") for words in locks)
    return lease if held_now or _lease_left(lease, "") > 0 else {}


def _acquire(descriptor: int, path: Path, holder: Holder, wait: float) -> None:
    begun = time.monotonic()
    deadline = begun + max(wait, GRACE_SECONDS)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lease = _read(descriptor)
            patience = AGAIN_SECONDS if _same_command(lease, holder) else 0.0
            if time.monotonic() >= max(deadline, begun + patience):
                raise BusyError(_busy(path, lease)) from None
        else:
            left = _lease_left(_read(descriptor), holder.token)
            if left <= 0:
                _write(descriptor, holder)  # while the step works, the flock itself keeps others out
                return
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            deadline = max(deadline, time.monotonic() + min(left, LEASE_SECONDS) + 1)
        time.sleep(0.2)


def _same_command(lease: dict[str, Any], holder: Holder) -> bool:
    """Whether another run of the same command by the same person is at work."""
    same = lease.get("who") == holder.who and lease.get("purpose") == holder.purpose
    return same and lease.get("token") != holder.token


def _lease_left(lease: dict[str, Any], token: str) -> float:
    if not lease or lease.get("token") == token or lease.get("boot") != _BOOT_ID.read_text().strip():
        return 0.0
    return float(lease.get("until", 0)) - time.clock_gettime(time.CLOCK_BOOTTIME)


def _read(descriptor: int) -> dict[str, Any]:
    try:
        lease = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except ValueError:  # a power failure cut the line short: nobody is there any more
        return {}
    return lease if isinstance(lease, dict) else {}


def _write(descriptor: int, holder: Holder | None, lease_seconds: float = 0.0) -> None:
    content = b""
    if holder:
        until = time.clock_gettime(time.CLOCK_BOOTTIME) + lease_seconds
        content = json.dumps({**asdict(holder), "until": until, "boot": _BOOT_ID.read_text().strip()}).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)


def _busy(path: Path, lease: dict[str, Any]) -> str:
    return (
        f"{lease.get('who', 'Somebody')} has been deploying {path.parent.name} ({lease.get('purpose', 'unknown')}) "
        f"since {lease.get('since', 'a moment ago')}. Wait for it, or say -e lock_wait=300 to wait up to 300 seconds."
    )
