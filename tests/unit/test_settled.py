from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import dump, settled
from ansible.module_utils.placid.layout import Layout

RELEASE, URL, SETTINGS = "20260101T000000Z-0123abcd", "postgresql:///guestbook", {"DEBUG": "false", "SECRET_KEY": "a secret"}
DONE = {"pending": [], "known": ["entries.0001_initial", "entries.0002_likes"], "applied_before": ["entries.0001_initial"]}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    layout = Layout("guestbook", tmp_path)
    (layout.release(RELEASE) / ".placid").mkdir(parents=True)
    database(monkeypatch, ["entries.0001_initial"])
    return layout


def database(monkeypatch: pytest.MonkeyPatch, applied: list[str] | None) -> None:
    """Let the database hold these migrations; None is one that cannot be asked."""
    monkeypatch.setattr(dump, "applied", lambda *_: applied)


def test_the_same_release_settings_and_database_are_still_settled(layout: Layout) -> None:
    assert not settled.still(layout, RELEASE, SETTINGS, URL)
    settled.remember(layout, RELEASE, SETTINGS, DONE)
    assert settled.still(layout, RELEASE, SETTINGS, URL)


@pytest.mark.parametrize("applied", [None, [], ["entries.0001_initial", "entries.0002_likes"], ["entries.0002_likes"]])
def test_a_database_that_holds_anything_else_is_not(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, applied: list[str] | None
) -> None:
    settled.remember(layout, RELEASE, SETTINGS, DONE)
    database(monkeypatch, applied)
    assert not settled.still(layout, RELEASE, SETTINGS, URL)


@pytest.mark.parametrize("settings", [{}, SETTINGS | {"DEBUG": "true"}, SETTINGS | {"MORE": ""}])
def test_other_settings_are_asked_of_the_application(layout: Layout, settings: dict[str, str]) -> None:
    settled.remember(layout, RELEASE, SETTINGS, DONE)
    assert not settled.still(layout, RELEASE, settings, URL)


def test_without_an_address_the_application_is_asked(layout: Layout) -> None:
    settled.remember(layout, RELEASE, SETTINGS, DONE)
    assert not settled.still(layout, RELEASE, SETTINGS, "")


@pytest.mark.parametrize("plan", [None, DONE | {"pending": ["entries.0002_likes"]}, DONE | {"known": []}])
def test_a_plan_with_something_to_do_is_not_remembered(layout: Layout, plan: dict[str, Any] | None) -> None:
    settled.remember(layout, RELEASE, SETTINGS, plan)
    assert not settled.still(layout, RELEASE, SETTINGS, URL)


def test_what_is_remembered_tells_no_secret_and_is_for_root_alone(layout: Layout) -> None:
    settled.remember(layout, RELEASE, SETTINGS, DONE)
    (path,) = (layout.release(RELEASE) / ".placid").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "a secret" not in path.read_text()


def test_a_file_that_was_cut_short_is_passed_over(layout: Layout) -> None:
    settled.remember(layout, RELEASE, SETTINGS, DONE)
    (path,) = (layout.release(RELEASE) / ".placid").iterdir()
    path.write_text(path.read_text()[:20])
    assert not settled.still(layout, RELEASE, SETTINGS, URL)
