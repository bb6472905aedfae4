"""The settings file: what is written into it is what a shell and Python read from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible.module_utils.placid.dotenv import SettingError, parse, render

NASTY = {
    "EMPTY": "",
    "PLAIN": "value",
    "_leading_underscore9": "1",
    "SPACES": "  leading, inner  and trailing  ",
    "TABS": "\ta\t\tb\t",
    "NEWLINE": "first\nsecond\n\nfourth",
    "TRAILING_NEWLINES": "end\n\n",
    "ONLY_NEWLINE": "\n",
    "RETURN": "a\r\nb\r",
    "ASSIGNMENT_WITHIN": 'x"\nINJECTED="yes"\n',
    "ASSIGNMENT_WITHIN_PLAIN": "x\nINJECTED2=yes\nexport INJECTED3=yes",
    "HASH": "# no comment # here #",
    "DOUBLE_QUOTES": '"quoted" "',
    "SINGLE_QUOTES": "it's 'quoted'",
    "DOLLAR": "$HOME ${HOME} $$ $1 $",
    "SUBSTITUTION": "$(id)",
    "BACKQUOTES": "`id` `",
    "BACKSLASHES": '\\ \\\\ \\n \\$HOME \\" \\` C:\\dir\\',
    "BACKSLASH_NEWLINE": "a\\\nb",
    "LAST_BACKSLASH": "\\",
    "SPECIFIER": "%h %i %% %",
    "EQUALS": "a=b==c=",
    "EXCLAMATION": "wow! !! !1",
    "GLOB": "* ? [a-z] ~ ~root {a,b}",
    "SHELL": "; rm -rf / & | > < ( ) ! \n exit 1",
    "UNICODE": "é ß 日本 🐍 \u2028 \u00a0 \u0085 \ufeff",
    "CONTROL": "\x01\x1b[31m\x7f",
    "URL": "postgresql:///guestbook?host=/var/run/postgresql&x=%2F#part",
    "JSON": '{"a": ["b", "c\\n"], "d": "$e"}',
    "LONG": "x" * 20_000,
}


def through_shell(path: Path) -> dict[str, str]:
    """The variables that a shell has after it has read a settings file."""
    read = ["sh", "-c", 'set -a; . "$1"; exec env -0', "sh", str(path)]
    output = subprocess.run(read, env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True).stdout.decode()
    variables = dict(each.split("=", 1) for each in output.split("\0") if each)
    return {name: value for name, value in variables.items() if name not in ("PATH", "PWD", "OLDPWD", "SHLVL", "_")}


def test_python_reads_what_was_written() -> None:
    assert parse(render(NASTY, "A header\n\nwith LINES=\"of 'its' own\"")) == NASTY


def test_a_shell_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.env"
    path.write_text(render(NASTY, "A header; $(touch it) `touch it`"), encoding="utf-8", newline="")
    assert through_shell(path) == NASTY


@pytest.mark.parametrize("name", sorted(NASTY))
def test_a_value_alone_is_read_alike_by_both(tmp_path: Path, name: str) -> None:
    path = tmp_path / "settings.env"
    path.write_text(render({name: NASTY[name]}, ""), encoding="utf-8", newline="")
    assert through_shell(path) == parse(path.read_bytes().decode()) == {name: NASTY[name]}


def test_the_grammar() -> None:
    assert render({"B": '\\ " $ `', "A": "x y"}, "First\n\nlast") == '# First\n#\n# last\nA="x y"\nB="\\\\ \\" \\$ \\`"\n'


def test_equal_settings_give_equal_bytes() -> None:
    assert render({"B": "2", "A": "1"}, "h") == render({"A": "1", "B": "2"}, "h")


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "Ä", "A.B", "$A", "A#", " A", "A\nB", "A\n"])
def test_a_name_that_no_environment_can_hold_is_refused(name: str) -> None:
    with pytest.raises(SettingError) as error:
        render({name: "planted"}, "")
    assert str(error.value) == (
        f"The setting {name!r} cannot be the name of an environment variable. Use letters, digits and underscores, and begin "
        "with a letter."
    )


def test_a_value_that_no_environment_can_hold_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingError) as error:
        render({"KEY": "plan\0ted"}, "")
    assert str(error.value) == "The setting KEY holds a NUL byte, which no environment can carry. Remove it."
