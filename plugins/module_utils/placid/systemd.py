"""The units of an application's processes, and the processes that run in them."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ansible.module_utils.placid.errors import PlacidError

_UNIT = re.compile(r"^(?P<application>[a-z][a-z0-9_]*)-(?P<slot>[a-z0-9_-]+)@(?P<instance>.+\.\d+)\.service$")
#: What is asked of a unit.
PROPERTIES = (
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "NeedDaemonReload",
    "MainPID",
    "ControlGroup",
    "ActiveEnterTimestamp",
    "FragmentPath",
    "DropInPaths",
)
#: The properties of a unit, by name.
State = dict[str, str]


class UnitError(PlacidError):
    """A unit that did not do what it was told."""


def systemctl(*words: str, check: bool = True) -> str:
    """Run systemctl and return what it printed. Raises UnitError with what it complained of."""
    done = subprocess.run(["systemctl", "--no-pager", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise UnitError(f"systemctl {' '.join(words)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def running(application: str) -> list[tuple[str, str]]:
    """(slot, instance) of each unit of the application that is running, starting or stopping."""
    states = "--state=active,activating,reloading,deactivating"
    listing = systemctl("list-units", "--plain", "--no-legend", states, f"{application}-*@*.service")
    found = (_UNIT.match(line.split()[0]) for line in listing.splitlines() if line.strip())
    return [(match["slot"], match["instance"]) for match in found if match and match["application"] == application]


def states(units: Sequence[str]) -> dict[str, State]:
    """What systemd knows of units, asked in one call."""
    if not units:
        return {}
    shown = systemctl("show", "--timestamp=unix", "--property", ",".join(PROPERTIES), *units).strip().split("\n\n")
    known = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown]
    return dict(zip(units, known, strict=False))


def start(units: Sequence[str]) -> None:
    """Start units together. Raises UnitError with the log of the first one that does not start."""
    found = states(units)
    failed = [unit for unit, state in found.items() if state["ActiveState"] == "failed"]
    if failed:
        systemctl("reset-failed", *failed, check=False)
    if any(state["NeedDaemonReload"] == "yes" for state in found.values()):
        systemctl("daemon-reload")
    if not units:
        return
    try:
        systemctl("start", *units)
    except UnitError as error:
        idle = next((unit for unit, state in states(units).items() if state["ActiveState"] != "active"), units[0])
        raise UnitError(f"{idle} did not start: {error}{log(idle)}") from None


def stop(units: Sequence[str]) -> None:
    """Stop units together, each within the time its TimeoutStopSec= gives it."""
    if units:
        systemctl("stop", *units)
        systemctl("reset-failed", *units, check=False)


def order_stop(units: Sequence[str]) -> None:
    """Tell units to stop, and do not wait for them."""
    if units:
        systemctl("stop", "--no-block", *units)


def failure(unit: str, state: State) -> str:
    """Why a unit is not well: empty when it runs. How often it had to be restarted since it was started is no matter."""
    if state["ActiveState"] == "active":
        return ""
    if state["ActiveState"] == "inactive":
        return f"{unit} is not running"
    return f"{unit} is {state['SubState']} ({state['Result']}, restarted {state['NRestarts']} times)"


def early_failure(unit: str, state: State) -> str:
    """Why a unit that was started a moment ago is not well: empty when it runs and never had to be restarted."""
    return failure(unit, state if state["NRestarts"] == "0" else {**state, "ActiveState": "restarted"})


def log(unit: str, lines: int = 15, by: str = "unit") -> str:
    """The end of a unit's log, for an error message; or of what an identifier wrote."""
    # What a process wrote before it ended may still be on its way.
    subprocess.run(["journalctl", "--sync"], capture_output=True, check=False)
    words = ["journalctl", "--no-pager", "--output=cat", f"--lines={lines}", f"--{by}={unit}"]
    text = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    told = [line for line, _ in itertools.groupby(text.splitlines())]
    return "\nThe end of its log:\n" + "\n".join(f"  {line}" for line in told) if told else ""


def control_group(state: State) -> Path | None:
    """The directory of a unit's control group, or None where nothing runs in it."""
    return Path(f"/sys/fs/cgroup{state['ControlGroup']}") if state["ControlGroup"] else None


def processes(group: Path | None) -> list[int]:
    """The process ids in a control group and those below it."""
    ids: list[int] = []
    for directory, _, files in os.walk(group) if group else ():
        if "cgroup.procs" in files:
            ids += [int(line) for line in Path(directory, "cgroup.procs").read_text().split()]
    return ids


def unproved(unit: str, state: State, release: Path, venv: Path) -> str:
    """Why a unit cannot be proved to run one release: empty when it can.

    Every process must have the release as its working directory and, if it is Python, come from its virtual environment: by
    the path that it was started with; or, where a title was written over that, by what it has mapped from there, as every
    process has that a package of it gave a title (setproctitle is a shared object).
    """
    ids = processes(control_group(state))
    if not ids:
        return f"{unit} has no process"
    for pid in ids:
        try:
            directory = os.readlink(f"/proc/{pid}/cwd")
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended between the two looks
        if Path(directory) != release and release not in Path(directory).parents:
            return f"process {pid} of {unit} works in {directory} and not in {release}"
        ours = os.fsdecode(words[0]).startswith((f"{venv}/", f"{release}/"))
        if program.startswith("python") and not ours and not _maps(pid, venv):
            return f"process {pid} of {unit} runs {os.fsdecode(words[0])}, which is not in {venv}"
    return ""


def _maps(pid: int, directory: Path) -> bool:
    """Whether a process has a file below a directory in its memory."""
    try:
        return f" {directory}/" in Path(f"/proc/{pid}/maps").read_text(errors="surrogateescape")
    except (FileNotFoundError, ProcessLookupError):
        return True  # it has ended


def outdated(unit: str, state: State, environment: dict[str, str], settings: Path) -> str:
    """Why a running unit should be started anew: its settings or its unit file changed since. Empty when there is no reason.

    environment: what it should have. Values are compared and never told; where the process wrote a title over its own, the
    time of the file with the settings tells.
    """
    try:
        content = Path(f"/proc/{state['MainPID']}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return f"{unit} has just ended"
    has = dict(os.fsdecode(each).split("=", 1) for each in content if b"=" in each)
    readable = not environment.keys().isdisjoint(has)
    other = sorted(name for name, value in environment.items() if has.get(name) != value)
    if other and readable:
        return f"{unit} runs with other settings ({', '.join(other)})"
    begun = int(state["ActiveEnterTimestamp"].lstrip("@") or 0)
    for path in [state["FragmentPath"], *state["DropInPaths"].split(), *([] if readable else [str(settings)])]:
        if path and not os.path.exists(path):
            return f"{unit} was started before {path} was removed"
        if path and begun < int(Path(path).stat().st_mtime) <= time.time():  # no future one, of a clock that was set back
            return f"{unit} was started before {path} changed"
    return ""
