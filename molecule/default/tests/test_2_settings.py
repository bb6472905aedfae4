"""Settings change without a deployment."""

from __future__ import annotations

from collections.abc import Callable

from live.site import Site
from live.versions import TOKYO


def test_visitors_notice_no_change_of_settings(site: Site, tell: Callable[[str], None]) -> None:
    site.make_live("v3")
    live = site.live()
    with site.visitors() as load:
        site.succeed("settings", **TOKYO)
    tell(load.report("a change of settings"))
    assert load.failed == []
    assert load.sent > 50
    assert site.live() == live
    assert site.strays() == []
    assert {each["environment"].get("TIME_ZONE") for each in site.processes()} == {"Asia/Tokyo"}
    assert site.ledger()[-1]["event"] == "settings"
    assert site.ledger()[-1]["settings"] == ["TIME_ZONE"]


def test_the_same_settings_again_change_nothing(site: Site) -> None:
    before = site.state()
    assert site.succeed("settings", **TOKYO).recap["changed"] == 0
    assert site.state() == before


def test_check_mode_names_the_settings_that_would_change_and_shows_no_value(site: Site) -> None:
    before = site.state()
    outcome = site.succeed("settings", "--check", "--diff")
    assert outcome.recap["changed"] > 0
    assert "TIME_ZONE" in outcome.message
    assert "Asia/Tokyo" not in outcome.message
    assert site.state() == before


def test_a_setting_that_no_environment_can_hold_changes_nothing(site: Site) -> None:
    before = site.state()
    assert "'TIME ZONE'" in site.fail("settings", guestbook_settings={"TIME ZONE": "UTC"}).message
    assert site.state() == before
