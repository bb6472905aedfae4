"""What systemd says of units, read; and what a unit's processes must be. Hosts with a real systemd are in molecule/."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import systemd

LISTED = """\
guestbook-web@20260102T030405Z-0123abcd.1.service      loaded active       running guestbook web
guestbook-worker-2@20260102T030405Z-0123abcd.1.service loaded deactivating stop    guestbook worker
guestbook-web@20260103T030405Z-4567abcd.12.service     loaded activating   start   guestbook web

shop-web@20260102T030405Z-0123abcd.1.service           loaded active       running shop web
guestbook-web@odd.service                              loaded active       running no number
guestbook-shop-web@20260102T030405Z-0123abcd.1.service loaded active       running not this one's
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `systemctl` prints here, where no systemd runs; empty: it fails."""
    answer = tmp_path / "answer"
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ -s {answer} ] && exec cat {answer}\necho "Unit not found ($*)" >&2\nexit 5\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return answer


def test_the_units_that_run_are_told_by_slot_and_instance(said: Path) -> None:
    said.write_text(LISTED)
    assert systemd.running("guestbook") == [
        ("web", "20260102T030405Z-0123abcd.1"),
        ("worker-2", "20260102T030405Z-0123abcd.1"),
        ("web", "20260103T030405Z-4567abcd.12"),
        ("shop-web", "20260102T030405Z-0123abcd.1"),
    ]
    said.write_text("\n")
    assert systemd.running("guestbook") == []


def test_a_failed_command_is_told_with_its_words_and_its_complaint(said: Path) -> None:
    with pytest.raises(systemd.UnitError) as error:
        systemd.stop(["x.service", "y.service"])
    expected = "systemctl stop x.service y.service failed: Unit not found (--no-pager stop x.service y.service)"
    assert str(error.value) == expected
    assert not said.exists()


def test_nothing_to_start_or_stop_asks_nobody(said: Path) -> None:
    systemd.start([])
    systemd.stop([])
    assert not said.exists()


def state(active: str, sub: str, result: str, restarts: int) -> systemd.State:
    return {"ActiveState": active, "SubState": sub, "Result": result, "NRestarts": str(restarts)}


@pytest.mark.parametrize(
    ("found", "why", "early"),
    [
        (state("active", "running", "success", 0), "", ""),
        (state("active", "running", "success", 2), "", "x.service is running (success, restarted 2 times)"),
        (state("failed", "failed", "exit-code", 0), "x.service is failed (exit-code, restarted 0 times)", None),
        (state("activating", "auto-restart", "signal", 1), "x.service is auto-restart (signal, restarted 1 times)", None),
        (state("inactive", "dead", "success", 0), "x.service is not running", None),
    ],
)
def test_why_a_unit_is_not_well(found: systemd.State, why: str, early: str | None) -> None:
    assert systemd.failure("x.service", found) == why
    assert systemd.early_failure("x.service", found) == (why if early is None else early)


def test_units_are_told_apart_in_the_order_in_which_they_were_asked_for(said: Path) -> None:
    said.write_text("ActiveState=active\nResult=A=b\nOther\n\nActiveState=failed\nResult=\n")
    assert systemd.states(["x.service", "y.service"]) == {
        "x.service": {"ActiveState": "active", "Result": "A=b"},
        "y.service": {"ActiveState": "failed", "Result": ""},
    }
    said.unlink()
    assert systemd.states([]) == {}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release whose virtual environment leads to this Python, as a real one does."""
    path = tmp_path / "releases" / "R"
    (path / "app").mkdir(parents=True)
    for name in ("R", "other"):
        programs = tmp_path / "venvs" / name / "bin"
        programs.mkdir(parents=True)
        (programs / "python").symlink_to(os.path.realpath(sys.executable))
    (path / "venv").symlink_to("../../venvs/R")
    return path


def spawn(words: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program and wait until the kernel tells of it."""
    started = subprocess.Popen(words, **options)
    while not Path(f"/proc/{started.pid}/environ").read_bytes():
        time.sleep(0.001)
    return started


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes of every unit."""
    started: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(systemd, "processes", lambda _: [each.pid for each in started])
    yield started
    for each in started:
        each.kill()
        each.wait()


def unproved(release: Path) -> str:
    return systemd.unproved("x.service", {"ControlGroup": ""}, release, (release / "venv").resolve())


@pytest.mark.parametrize("python", ["venv/bin/python", "../../venvs/R/bin/python"])
@pytest.mark.parametrize("directory", [".", "app"])
def test_a_process_of_the_release_is_proved(
    release: Path, process: list[subprocess.Popen[bytes]], python: str, directory: str
) -> None:
    program = os.path.normpath(release / python)
    process.append(spawn([program, "-S", "-c", "input()"], cwd=release / directory, stdin=subprocess.PIPE))
    process.append(spawn(["sleep", "20"], cwd=release))
    assert unproved(release) == ""


def test_the_old_interpreter_is_not(release: Path, process: list[subprocess.Popen[bytes]]) -> None:
    other = release.parents[1] / "venvs" / "other" / "bin" / "python"
    process.append(spawn([other, "-S", "-c", "input()"], cwd=release, stdin=subprocess.PIPE))
    venv = release.parents[1] / "venvs" / "R"
    assert unproved(release) == f"process {process[0].pid} of x.service runs {other}, which is not in {venv}"


#: Maps the file that it is given, writes a title over its arguments and its environment, as setproctitle does, and waits.
TITLED = """
import ctypes, mmap, pathlib, sys
with open(sys.argv[1], "rb") as file:
    kept = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
fields = pathlib.Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
start, end = int(fields[45]), int(fields[48])
ctypes.memset(start, 0, end - start)
ctypes.memmove(start, b"gunicorn: master", 16)
print(flush=True)
input()
"""


def titled(release: Path, venv: str) -> subprocess.Popen[bytes]:
    """A process that has a title, and a shared object of a virtual environment in its memory."""
    library = release.parents[1] / "venvs" / venv / "lib.so"
    library.write_bytes(b"a shared object")
    words: list[str | Path] = [release / "venv" / "bin" / "python", "-c", TITLED, library]
    started = subprocess.Popen(words, cwd=release, env={"A": "1"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert started.stdout
    started.stdout.readline()
    return started


@pytest.mark.parametrize(("venv", "why"), [("R", ""), ("other", "runs gunicorn: master, which is not in ")])
def test_a_process_with_a_title_is_proved_by_what_it_has_in_its_memory(
    release: Path, process: list[subprocess.Popen[bytes]], venv: str, why: str
) -> None:
    process.append(titled(release, venv))
    assert unproved(release) == (why and f"process {process[0].pid} of x.service {why}{(release / 'venv').resolve()}")


@pytest.mark.parametrize(("older", "why"), [(10, ""), (-10, "x.service was started before {file} changed")])
def test_the_settings_of_a_process_with_a_title_are_told_by_their_file(
    release: Path, process: list[subprocess.Popen[bytes]], older: int, why: str
) -> None:
    process.append(titled(release, "R"))
    file, unit = release / "settings.env", release / "x.service"
    file.write_text("A=2\n")
    unit.write_text("")
    os.utime(unit, (0, 0))
    found = shown(process[0].pid, int(file.stat().st_mtime) + older, unit)
    assert systemd.outdated("x.service", found, {"A": "1"}, file) == why.format(file=file)


@pytest.mark.parametrize("directory", ["..", "../../venvs"])
def test_a_process_elsewhere_is_not(release: Path, process: list[subprocess.Popen[bytes]], directory: str) -> None:
    process.append(spawn(["sleep", "20"], cwd=release))
    process.append(spawn(["sleep", "20"], cwd=release / directory))
    where = os.path.normpath(release / directory)
    assert unproved(release) == f"process {process[1].pid} of x.service works in {where} and not in {release}"


def test_a_unit_without_a_process_is_not(release: Path, process: list[subprocess.Popen[bytes]]) -> None:
    assert process == []
    assert unproved(release) == "x.service has no process"


def shown(pid: int, begun: int, unit: Path) -> systemd.State:
    return {"MainPID": str(pid), "ActiveEnterTimestamp": f"@{begun}", "FragmentPath": str(unit), "DropInPaths": ""}


@pytest.mark.parametrize(
    ("settings", "older", "why"),
    [
        ({"A": "1", "EMPTY": "", "C": "x=y"}, 10, ""),
        ({"A": "planted", "B": "planted", "C": "x=y"}, 10, "x.service runs with other settings (A, B)"),
        ({"A": "1"}, -10, "x.service was started before {unit} changed"),
    ],
)
def test_why_a_running_unit_is_to_be_started_anew(tmp_path: Path, settings: dict[str, str], older: int, why: str) -> None:
    unit = tmp_path / "x.service"
    unit.write_text("")
    running = spawn(["sleep", "20"], env={"PATH": os.environ["PATH"], "A": "1", "EMPTY": "", "C": "x=y"})
    try:
        found = shown(running.pid, int(unit.stat().st_mtime) + older, unit)
        assert systemd.outdated("x.service", found, settings, tmp_path / "settings.env") == why.format(unit=unit)
    finally:
        running.kill()
        running.wait()
    assert systemd.outdated("x.service", found, settings, unit) == "x.service has just ended"


def test_a_file_of_the_future_is_no_reason_and_one_that_is_gone_is(
    process: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process.append(spawn(["sleep", "20"], env={"PATH": os.environ["PATH"], "A": "1"}))
    unit, later = tmp_path / "x.service", time.time() + 3600
    unit.write_text("")
    os.utime(unit, (later, later))  # the clock was set back since
    found = shown(process[0].pid, int(time.time()) - 10, unit)
    assert systemd.outdated("x.service", found, {"A": "1"}, tmp_path / "settings.env") == ""
    unit.unlink()
    gone = f"x.service was started before {unit} was removed"
    assert systemd.outdated("x.service", found, {"A": "1"}, tmp_path / "settings.env") == gone
