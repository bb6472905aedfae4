"""One host that cannot switch, is lost, or is left in the middle: in the end all hosts run one release, the old or the new."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from live import faults, surroundings, versions
from live.fleet import Fleet, extra_inventory
from live.site import Site

testinfra_hosts = ["ansible://lb"]

#: When a run breaks off: what then succeeds on a host, and which.
MOMENTS = {
    "while a host has its release staged": ("app2", faults.STAGING),
    "in a migration": ("db", versions.IN_MIGRATION),
    "while it records": ("app2", faults.RECORDING),
}


def test_a_host_that_is_not_well_takes_all_back(fleet: Fleet, tell: Callable[[str], None]) -> None:
    fleet.make_live("v4")
    version = fleet.balancer.new_version("broken/slow-boot", "unwell.txt", "It does not come up on one host.")
    with fleet.visitors() as load, fleet.last.held():
        outcome = fleet.fail("deploy", version=version, migrations="keep")
    tell(load.report("health page that fails on one host of two"))
    assert "app2 could not switch: The new release is not healthy" in outcome.message
    assert "Every host serves what it served before: app1 " in outcome.message
    assert load.failed == []
    assert fleet.commit(version) in load.commits, "no host switched, so none had to go back"
    assert fleet.wrong("v4") == []
    assert [site.releases() for site in fleet.apps if any(version[:8] in each for each in site.releases())] == []


def test_a_host_that_cannot_be_reached_keeps_all_as_they_are(fleet: Fleet) -> None:
    before = fleet.states()
    lost = extra_inventory(fleet.balancer, "lost", "all: {hosts: {app2: {ansible_port: 1}}}\n")
    outcome = fleet.fail("deploy", *lost, version="v1", migrations="keep")
    assert "app2" in outcome.message
    assert fleet.states() == before


def test_a_host_that_is_lost_in_the_middle_goes_back_as_well(fleet: Fleet, tell: Callable[[str], None]) -> None:
    version = fleet.balancer.new_version("broken/slow-boot", "lost.txt", "It switches when nobody hears of it.")
    with fleet.visitors() as load, fleet.last.held():
        running = fleet.start("deploy", version=version, migrations="keep")
        fleet.last.wait_in(running, faults.STARTED, version)
        fleet.cut_off_until_it_switched(fleet.last, version)
        outcome = fleet.finish(running)
    tell(load.report("one host of two lost while it switches"))
    assert outcome.code == 2, outcome
    assert "app2 could not switch: the connection was lost" in outcome.message
    assert load.failed == []
    assert fleet.wrong("v4") == []


def test_a_controller_that_was_killed_between_two_switches_is_no_matter_to_the_next(
    fleet: Fleet, tell: Callable[[str], None]
) -> None:
    version = fleet.balancer.new_version("broken/slow-boot", "killed.txt", "One host has it, and the other has not.")
    with fleet.visitors() as load:
        with fleet.last.held():
            running = fleet.start("deploy", version=version, migrations="keep")
            fleet.last.wait_in(running, faults.STARTED, version)
            running.kill()
            fleet.last.kill_step()
            assert fleet.finish(running).code == -9
        assert [site.live()["commit"] for site in fleet.apps] == [fleet.commit(version), fleet.commit("v4")]
        assert "The hosts do not run one release" in fleet.fail("settings").message
        # What the killed run left counts for nothing: a failure now takes back to what all hosts had.
        fleet.fail("deploy", version="broken/unhealthy", migrations="keep")
        assert fleet.wrong("v4") == []
        fleet.succeed("deploy", version=version, migrations="keep")
    tell(load.report("controller killed between two switches"))
    assert load.failed == []
    assert fleet.wrong(version) == []


def test_settings_that_one_host_does_not_start_with_are_taken_back_on_all(fleet: Fleet) -> None:
    (live,) = {site.live()["commit"] for site in fleet.apps}
    settings = {"DEBUG": "false", "SECURE": "true", "GREETING": "some"}
    with fleet.last.held():
        outcome = fleet.fail("settings", guestbook_settings=settings)
    assert "app2 could not switch" in outcome.message
    assert fleet.wrong(live) == []
    assert "GREETING" not in fleet.first.host.file("/etc/guestbook/settings.env").content_string


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_controller_that_was_killed_is_no_matter_to_the_next(fleet: Fleet, tell: Callable[[str], None], moment: str) -> None:
    fleet.make_live("v4")
    version = versions.migrating("SELECT pg_sleep(5)", versions.COLUMN)(fleet.balancer)
    name, reached = MOMENTS[moment]
    with fleet.visitors() as load:
        running = fleet.start("deploy", version=version)
        Site(fleet.host(name)).wait_in(running, reached, version)
        running.kill()
        assert fleet.finish(running).code == -9
        fleet.succeed("deploy", version=version)
    tell(load.report(f"controller killed {moment}"))
    assert load.failed == []
    assert fleet.wrong(version) == []
    fleet.succeed("rollback", migrations="reverse")
    assert fleet.wrong("v4") == []


def test_a_host_that_has_no_room_to_stage_keeps_all_as_they_are(fleet: Fleet, tell: Callable[[str], None]) -> None:
    fleet.make_live("v4")
    version = fleet.balancer.new_version("v4", "large.txt", "One host has no room for it.")
    with fleet.visitors() as load:
        outcome = surroundings.small(50)(fleet.last, version)
        assert "this release may need" in outcome.message
        assert "app2" in outcome.message
        assert fleet.wrong("v4") == []
        fleet.succeed("deploy", version=version)
    tell(load.report("no room to stage on one host of two"))
    assert load.failed == []
    assert fleet.wrong(version) == []
