"""Whatever ends a run on the host itself, the next one knows what was meant to be live, with which settings, and if it was."""

from __future__ import annotations

import re
from typing import Any

import pytest

from live import faults, versions
from live.site import Site
from live.table import Table

SLOW = versions.like(versions.SLOW)
NEW = versions.like("v4")
SETTINGS = "/etc/guestbook/settings.env"
LIVE = "readlink /srv/guestbook/current | grep -e -{commit} >/dev/null"


def zones(site: Site) -> set[str | None]:
    return {each["environment"].get("TIME_ZONE") for each in site.processes() if each["directory"].endswith(site.live()["id"])}


def cut_after_the_switch(site: Site, playbook: str, commit: str, **variables: Any) -> None:
    """Kill what works on the host once a commit is live there, before anything is recorded."""
    running = site.start(playbook, **variables)
    site.stop_step(LIVE.format(commit=commit[:8]))
    running.kill()
    site.finish(running)
    site.kill_step()
    assert site.live()["commit"] == commit
    assert site.ledger()[-1]["event"] not in ("deployed", "rolled back")


@pytest.mark.parametrize("rebooted", [False, True], ids=["step killed", "host rebooted"])
def test_settings_that_were_tried_are_not_those_of_what_is_live(site: Site, table: Table, rebooted: bool) -> None:
    version = SLOW(site)
    site.succeed("deploy", version=version)
    before = site.host.check_output("cat %s", SETTINGS)
    with site.visitors(new=2, kept=1) as load:
        with faults.starting(site, version, "ls /run/guestbook/web-*-{commit}.2.sock", "settings", **versions.TOKYO) as running:
            site.reboot() if rebooted else site.kill_step()
        site.finish(running)
        if rebooted:
            site.come_back()
            assert zones(site) == {None}
            assert site.host.check_output("cat %s", SETTINGS) == before
        site.fail("deploy", version=versions.like("broken/unhealthy")(site), **versions.TOKYO)
        assert site.host.check_output("cat %s", SETTINGS) == before
        served = "the old release"
        site.succeed("settings", **versions.TOKYO)
    table.add(f"{'host rebooted' if rebooted else 'step killed'} in settings.yml", "killed", served, load)
    assert rebooted or load.failed == []
    assert zones(site) == {"Asia/Tokyo"}
    assert site.strays() == []
    assert site.succeed("settings", **versions.TOKYO).recap["changed"] == 0
    assert site.host.check_output("ls -A /etc/guestbook") == "settings.env"
    site.succeed("settings")


def test_a_switch_that_nobody_saw_served_is_not_good(site: Site) -> None:
    site.succeed("deploy", version=NEW(site))
    good, broken = site.live()["commit"], versions.broken_behind_the_web_server(site)
    with site.visitors(new=2, kept=1) as load:
        cut_after_the_switch(site, "deploy", broken, version=broken)
        outcome = site.fail("deploy", version=broken)
        assert re.search("Through the web server: .*/healthz is not well", outcome.message)
        site.succeed("rollback")
    assert load.failed == []
    assert site.serves(good)
    assert [each for each in site.ledger() if each["event"] == "deployed" and each["commit"] == broken] == []
    assert site.strays() == []


def test_a_rollback_that_was_cut_short_goes_where_it_went_when_it_is_typed_again(site: Site) -> None:
    for _ in range(2):
        site.succeed("deploy", version=NEW(site))
    older = next(
        each["commit"] for each in reversed(site.ledger()) if each["event"] == "deployed" and each["release"] != site.live()["id"]
    )
    with site.visitors(new=2, kept=1) as load:
        cut_after_the_switch(site, "rollback", older)
        site.succeed("rollback")
    assert load.failed == []
    assert site.serves(older)
    assert site.ledger()[-1]["event"] == "rolled back"
    assert site.strays() == []
