"""Which links of a directory are made and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.links import Plan, found, lines, plan

WANTED = {"ssl.load": "../mods-available/ssl.load"}


@pytest.mark.parametrize(
    ("present", "make", "remove"),
    [
        ({}, WANTED, ()),
        (WANTED, {}, ()),
        ({"ssl.load": "elsewhere"}, WANTED, ()),
        ({**WANTED, "status.load": "x", "cgi.load": "x"}, {}, ("cgi.load", "status.load")),
    ],
)
def test_what_lacks_is_made_and_what_is_too_much_removed(
    present: dict[str, str], make: dict[str, str], remove: tuple[str, ...]
) -> None:
    assert plan(present, WANTED) == Plan(make, remove)


def test_only_links_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "directory").mkdir()
    (tmp_path / "ssl.load").symlink_to("../mods-available/ssl.load")
    assert found(tmp_path) == WANTED


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert found(tmp_path / "none") == {}


def test_a_diff_has_a_line_for_each_link() -> None:
    assert lines({"b": "2", "a": "1"}) == "a -> 1\nb -> 2\n"
