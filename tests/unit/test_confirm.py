"""A change that takes itself back: where its things are, and when there is something to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.confirm import Change, reasons

CHANGE = Change(Path("/etc/ssh/sshd_config.d/00-placid.conf"))


def test_each_file_has_a_place_and_a_unit_of_its_own() -> None:
    assert CHANGE.directory == Path("/var/lib/placid/confirm/etc-ssh-sshd-config.d-00-placid.conf")
    assert [path.name for path in CHANGE.files] == [
        "placid-restore-etc-ssh-sshd-config.d-00-placid.conf.service",
        "placid-restore-etc-ssh-sshd-config.d-00-placid.conf.timer",
    ]


def test_the_host_brings_the_old_file_back_and_makes_it_effective() -> None:
    commands = [line for line in CHANGE.service(["/usr/bin/systemctl", "reload", "ssh.service"]).splitlines() if "Exec" in line]
    old = "/var/lib/placid/confirm/etc-ssh-sshd-config.d-00-placid.conf"
    assert commands == [
        f"ExecStart=/bin/mv {old}/old {old}/restored",
        f"ExecStart=/bin/cp --preserve=all {old}/restored /etc/ssh/sshd_config.d/00-placid.conf",
        "ExecStart=/usr/bin/systemctl reload ssh.service",
    ]


def test_what_was_confirmed_is_never_taken_back() -> None:
    assert f"ConditionPathExists={CHANGE.old}" in CHANGE.service(["/bin/true"]).splitlines()


def test_the_timer_runs_after_a_reboot_too() -> None:
    lines = CHANGE.timer(20).splitlines()
    assert {"OnActiveSec=20", "WantedBy=timers.target"} <= set(lines)


def test_a_commands_words_stay_words() -> None:
    last = CHANGE.service(["/bin/echo", "two words", "100%", "$HOME"]).splitlines()[-1]
    assert last == "ExecStart=/bin/echo 'two words' 100%% '$$HOME'"


@pytest.mark.parametrize(
    ("found", "effect", "remembered", "why"),
    [
        pytest.param(b"new", None, None, [], id="nothing watched"),
        pytest.param(b"new", b"rules", b"rules", [], id="in effect"),
        pytest.param(None, None, None, ["it is not there"], id="absent"),
        pytest.param(b"old", b"rules", b"rules", ["its content differs"], id="another content"),
        pytest.param(b"new", b"", b"rules", ["what is in effect is not what was confirmed"], id="flushed by hand"),
        pytest.param(b"new", b"rules", None, ["what is in effect is not what was confirmed"], id="killed before"),
    ],
)
def test_a_file_is_put_into_effect_when_it_is_not(
    found: bytes | None, effect: bytes | None, remembered: bytes | None, why: list[str]
) -> None:
    assert reasons(b"new", found, effect, remembered) == why
