"""Running a program as another user, without its privileges ever being the module's own."""

from __future__ import annotations

import os
import pwd
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ansible.module_utils.placid.errors import PlacidError

#: Lines of a failed program's output that go into an error message.
TAIL = 15
#: Characters of each stream that are kept of what a step wrote: the end, in whole lines, so that no half of a secret is left.
KEPT = 100_000
#: What the programs of this process wrote, {"stdout", "stderr"} by the step in words. A module is one process and returns it.
written: dict[str, dict[str, str]] = {}
_LOCATION = re.compile(r"^\s|^Traceback |^The above exception|^During handling|^\s*$")


class CommandError(PlacidError):
    """A program that the application brought along failed; output is what it wrote, the end of it, standard error last."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


def run_as(
    user: str,
    argv: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    what: str,
    stdin: str = "",
    timeout: float = 1800.0,
    stdout: IO[bytes] | None = None,
) -> str:
    """Run a program as a user in a directory, in a session and with an environment of its own; return its standard output.

    what: the step in words, under which both streams are kept in `written`, and for the message of the CommandError that any
    other exit than 0 raises. timeout: in seconds. stdout: a file that takes the standard output, of which nothing is kept then.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            **identity(user, environment, what),
        )
    except FileNotFoundError:
        raise CommandError(f"{what} failed: there is no program {argv[0]} in {directory}.", "") from None
    except PermissionError:
        raise CommandError(f"{what} failed: {user} may not run {argv[0]} in {directory}.", "") from None
    try:
        output, errors = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the session is its own, so what it started goes with it
        both = keep(what, *(each or "" for each in process.communicate()))
        raise CommandError(f"{what} was stopped after {timeout:.0f} seconds.{tail(both)}", _end(both)) from None
    both = keep(what, output or "", errors)
    if process.returncode:
        raise CommandError(f"{what} failed: {reason(both)}{tail(both)}", _end(both))
    return output or ""


def identity(user: str, environment: Mapping[str, str], what: str) -> dict[str, Any]:
    """What makes a child process that user's, in a session and with an environment of its own, as Popen takes it."""
    account = pwd.getpwnam(user)
    if account.pw_uid == 0:
        raise PlacidError(f"{what} must not run as root. This is a bug of Placid: please report it.")
    return {
        "env": {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": account.pw_dir, **environment},
        "user": account.pw_uid,
        "group": account.pw_gid,
        "extra_groups": [],
        "umask": 0o022,
        "start_new_session": True,
    }


def keep(what: str, stdout: str, stderr: str) -> str:
    """Add what a program wrote to `written`, and return both streams as one text."""
    before = written.get(what, {"stdout": "", "stderr": ""})
    written[what] = {"stdout": _end(before["stdout"] + stdout), "stderr": _end(before["stderr"] + stderr)}
    return stdout + ("\n" if stdout and stderr and not stdout.endswith("\n") else "") + stderr


def _end(text: str) -> str:
    return text if len(text) <= KEPT else text[-KEPT:].partition("\n")[2]


def reason(output: str) -> str:
    """The line of a program's output that says what was wrong: the exception at the end of a traceback, or the last line."""
    lines = [line for line in output.splitlines() if line.strip()]
    named = [line for line in lines if not _LOCATION.match(line)]
    return (named or lines or ["it said nothing"])[-1].strip()


def tail(output: str) -> str:
    """The last lines of a program's output, as the end of a message; nothing where it said nothing."""
    lines = output.splitlines()[-TAIL:]
    return "\nThe end of its output:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def lower_privileges(user: str) -> None:
    """Become a user for good; for a forked child that touches what came from outside."""
    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.umask(0o022)
