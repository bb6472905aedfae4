"""Deployments and rollbacks on all hosts, as visitors see them through the load balancer."""

from __future__ import annotations

import re
from collections.abc import Callable

from testinfra.host import Host  # type: ignore[import-untyped]

from live.fleet import Fleet

testinfra_hosts = ["ansible://lb"]

ASK = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=5)
try:
    connection.request("GET", "/", headers={"Host": "guestbook.localhost", "X-Forwarded-Proto": "https"})
    answer = connection.getresponse()
    print(answer.status, answer.getheader("Location"))
except OSError:
    print("no answer")
"""


def names(host: Host) -> list[str]:
    """What a host calls the requests for /named."""
    return re.findall(r'"GET /named HTTP.* id=(\S+) ', str(host.check_output("cat /var/log/nginx/access.log")))


def test_a_first_deployment_is_live_on_every_host(fleet: Fleet) -> None:
    assert fleet.ask().status == 503
    fleet.succeed("deploy", version="v1")
    assert fleet.wrong("v1") == []
    assert fleet.ask_with_files() == []
    migrated = [[each for each in site.ledger() if each["event"] == "migrated"] for site in fleet.apps]
    assert sorted(map(len, migrated)) == [0, 1]  # once for all of them


def test_the_plan_asks_the_database_which_is_on_a_host_of_its_own(fleet: Fleet) -> None:
    plan = fleet.succeed("deploy", "--check", "--diff", version="v3").message
    assert "migration pending: entries.0002_likes" in plan
    assert fleet.wrong("v1") == []


def test_every_host_has_its_share_of_the_requests(fleet: Fleet) -> None:
    for site in fleet.apps:
        site.host.check_output("truncate -s 0 /var/log/nginx/access.log")
    for _ in range(6):
        assert fleet.ask().status == 200
    for site in fleet.apps:
        log = site.host.file("/var/log/nginx/access.log").content_string
        assert log.count('"GET / HTTP/1.1" 200') == 3


def test_the_application_learns_the_visitors_scheme_from_the_load_balancer_alone(fleet: Fleet) -> None:
    address = str(fleet.first.host.check_output("hostname -I")).split()[0]
    assert fleet.first.host.check_output("python3 -c %s %s", ASK, address) == "301 https://guestbook.localhost/"
    assert fleet.balancer.host.check_output("python3 -c %s %s", ASK, address) == "200 None"


def test_a_request_has_the_same_name_in_the_logs_of_the_load_balancer_and_of_its_host(fleet: Fleet) -> None:
    assert fleet.ask("/named").status == 404
    (of_balancer,), of_hosts = names(fleet.balancer.host), [*names(fleet.first.host), *names(fleet.last.host)]
    assert of_hosts == [of_balancer]


def test_the_load_balancer_alone_comes_in(fleet: Fleet) -> None:
    address = str(fleet.first.host.check_output("hostname -I")).split()[0]
    for host in (fleet.last.host, fleet.host("db"), fleet.host("cache")):
        assert host.check_output("python3 -c %s %s", ASK, address) == "no answer"


def test_no_request_fails_while_every_host_gets_another_release(fleet: Fleet, tell: Callable[[str], None]) -> None:
    wrong: list[str] = []
    with fleet.visitors() as load:
        running = fleet.start("deploy", version="v4")
        while not running.ended:
            wrong += fleet.ask_with_files()
        outcome = fleet.finish(running)
    tell(load.report("another release on every host"))
    assert outcome.code == 0, outcome
    assert (load.failed, wrong) == ([], [])
    assert set(load.commits) == {fleet.commit("v1"), fleet.commit("v4")}
    assert fleet.wrong("v4") == []


def test_a_second_deployment_of_the_same_changes_nothing(fleet: Fleet) -> None:
    before = fleet.states()
    assert fleet.changed(fleet.succeed("deploy", version="v4")) == 0
    assert fleet.states() == before


def test_a_rollback_goes_back_on_every_host(fleet: Fleet, tell: Callable[[str], None]) -> None:
    with fleet.visitors() as load:
        fleet.succeed("rollback", migrations="keep")
    tell(load.report("a rollback on every host"))
    assert load.failed == []
    assert fleet.wrong("v1") == []
    fleet.make_live("v4")


def test_settings_change_on_every_host(fleet: Fleet) -> None:
    settings = {"DEBUG": "false", "SECURE": "true", "GREETING": "all"}
    fleet.succeed("settings", guestbook_settings=settings)
    assert fleet.wrong("v4") == []
    assert 'GREETING="all"' in fleet.last.host.file("/etc/guestbook/settings.env").content_string
    fleet.succeed("settings")
    assert "GREETING" not in fleet.last.host.file("/etc/guestbook/settings.env").content_string


def test_a_run_that_would_leave_a_host_behind_is_refused(fleet: Fleet) -> None:
    before = fleet.states()
    message = fleet.fail("deploy", "-l", "app1", version="v1").message
    assert "app2 would stay on another release than app1." in message
    assert fleet.states() == before


def test_every_host_tells_the_same(fleet: Fleet) -> None:
    outcome = fleet.succeed("status", commit="v4")
    assert outcome.message.count(f"commit {fleet.commit('v4')[:12]}, since") == 2
    assert "lb (sandbox), guestbook: visitors are sent on to the application servers certificate: expires on" in outcome.message
    assert outcome.message.count("certificate:") == 1
    assert "db (sandbox): PostgreSQL's certificate expires on" in outcome.message
    assert "cache (sandbox)" not in outcome.message


def test_a_password_that_is_missing_is_refused_before_anything_changes(fleet: Fleet) -> None:
    outcome = fleet.fail("site", guestbook_database={"password": ""})
    assert "apps[guestbook].database.password is missing" in outcome.message
    assert "Every host has the common base" not in outcome.output
    assert fleet.changed(outcome) == 0


def test_a_certificate_that_cannot_serve_is_refused_before_anything_changes(fleet: Fleet) -> None:
    outcome = fleet.fail("site", guestbook_tls={"certificate": "no certificate", "key": "no key"})
    assert "tls_certificates[guestbook]" in outcome.message
    assert "Every host has the common base" not in outcome.output
    assert fleet.changed(outcome) == 0
