"""What killed runs leave on a host, and its removal."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import time
from pathlib import Path

from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import complete
from ansible.module_utils.placid.virtual_environment import unfinished

#: Seconds that processes have to end that are killed.
END_SECONDS = 5.0


def leftovers(layout: Layout) -> list[Path]:
    """What a killed run left: releases without their marker, virtual environments without theirs, and temporary files.

    Those beside the settings may hold secrets.
    """
    live = layout.live_release()
    half_made = [layout.release(name) for name in os.listdir(layout.releases) if name != live and complete(layout, name) is None]
    return [*half_made, *layout.home.glob(".*"), *layout.settings.parent.glob(".*"), *unfinished(layout)]


def end_processes(user: str) -> None:
    """Kill what runs as a user, and wait until it has ended."""
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        return
    deadline = time.monotonic() + END_SECONDS
    while (found := processes(uid)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def processes(uid: int) -> list[int]:
    """The processes of a user that have not ended."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if directory.stat().st_uid == uid and "\nState:\tZ" not in (directory / "status").read_text():
                found.append(int(directory.name))
    return found


def remove_leftovers(layout: Layout) -> None:
    """Remove what a killed run left, once what it left at work as the user that builds has ended. The lock is to be held."""
    end_processes(layout.build_user)
    for path in leftovers(layout):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
