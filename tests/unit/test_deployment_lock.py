"""One deployment at a time: real processes that hold, wait, die and come back."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import lock
from ansible.module_utils.placid.lock import BusyError, Holder, held

from unit.plugins import PLUGINS

ADA = Holder("ada's", "ada@laptop", "deploy v1", "2026-01-02T03:04:05+00:00")
BOB = Holder("bob's", "bob@desk", "deploy v2", "2026-01-02T03:05:00+00:00")
BUSY = (
    "ada@laptop has been deploying guestbook (deploy v1) since 2026-01-02T03:04:05+00:00. Wait for it, or say -e lock_wait=300 "
    "to wait up to 300 seconds."
)
# Holds the lock as the first argument says until a line arrives; lets Ansible's package find the project's.
HOLD = f"""
import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
import ansible.module_utils
ansible.module_utils.__path__.append({str(PLUGINS / "module_utils")!r})
from pathlib import Path
from ansible.module_utils.placid import lock
lock.LEASE_SECONDS = float(sys.argv[2])
with lock.held(Path(sys.argv[1]), lock.Holder(*sys.argv[3:])):
    print("held", flush=True)
    sys.stdin.readline()
"""
Hold = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "guestbook").mkdir()
    return tmp_path / "guestbook" / "lock"


@pytest.fixture
def hold(path: Path) -> Iterator[Hold]:
    """Start a process that holds the lock."""
    started = []

    def start(holder: Holder = ADA, lease: float = 0.4) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", HOLD, str(path), str(lease), holder.token, holder.who, holder.purpose, holder.since]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def lease(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_bytes() or b"{}")
    return content


def leave_lease(path: Path, seconds: float, **changes: str) -> None:
    """What a deployment leaves between two of its steps."""
    with held(path, ADA):
        pass
    content = {**lease(path), "until": time.clock_gettime(time.CLOCK_BOOTTIME) + seconds, **changes}
    path.write_text(json.dumps(content))


def seconds_to_acquire(path: Path, holder: Holder = BOB, wait: float = 0.0) -> float:
    begun = time.monotonic()
    with held(path, holder, wait):
        return time.monotonic() - begun


def test_who_comes_second_is_told_who_what_for_and_since_when(path: Path, hold: Hold) -> None:
    hold()
    begun = time.monotonic()
    with pytest.raises(BusyError) as error, held(path, BOB):
        pass
    assert str(error.value) == BUSY
    assert time.monotonic() - begun < 5


def test_the_same_deployment_in_another_process_is_busy_too(path: Path, hold: Hold) -> None:
    hold()
    with pytest.raises(BusyError), held(path, ADA):
        pass


def test_a_killed_step_is_no_obstacle_to_the_same_deployment(path: Path, hold: Hold) -> None:
    hold(lease=1000).kill()
    assert seconds_to_acquire(path, ADA, wait=1) < 1


def test_after_a_killed_step_others_wait_for_no_more_than_the_lease(path: Path, hold: Hold) -> None:
    process = hold(lease=0.4)
    process.kill()
    process.wait()
    assert seconds_to_acquire(path) < 5


def test_a_step_that_was_interrupted_leaves_the_lock_free(path: Path, hold: Hold) -> None:
    process = hold(lease=1000)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert seconds_to_acquire(path) < 1


def test_waiting_gets_the_lock_when_it_is_free(path: Path, hold: Hold) -> None:
    process = hold(lease=0.1)
    begun = time.monotonic()
    subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -9 {process.pid}"])
    with held(path, BOB, wait=10):
        assert 0.4 < time.monotonic() - begun < 8
        assert lease(path)["who"] == "bob@desk"


def test_who_types_a_command_again_waits_for_what_a_killed_run_left_at_work(path: Path, hold: Hold) -> None:
    again = replace(ADA, token="again", since="2026-01-02T03:06:00+00:00")
    subprocess.Popen(["sh", "-c", f"sleep {lock.GRACE_SECONDS + 0.5}; kill -9 {hold(lease=0.1).pid}"])
    assert seconds_to_acquire(path, again) > lock.GRACE_SECONDS


def test_waiting_for_it_ends(path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "AGAIN_SECONDS", 1.5)
    hold()
    with pytest.raises(BusyError), held(path, replace(ADA, token="again")):
        pass


def test_waiting_ends(path: Path, hold: Hold) -> None:
    hold()
    begun = time.monotonic()
    with pytest.raises(BusyError), held(path, BOB, wait=0.5):
        pass
    assert 0.5 <= time.monotonic() - begun < 5


def test_between_its_steps_a_deployment_keeps_its_place(path: Path) -> None:
    with held(path, ADA):
        pass
    left = lease(path)
    assert {key: left[key] for key in ("token", "who", "purpose", "since")} == vars(ADA)
    assert 29 < left["until"] - time.clock_gettime(time.CLOCK_BOOTTIME) <= lock.LEASE_SECONDS
    assert left["boot"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert seconds_to_acquire(path, ADA) < 1


def test_others_wait_for_the_lease_of_a_controller_that_is_gone(path: Path) -> None:
    leave_lease(path, 0.5)
    assert 0.4 < seconds_to_acquire(path) < 5
    assert lease(path)["who"] == "bob@desk"


def test_a_deployment_that_comes_back_within_its_lease_goes_first(path: Path, hold: Hold) -> None:
    leave_lease(path, 1000)
    words = [sys.executable, "-c", HOLD, str(path), "0.2", *vars(BOB).values()]
    waiting = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    hold(ADA, lease=30)
    _, complaint = waiting.communicate(timeout=10)
    assert complaint.splitlines()[-1] == f"ansible.module_utils.placid.lock.BusyError: {BUSY}"


def test_a_lease_from_before_a_reboot_is_over(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_lease(path, 1000)
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("11111111-2222-3333-4444-555555555555\n")
    monkeypatch.setattr(lock, "_BOOT_ID", boot_id)
    assert seconds_to_acquire(path) < 1


@pytest.mark.parametrize("content", ["", "{", '{"token": "x", "un', "[]", "7", "\0\0"])
def test_what_a_power_failure_left_in_the_file_is_no_lease(path: Path, content: str) -> None:
    path.write_text(content)
    assert seconds_to_acquire(path) < 1


def test_who_looks_whether_a_lease_has_ended_does_not_stop_its_owner(path: Path) -> None:
    with held(path, ADA):
        pass
    glance = os.open(path, os.O_RDWR)
    fcntl.flock(glance, fcntl.LOCK_EX)
    threading.Timer(0.1, os.close, [glance]).start()
    assert seconds_to_acquire(path, ADA) < 1


def test_the_last_step_leaves_no_lease(path: Path) -> None:
    with held(path, ADA, last=True):
        assert lease(path)["who"] == "ada@laptop"
    assert path.read_bytes() == b""
    assert seconds_to_acquire(path) < 1


def test_a_step_that_failed_leaves_no_lease(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(path, ADA):
        1 / 0  # noqa: B018
    assert path.read_bytes() == b""


def test_the_lock_is_not_handed_to_programs_that_a_step_starts(path: Path) -> None:
    with held(path, ADA, last=True):
        program = subprocess.Popen(["sleep", "20"])
    try:
        assert str(path) not in [os.readlink(each) for each in Path(f"/proc/{program.pid}/fd").iterdir()]
        assert seconds_to_acquire(path) < 1
    finally:
        program.kill()
        program.wait()


def test_who_is_at_work_is_told_without_a_lock_being_taken(path: Path, hold: Hold) -> None:
    assert lock.at_work(path) == {}
    assert not path.exists()
    holder = hold(lease=0.1)
    time.sleep(0.3)  # a step that takes longer than its lease
    assert lock.at_work(path)["who"] == ADA.who
    holder.kill()
    holder.wait()
    assert lock.at_work(path) == {}
    leave_lease(path, 20)
    before = path.stat().st_mtime_ns
    assert lock.at_work(path)["purpose"] == ADA.purpose
    assert path.stat().st_mtime_ns == before
