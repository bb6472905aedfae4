"""What a host keeps of the state before a switch, and for how long it counts."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible.module_utils.placid import provisional
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.provisional import Before


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("guestbook", tmp_path)
    for directory in (layout.home, layout.settings.parent):
        directory.mkdir(parents=True)
    return layout


def live(layout: Layout, release: str, settings: str) -> None:
    layout.release(release).mkdir(parents=True, exist_ok=True)
    layout.current.unlink(missing_ok=True)
    layout.current.symlink_to(f"releases/{release}")
    layout.settings.write_text(settings)


def test_a_host_without_a_release_keeps_that(layout: Layout) -> None:
    assert provisional.read(layout) is None
    assert provisional.keep(layout, "run", unconfirmed=False)
    assert provisional.read(layout) == Before("run", "", None)


def test_release_and_settings_are_kept_for_root_alone(layout: Layout) -> None:
    live(layout, "old", 'KEY="ü\\"planted"\n')
    assert provisional.keep(layout, "run", unconfirmed=False)
    assert provisional.read(layout) == Before("run", "old", 'KEY="ü\\"planted"\n')
    assert stat.S_IMODE(layout.before.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("token", "unconfirmed", "kept"),
    [
        pytest.param("first", False, "old", id="the same run"),
        pytest.param("second", True, "old", id="after a run that was cut short"),
        pytest.param("second", False, "new", id="after a run that another host confirmed"),
    ],
)
def test_what_is_kept_counts_until_its_run_is_confirmed(layout: Layout, token: str, unconfirmed: bool, kept: str) -> None:
    live(layout, "old", "")
    provisional.keep(layout, "first", unconfirmed=False)
    live(layout, "new", "")
    assert provisional.keep(layout, token, unconfirmed) is (kept == "new")
    found = provisional.read(layout)
    assert found is not None
    assert found.release == kept


def test_what_is_dropped_is_gone(layout: Layout) -> None:
    provisional.keep(layout, "run", unconfirmed=False)
    provisional.drop(layout)
    provisional.drop(layout)
    assert provisional.read(layout) is None
