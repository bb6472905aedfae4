"""Programs that the application brought along, run as somebody without privileges."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid.command import KEPT, TAIL, CommandError, keep, reason, run_as, written
from ansible.module_utils.placid.errors import PlacidError

USER = "nobody"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")

TRACEBACK = """\
Operations to perform:
  Apply all migrations: entries
Traceback (most recent call last):
  File "/srv/guestbook/releases/R/manage.py", line 22, in <module>
    main()
    ~~~~^^
ValueError: first

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/guestbook/releases/R/guestbook/settings.py", line 3, in <module>
    raise ImproperlyConfigured("no SECRET_KEY")
django.core.exceptions.ImproperlyConfigured: no SECRET_KEY
"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("", "it said nothing"),
        (" \n\n", "it said nothing"),
        ("one\ntwo\n", "two"),
        ("one\ntwo\n\n   \n", "two"),
        (TRACEBACK, "django.core.exceptions.ImproperlyConfigured: no SECRET_KEY"),
        ("KeyError: 'X'\n  a hint that is indented\n", "KeyError: 'X'"),
        ("Traceback (most recent call last):\n  cut short\n", "cut short"),
    ],
)
def test_the_line_that_says_what_was_wrong(output: str, line: str) -> None:
    assert reason(output) == line


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory that every user can come to."""
    opened = [path for path in [tmp_path, *tmp_path.parents] if path.stat().st_mode & 0o777 == 0o700]
    for path in opened:
        path.chmod(0o711)
    tmp_path.chmod(0o755)
    yield tmp_path
    for path in opened:
        path.chmod(0o700)


def failure(directory: Path, *argv: str, timeout: float = 20) -> CommandError:
    with pytest.raises(CommandError) as error:
        run_as(USER, argv, directory, {}, "Collecting the static files", timeout=timeout)
    return error.value


@as_root
def test_a_program_runs_as_the_user_and_as_nobody_else(directory: Path) -> None:
    script = "id -u; id -g; id -G; umask; pwd; [ $(ps -o sid= -p $$) = $$ ] && echo own session; env | sort"
    output = run_as(USER, ["sh", "-c", script], directory, {"NAME": "va lue"}, "This")
    assert output.splitlines() == [
        *("65534", "65534", "65534", "0022", str(directory), "own session"),
        *("HOME=/nonexistent", "LANG=C.UTF-8", "NAME=va lue", "PATH=/usr/local/bin:/usr/bin:/bin", f"PWD={directory}"),
    ]


@as_root
def test_none_of_our_own_groups_is_kept(directory: Path) -> None:
    own = os.getgroups()
    os.setgroups([*own, 12345])
    try:
        assert run_as(USER, ["id", "-G"], directory, {}, "This") == "65534\n"
    finally:
        os.setgroups(own)


@pytest.fixture(autouse=True)
def nothing_written() -> None:
    written.clear()


@as_root
def test_standard_output_is_returned_and_both_streams_are_kept_apart(directory: Path) -> None:
    script = r"cat; echo out; echo err >&2; printf '\377\n'"
    assert run_as(USER, ["sh", "-c", script], directory, {}, "This", stdin="in\n") == "in\nout\n\ufffd\n"
    assert written == {"This": {"stdout": "in\nout\n\ufffd\n", "stderr": "err\n"}}


@as_root
def test_what_a_step_of_several_programs_wrote_is_kept_together(directory: Path) -> None:
    for word in ("one", "two"):
        run_as(USER, ["sh", "-c", f"echo {word}; echo {word}! >&2"], directory, {}, "This")
    assert written == {"This": {"stdout": "one\ntwo\n", "stderr": "one!\ntwo!\n"}}


@as_root
def test_what_a_program_wrote_that_failed_is_kept_too(directory: Path) -> None:
    error = failure(directory, "sh", "-c", "printf begun; echo no disk >&2; exit 3")
    assert written == {"Collecting the static files": {"stdout": "begun", "stderr": "no disk\n"}}
    assert error.output == "begun\nno disk\n"


def test_of_a_long_output_no_part_of_a_line_is_kept() -> None:
    keep("This", f"planted-{'x' * 90}\n" * (KEPT // 50), "short\n")
    lines = written["This"]["stdout"].splitlines()
    assert KEPT - 100 < len(written["This"]["stdout"]) <= KEPT
    assert set(lines) == {f"planted-{'x' * 90}"}
    assert written["This"]["stderr"] == "short\n"


@as_root
def test_a_failure_says_the_step_the_reason_and_the_end_of_the_output(directory: Path) -> None:
    error = failure(directory, "sh", "-c", "seq 1 40; echo no disk; exit 3")
    tail = "\n".join(f"  {line}" for line in [*range(41 - TAIL + 1, 41), "no disk"])
    assert str(error) == f"Collecting the static files failed: no disk\nThe end of its output:\n{tail}"
    assert error.output == "".join(f"{number}\n" for number in range(1, 41)) + "no disk\n"


@as_root
def test_a_silent_failure_is_told_as_such(directory: Path) -> None:
    assert str(failure(directory, "false")) == "Collecting the static files failed: it said nothing"


@as_root
def test_of_a_long_output_the_end_is_kept(directory: Path) -> None:
    error = failure(directory, "sh", "-c", "seq 1 30000; head -c 90000 /dev/zero | tr '\\0' x; echo; echo end; exit 1")
    assert 98_000 < len(error.output) <= KEPT
    assert error.output.endswith("x\nend\n")


@as_root
def test_a_program_that_is_not_there_is_named(directory: Path) -> None:
    error = failure(directory, "gunicorn-that-is-nowhere")
    assert str(error) == f"Collecting the static files failed: there is no program gunicorn-that-is-nowhere in {directory}."


@as_root
def test_a_program_that_may_not_be_run_is_named(directory: Path) -> None:
    (directory / "program").write_text("#!/bin/sh\n")
    error = failure(directory, "./program")
    assert str(error) == f"Collecting the static files failed: nobody may not run ./program in {directory}."


@as_root
def test_a_program_that_takes_too_long_is_stopped(directory: Path) -> None:
    begun = time.monotonic()
    error = failure(directory, "sh", "-c", "echo begun; exec sleep 60", timeout=0.3)
    assert time.monotonic() - begun < 5
    assert str(error) == "Collecting the static files was stopped after 0 seconds.\nThe end of its output:\n  begun"
    assert error.output == "begun\n"
    assert written == {"Collecting the static files": {"stdout": "begun\n", "stderr": ""}}


def test_nothing_is_ever_run_as_root(tmp_path: Path) -> None:
    with pytest.raises(PlacidError) as error:
        run_as("root", ["touch", str(tmp_path / "done")], tmp_path, {}, "The build command 'x'")
    assert str(error.value) == "The build command 'x' must not run as root. This is a bug of Placid: please report it."
    assert not (tmp_path / "done").exists()
