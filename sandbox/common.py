"""Paths, messages and the one exception of the sandbox."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class SandboxError(Exception):
    """What is wrong, where, and what to type next, in one line."""


def say(message: str) -> None:
    """Print one line of progress."""
    print(f"sandbox: {message}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Paths:
    """Where things are kept."""

    checkout: Path  # the project that the hosts belong to
    state: Path  # this checkout's key and its hosts' public keys
    store: Path  # images, containers and downloaded packages: shared by this user's checkouts
    run: Path  # what does not outlive the machine: locks, the holder

    @classmethod
    def find(cls) -> Paths:
        """Work out the paths for this checkout and this user."""
        checkout = Path(__file__).resolve().parent.parent
        if os.geteuid() == 0:
            store, run = Path("/var/lib/placid-sandbox"), Path("/run/placid-sandbox")
        else:
            runtime = os.environ.get("XDG_RUNTIME_DIR", "")
            if not os.access(runtime or "/nonexistent", os.W_OK):
                raise SandboxError(
                    "XDG_RUNTIME_DIR is not a directory that you can write to, and podman needs one: "
                    f"log in afresh, or type `export XDG_RUNTIME_DIR=/run/user/{os.geteuid()}`"
                )
            data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
            store, run = data / "placid-sandbox", Path(runtime) / "placid-sandbox"
        return cls(checkout=checkout, state=checkout / ".placid/sandbox", store=store, run=run)


def write(path: Path, text: str, mode: int = 0o644) -> bool:
    """Write a file by renaming it into place; True when its content changed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(mode)
    temporary.replace(path)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock, which the kernel frees when this process ends however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another sandbox command to finish")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
