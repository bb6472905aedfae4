"""When processes count as up. Time is told, not waited for; what they do is written where the kernel would."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.module_utils.placid import settle


@pytest.fixture
def group(tmp_path: Path) -> Path:
    (tmp_path / "cpu.stat").write_text("usage_usec 0\nuser_usec 0\n")
    (tmp_path / "cgroup.procs").write_text("")
    return tmp_path


def waited(group: Path, work: Callable[[float], float | None]) -> float:
    """The seconds that were waited for a group that had worked `work(t)` seconds t seconds after its start; None: it is gone."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        used = work(now[0])
        if used is None:
            (group / "cpu.stat").unlink(missing_ok=True)
        else:
            (group / "cpu.stat").write_text(f"usage_usec {used * 1e6:.0f}\n")

    settle.wait([group], lambda: now[0], sleep)
    return round(now[0], 2)


@pytest.mark.parametrize(
    ("work", "seconds"),
    [
        pytest.param(lambda _: 0.0, settle.QUIET_SECONDS, id="nothing to do"),
        pytest.param(lambda t: min(t, 0.6), 0.6 + settle.QUIET_SECONDS, id="loads for 0.6 s"),
        pytest.param(lambda t: t * 0.02, settle.QUIET_SECONDS, id="wakes up now and then"),
        pytest.param(lambda t: t * 0.5, 3.0, id="is always at work"),
        pytest.param(lambda t: t if t < 0.4 else None, 0.4, id="ends"),
    ],
)
def test_a_process_is_up_when_it_waits_for_work(group: Path, work: Callable[[float], float | None], seconds: float) -> None:
    assert waited(group, work) == pytest.approx(seconds, abs=0.051)


def test_a_process_that_waits_for_a_processor_is_not_up(group: Path) -> None:
    (group / "cgroup.procs").write_text(f"{os.getpid()}\n")  # this one runs while it looks
    assert waited(group, lambda _: 0.0) == pytest.approx(settle.BUSY_SECONDS, abs=0.051)


def test_nothing_is_waited_for_where_nothing_was_started() -> None:
    settle.wait([], lambda: 0.0, lambda _: pytest.fail("it waited"))
