"""What a builder is asked before it builds, what it then runs, and what is told of a build that failed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import building

from unit.plugins import load

TARGET = {"python": "3.13", "machine": "x86_64", "glibc": "2.41"}
HERE = {"pythons": ["3.11", "3.13"], "machine": "x86_64", "glibc": "2.41", "compiler": True}


def test_a_host_like_the_others_or_older_can_build() -> None:
    assert building.unfit(HERE, TARGET, "b1", "shop") == ""
    assert building.unfit({**HERE, "glibc": "2.36"}, TARGET, "b1", "shop") == ""
    assert building.unfit({**HERE, "glibc": "2.9"}, TARGET, "b1", "shop") == ""


@pytest.mark.parametrize(
    ("built", "check", "lines"),
    [
        ([], True, []),
        (["a-1.whl", "b-2.whl"], False, ["built on b1, and kept in the cache: a-1.whl, b-2.whl"]),
        (
            ["a-1.whl"],
            True,
            ["built on b1, and kept in the cache, with --check, too: without its wheels there is no plan: a-1.whl"],
        ),
    ],
)
def test_what_was_built_is_told_also_where_nothing_was_to_change(built: list[str], check: bool, lines: list[str]) -> None:
    assert load("action/source_wheels.py").tell(built, "b1", check) == lines


@pytest.mark.parametrize(
    ("here", "target", "message"),
    [
        (
            {},
            {"glibc": "2.36"},
            "The builder b1 has glibc 2.41 (Debian 13), newer than 2.36 (Debian 12) of the hosts, where its wheels",
        ),
        ({"glibc": "2.42"}, {}, "The builder b1 has glibc 2.42, newer than 2.41 (Debian 13) of the hosts"),
        ({"pythons": ["3.11"]}, {}, "The builder b1 has no Python 3.13, which the hosts run, but 3.11. "),
        ({"machine": "aarch64"}, {}, "The builder b1 is aarch64, and the hosts are x86_64. "),
        ({"compiler": False}, {}, "The builder b1 has no compiler yet. Type: ansible-playbook site.yml -l b1"),
    ],
)
def test_a_host_that_is_not_like_the_others_is_refused(here: dict[str, Any], target: dict[str, str], message: str) -> None:
    told = building.unfit({**HERE, **here}, {**TARGET, **target}, "b1", "shop")
    assert told.startswith(message)
    assert "site.yml -l " in told


def test_a_build_has_a_user_of_its_own_and_words_are_not_for_a_shell() -> None:
    words = building.words("3.13", "thing", "thing-1.0.tar.gz", "python; id")
    assert words[0] == "systemd-run"
    assert "${" not in building.SCRIPT  # which systemd would replace
    assert "--property=DynamicUser=yes" in words
    assert words[-7:] == ["-euc", building.SCRIPT, "build", "/usr/bin/python3.13", "thing", "thing-1.0.tar.gz", "python; id"]


FAKE = """#!/bin/sh
if [ "$2" = venv ]; then mkdir -p venv/bin; cp "$0" venv/bin/pip; exit; fi
for last; do :; done
echo "$@" >&2
[ -e "$last" ] || exit 3
case $(cat "$last" 2>/dev/null) in *wrong*) exit 1;; *none*) exit 0;; *two*) echo b > out/b-1-py3-none-any.whl;; esac
printf 'a wheel\\n\\0\\n' > out/a-1-py3-none-any.whl
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a source", (0, b"a-1-py3-none-any.whl\na wheel\n\0\n")),
        (b"wrong", (1, b"")),
        (b"none", (1, b"")),
        (b"two", (1, b"")),
    ],
)
def test_the_script_gives_the_one_wheel_that_was_built(tmp_path: Path, content: bytes, expected: tuple[int, bytes]) -> None:
    python = tmp_path / "python"
    python.write_text(FAKE)
    python.chmod(0o755)
    script = building.SCRIPT.replace("/var/tmp", str(tmp_path))  # noqa: S108 - it is replaced
    words = ["sh", "-euc", script, "build", str(python), "a", "a-1.tar.gz", ""]
    done = subprocess.run(words, input=content, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == expected
    assert b"--only-binary :all: --no-binary a --wheel-dir out source/a-1.tar.gz" in done.stderr


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "  error: subprocess-exited-with-error\n  x.c:1:10: fatal error: libpq-fe.h: No such file or directory\n",
            "x.c:1:10: fatal",
        ),
        ("  Error: pg_config executable not found.\n  \n  note: hint\n", "Error: pg_config executable not found"),
        (
            "ERROR: No matching distribution found for setuptools>=77\n",
            "ERROR: No matching distribution found for setuptools>=77",
        ),
        (
            "  \u2502 ModuleNotFoundError: No module named 'numpy'\n  error: command 'gcc' failed\n",
            "ModuleNotFoundError: No module",
        ),
        ("something\nelse\n", "else"),
        ("", "it said nothing"),
    ],
)
def test_the_cause_is_picked_from_what_a_compiler_says(output: str, expected: str) -> None:
    assert building.cause(output).startswith(expected)
