"""What every web server does for an application's visitors: what the application is asked, and what happens without it.

The same for nginx and for Apache: see README.md."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live import playbook
from live.front_door import DOMAIN, OWN_PAGE, FrontDoor, assert_headers


@pytest.fixture(scope="module")
def door(host: Host) -> FrontDoor:
    return FrontDoor(host)


def test_the_application_is_asked_as_the_visitor_asked(door: FrontDoor) -> None:
    with door.echo():
        forged = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "http", "X-Request-ID": "f" * 32}
        asked = json.loads(door.ask("/a%2Fb/%C3%A9?x=%20&y", headers=forged).body)
    assert asked["path"] == "/a%2Fb/%C3%A9?x=%20&y"
    assert asked["headers"]["host"] == DOMAIN
    assert asked["headers"]["x-forwarded-proto"] == "https"
    assert asked["headers"]["x-forwarded-for"] == door.address
    assert re.fullmatch(r"[0-9A-Za-z@_-]{20,}", asked["headers"]["x-request-id"])
    assert asked["headers"]["x-request-id"] != forged["X-Request-ID"]


def test_the_log_has_the_id_that_the_application_was_given(door: FrontDoor) -> None:
    with door.echo():
        given = json.loads(door.ask("/logged").body)["headers"]["x-request-id"]
    (line,) = door.host.check_output(
        "grep -h %s /var/log/nginx/access.log /var/log/apache2/access.log || true", given
    ).splitlines()
    assert "GET /logged" in line
    assert f" host={DOMAIN} id={given} time=" in line


def test_a_body_that_is_too_large_is_refused(door: FrontDoor) -> None:
    answer = door.ask(method="POST", size=21 * 1024 * 1024)
    assert answer.status == 413
    assert "does not take that much" in answer.body
    assert_headers(answer, OWN_PAGE)


def test_a_body_that_does_not_say_how_large_it_is_has_no_larger_limit(door: FrontDoor) -> None:
    """A web server may count while it receives (413), or ask for the length (411)."""
    answer = door.ask(method="POST", size=21 * 1024 * 1024, chunked=True)
    assert answer.status in (411, 413)
    assert_headers(answer, "default-src 'none'")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_the_application_visitors_are_told_to_come_back(door: FrontDoor, method: str) -> None:
    with door.application_away():
        answer = door.ask(method=method, size=10 if method == "POST" else 0)
        static = door.ask("/static/entries/style.css")
    assert answer.status == 503
    assert int(answer.one("retry-after")) > 0
    assert answer.one("cache-control") == "no-store"
    assert "is being prepared. Please come back in a moment." in answer.body
    assert_headers(answer, OWN_PAGE)
    assert static.status == 200
    assert door.ask().status == 200, "the application is back, and so are visitors"


def test_a_failure_of_the_application_carries_the_headers_too(door: FrontDoor) -> None:
    rename = "runuser -u postgres -- psql -q -d guestbook -c %s"
    door.host.check_output(rename, "ALTER TABLE entries_entry RENAME TO away")
    try:
        answer = door.ask()
    finally:
        door.host.check_output(rename, "ALTER TABLE away RENAME TO entries_entry")
    assert answer.status == 500
    assert_headers(answer, "default-src 'none'; script-src 'self'")


def test_an_application_may_bring_pages_of_its_own(door: FrontDoor) -> None:
    errors = "/srv/guestbook/current/static/errors"
    door.host.check_output(f"mkdir {errors}")
    try:
        for name in ("404", "503"):
            door.host.check_output(f"echo its own {name} > {errors}/{name}.html")
        with door.application_away():
            down = door.ask()
        missing = door.ask("/static/nowhere.css")
    finally:
        door.host.check_output(f"rm -r {errors}")
    assert (down.status, down.body) == (503, "its own 503\n")
    assert (missing.status, missing.body) == (404, "its own 404\n")


def play(name: str, **variables: str) -> playbook.Outcome:
    inventory = str(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory")
    outcome = playbook.start(name, inventory, **variables).wait()
    assert outcome.code == 0, outcome
    return outcome


def switch_maintenance(state: str) -> playbook.Outcome:
    return play("maintenance", state=state)


def test_a_maintenance_is_switched_by_one_command(door: FrontDoor) -> None:
    assert switch_maintenance("on").recap["changed"] == 1
    try:
        assert switch_maintenance("on").recap["changed"] == 0
        assert "maintenance: ON" in play("status").message
        answer, static = door.ask(method="POST", size=10), door.ask("/static/entries/style.css")
        itself = door.ask(address="127.0.0.1")
    finally:
        switch_maintenance("off")
    assert answer.status == 503
    assert "is being worked on" in answer.body
    assert int(answer.one("retry-after")) > 0
    assert_headers(answer, OWN_PAGE)
    assert static.status == 200, "a page of the application's own may need it"
    assert itself.status == 200, "a deployment asks its smoke paths from the host itself"
    assert door.ask().status == 200


def test_cookies_travel_over_tls_alone(door: FrontDoor) -> None:
    assert "; Secure" in door.ask("/admin/login/").one("set-cookie")


def test_nothing_alarmed_the_web_server(door: FrontDoor) -> None:
    """An application that is away is the last thing that nginx calls critical; the tests above made it so."""
    logs = "/var/log/nginx/error.log* /var/log/apache2/error.log*"
    assert door.host.run(f"grep -hE '[:[](alert|emerg)\\]' {logs}").stdout == ""
