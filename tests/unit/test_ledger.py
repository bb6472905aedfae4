"""What a host remembers of its releases, and what follows from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import ledger


def events(story: str) -> list[dict[str, Any]]:
    """Events of a story: `A+` deployed, `A<` rolled back to, `A-` failed, `A*` activated, `A~` settings."""
    names = {"+": "deployed", "<": "rolled back", "-": "failed", "*": "activated", "~": "settings"}
    return [{"event": names[word[-1]], "release": word[:-1]} for word in story.split()]


@pytest.mark.parametrize(
    ("story", "good"),
    [
        pytest.param("", "", id="nothing happened"),
        pytest.param("A+ B+ C+", "A B C", id="in the order of deployment"),
        pytest.param("A+ B+ C+ B<", "A B", id="a rollback goes one back"),
        pytest.param("A+ B+ C+ B< A<", "A", id="a second rollback goes two back"),
        pytest.param("A+ B+ C+ A<", "A", id="a rollback to a named release takes off all above it"),
        pytest.param("A+ B+ C+ B< D+", "A B D", id="a deployment after a rollback stands on what was rolled back to"),
        pytest.param("A+ B+ C+ B< D+ B<", "A B", id="and can be rolled back itself"),
        pytest.param("A+ B+ A+", "B A", id="a release that is deployed again is the newest"),
        pytest.param("A+ B+ B< C+", "A B C", id="a rollback to the live release changes nothing"),
        pytest.param("A+ B+ C+ B< C<", "A B C", id="what a rollback left behind can be named, and is the newest again"),
        pytest.param("A+ B+ C+ A< C<", "A C", id="and stands on what was live before"),
        pytest.param("A+ B* B-", "A", id="a failed release is not good"),
        pytest.param("A- B* C*", "", id="activated alone is not good"),
        pytest.param("A+ B+ B-", "A B", id="a good release that failed to be changed stays good"),
        pytest.param("A+ A~ B+", "A B", id="other settings are no release"),
        pytest.param("A+ X<", "A", id="a rollback to an unknown release is passed over"),
    ],
)
def test_what_a_rollback_can_go_back_to(story: str, good: str) -> None:
    assert ledger.good_releases(events(story)) == good.split()


@pytest.mark.parametrize(
    ("story", "good"),
    [
        ("", ""),
        ("A+ B+ C+", "A B C"),
        ("A+ B+ C+ B<", "A C B"),
        ("A+ B+ A+", "B A"),
        ("A+ B* B- C-", "A"),
        ("A+ B+ A~", "A B"),
    ],
)
def test_what_was_ever_good_is_kept_by_its_newest_moment(story: str, good: str) -> None:
    assert ledger.ever_good(events(story)) == good.split()


def test_a_line_that_the_disk_takes_in_parts_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:7]))
    ledger.append(tmp_path / "ledger.jsonl", {"event": "deployed", "release": "A" * 100})
    assert ledger.read(tmp_path / "ledger.jsonl") == [{"event": "deployed", "release": "A" * 100}]


def test_events_are_read_in_the_order_of_writing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    written = [{"event": "deployed", "release": "A", "who": "Zoë\n\u2028 \u0085"}, {"event": "failed", "release": "B"}]
    for event in written:
        ledger.append(path, event)
    assert ledger.read(path) == written
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_host_without_a_ledger_has_no_events(tmp_path: Path) -> None:
    assert ledger.read(tmp_path / "ledger.jsonl") == []


@pytest.mark.parametrize("cut", ['{"event": "depl', "{", '{"event": "deployed", "release": "B"', "\0\0\0", "\xff"])
def test_a_line_that_was_cut_short_is_passed_over_and_spoils_none_after_it(tmp_path: Path, cut: str) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, {"event": "deployed", "release": "A"})
    with path.open("a", encoding="latin-1") as file:
        file.write(cut)
    assert [event["release"] for event in ledger.read(path)] == ["A"]
    ledger.append(path, {"event": "deployed", "release": "C"})
    assert [event["release"] for event in ledger.read(path)] == ["A", "C"]


@pytest.mark.parametrize("line", ["7", "[]", '"deployed"', "null", ""])
def test_a_line_that_is_no_event_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(f'{line}\n{{"event": "deployed", "release": "A"}}\n')
    assert ledger.good_releases(ledger.read(path)) == ["A"]


@pytest.mark.parametrize(
    ("events", "applied"),
    [
        ([], []),
        ([{"event": "migrated", "applied": ["a.1", "a.2"]}, {"event": "migrated", "reversed": ["a.2"]}], ["a.1"]),
        ([{"event": "migrated", "applied": ["a.1"], "failed": True}, {"event": "failed"}], ["a.1"]),
        ([{"event": "migrated", "applied": ["a.1"]}, {"event": "restored"}, {"event": "migrated", "applied": ["a.2"]}], None),
        ([{"event": "migrated", "applied": ["a.2"], "after": ["a.1", "a.2"]}], ["a.1", "a.2"]),
        ([{"event": "migrated", "after": ["a.1"]}, {"event": "migrated", "reversed": ["a.1"], "after": []}], []),
        ([{"event": "restored"}, {"event": "migrated", "applied": ["a.2"], "after": ["a.1", "a.2"]}], ["a.1", "a.2"]),
    ],
)
def test_what_was_applied_is_known_until_a_dump_was_put_back(events: list[dict[str, object]], applied: list[str] | None) -> None:
    assert ledger.applied(events) == applied
