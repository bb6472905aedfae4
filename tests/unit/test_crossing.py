"""Which migrations of the database a release would leave behind, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.phases.migrate import cross

PLAN = {"applied_before": ["a.1", "a.2", "b.1"], "known": ["a.1"]}


def crossed(layout: Layout, migrations: str, release: str = "new", plan: dict[str, Any] = PLAN) -> list[str]:
    """With a live release that knows a.1 and a.2."""
    database: Any = SimpleNamespace(layout=layout, ask=lambda *_: {"known": ["a.1", "a.2"]})
    module: Any = SimpleNamespace(params={"migrations": migrations})
    return cross(module, database, release, plan)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("guestbook", tmp_path)
    layout.release("live").mkdir(parents=True)
    return layout


def test_a_first_release_leaves_nothing_behind(layout: Layout) -> None:
    assert crossed(layout, "refuse") == []


@pytest.mark.parametrize("migrations", ["keep", "reverse"])
def test_what_the_live_release_alone_knows_is_crossed(layout: Layout, migrations: str) -> None:
    layout.current.symlink_to("releases/live")
    assert crossed(layout, migrations) == ["a.2"]
    assert crossed(layout, migrations, release="live") == []
    with pytest.raises(PlacidError, match=r"^new does not know the migrations a\.2, which the database has"):
        crossed(layout, "refuse")


@pytest.mark.parametrize("migrations", ["refuse", "reverse"])
def test_where_the_live_release_was_removed_by_hand_nothing_unknown_is_crossed_unless_it_is_kept(
    layout: Layout, migrations: str
) -> None:
    layout.current.symlink_to("releases/removed")
    assert crossed(layout, migrations, plan={**PLAN, "known": ["a.1", "a.2", "b.1"]}) == []
    with pytest.raises(PlacidError, match=r"has the migrations a\.2, b\.1, which new does not know.*cannot be taken back"):
        crossed(layout, migrations)
    assert crossed(layout, "keep") == ["a.2", "b.1"]
