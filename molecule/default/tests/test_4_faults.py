"""Killed, cut off, rebooted or done twice at once: the old or the new release serves, whole, and the same command mends it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from live.faults import starting
from live.site import Site


def test_a_deployment_and_a_rollback_need_no_route_but_the_controllers(site: Site) -> None:
    site.make_live("v4")
    there = site.live()["id"]
    route = site.host.check_output("ip route show default")
    assert route.startswith("default ")
    site.host.check_output("ip route del default")
    try:
        assert site.host.run("ip route get 192.0.2.1").rc != 0
        site.succeed("deploy", version="broken/changed-lock")  # with a virtual environment of its own
        assert site.serves("broken/changed-lock")
        assert "gunicorn: master [guestbook.wsgi]" in {each["program"] for each in site.processes()}, (
            "it wrote no title over its own"
        )
        assert site.strays() == []
        assert site.succeed("deploy", version="broken/changed-lock").recap["changed"] == 0
        site.succeed("rollback", release=there)
        assert site.serves("v4")
    finally:
        site.host.check_output(f"ip route add {route}")


@pytest.mark.parametrize(
    ("phase", "base", "reached"),
    [
        ("stage", "broken/changed-lock", "ls -d /srv/guestbook/releases/*-{commit}/manage.py"),
        ("activate", "broken/slow-boot", "systemctl list-units --plain --no-legend 'guestbook-web@*-{commit}.*' | grep ."),
    ],
)
def test_a_deployment_that_is_killed_is_taken_up_by_the_next(
    site: Site, tell: Callable[[str], None], phase: str, base: str, reached: str
) -> None:
    live = site.live()["commit"]
    version = site.new_version(base, f"{phase}.txt", "Nobody has this yet.")
    with site.visitors(new=1) as load:
        with site.held():
            running = site.start("deploy", version=version)
            site.stop_step(f"{reached.format(commit=version[:8])} >/dev/null 2>&1")
            running.kill()
            site.kill_step()
            assert site.finish(running).code == -9
            assert site.serves(live)
            assert site.strays() != []
        outcome = site.succeed("deploy", version=version)
    tell(load.report(f"killed while it was to {phase}, then again in {outcome.seconds:.0f} s"))
    assert load.failed == []
    assert site.serves(version)
    assert site.strays() == []
    before = site.state()
    assert site.succeed("deploy", version=version).recap["changed"] == 0
    assert site.state() == before


@pytest.mark.parametrize(
    "amiss",
    [
        "systemctl stop 'guestbook-scheduler@*'",
        "mkdir /srv/guestbook/releases/20260101T000000Z-00000000",
        "echo DEBUG=true >> /etc/guestbook/settings.env",
    ],
)
def test_what_is_amiss_is_mended_by_deploying_the_live_commit_again(site: Site, amiss: str) -> None:
    version = site.live()["commit"]
    assert site.succeed("deploy", version=version).recap["changed"] == 0
    site.host.check_output(amiss)
    assert site.succeed("deploy", version=version).code == 0
    assert site.strays() == []
    assert site.host.run("grep DEBUG=true /etc/guestbook/settings.env").rc == 1
    assert "all 4 run the live release" in site.succeed("status").message
    assert site.succeed("deploy", version=version).recap["changed"] == 0


def test_the_second_of_two_deployments_is_told_who_is_at_it(site: Site) -> None:
    slow = site.new_version("broken/slow-boot", "second.txt", "One more.")
    late = site.new_version("v4", "late.txt", "Too late.")
    with starting(site, slow) as first:
        second = site.fail("deploy", version=late)
    outcome = site.finish(first)
    assert outcome.code == 0, outcome
    assert f"has been deploying guestbook (deploy {slow}) since " in second.message
    assert site.serves(slow)
    assert site.strays() == []
    assert not [each for each in site.releases() if each.endswith(late[:8])]


def test_the_second_of_two_deployments_waits_for_the_first_when_it_is_told_to(site: Site) -> None:
    slow = site.new_version("broken/slow-boot", "first.txt", "First.")
    late = site.new_version("v4", "next.txt", "Next.")
    with starting(site, slow) as first:
        second = site.start("deploy", version=late, lock_wait=120)
        site.wait_in(second, f"test $({site.at_work} | wc -l) -gt 1", late)
    for outcome in (site.finish(first), site.finish(second)):
        assert outcome.code == 0, outcome
    assert [each["commit"] for each in site.ledger() if each["event"] == "deployed"][-2:] == [slow, late]
    assert site.serves(late)
    assert site.strays() == []


def test_deployments_never_interleaved(site: Site) -> None:
    runs = [each["deployment"] for each in site.ledger()]
    changes = [after for before, after in itertools.pairwise(runs) if before != after]
    assert len(changes) == len(set(changes))


def test_the_live_release_comes_back_after_a_reboot(site: Site) -> None:
    live = site.live()
    site.reboot()
    site.come_back()
    assert site.live() == live
    assert site.serves(live["commit"])
    assert site.strays() == []
    assert site.succeed("deploy", version=live["commit"]).recap["changed"] == 0
