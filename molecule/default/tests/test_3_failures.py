"""What fails leaves the old release serving, says why, and leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from live import versions
from live.site import Site


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("broken/settings-raise", ["ImproperlyConfigured", "GREETING is not set"]),
        ("broken/failing-migration", ["No colour was found for an entry", "Applied before it failed: nothing"]),
        ("broken/unhealthy", ["asked for /healthz as guestbook.localhost", "it answered 500 where 200 was expected"]),
        ("broken/worker-crash", ["guestbook-worker-", "This worker is broken on purpose."]),
    ],
)
def test_a_broken_version_is_not_made_live(site: Site, version: str, words: list[str]) -> None:
    site.make_live("v3")
    live, releases, processes = site.live(), site.releases(), site.processes()
    with site.visitors(new=1) as load:
        outcome = site.fail("deploy", "-vvv", "--diff", version=version)
    assert load.failed == []
    assert set(load.commits) == {site.commit("v3")}
    assert [word for word in words if word not in outcome.message] == []
    assert (site.live(), site.releases()) == (live, releases)
    assert [each["pid"] for each in site.processes()] == [each["pid"] for each in processes]
    assert site.strays() == []
    assert "colour" not in site.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'entries_entry'")


def test_a_page_that_is_broken_behind_a_good_health_page_is_seen_by_nobody(site: Site) -> None:
    live, processes = site.live(), site.processes()
    broken = site.new_version("v3", "entries/templates/entries/front_page.html", "{% broken %}")
    with site.visitors(new=1) as load:
        outcome = site.fail("deploy", version=broken)
    assert load.failed == []
    assert "The new release is not healthy: guestbook.localhost/ is not well: it answered 500" in outcome.message
    assert "TemplateSyntaxError" in outcome.message
    assert site.live() == live
    assert [each["pid"] for each in site.processes()] == [each["pid"] for each in processes]
    assert site.strays() == []


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("404.html", "a-page-that-placid-asks-for-since-it-is-missing is not well: it answered 500"),
        ("500.html", "where the application fails cannot be made: TemplateSyntaxError: Invalid block tag on line 1: 'broken'"),
    ],
)
def test_a_page_that_is_seldom_asked_for_is_broken_for_nobody(site: Site, page: str, words: str) -> None:
    live, releases = site.live(), site.releases()
    outcome = site.fail("deploy", version=site.new_version("v3", f"entries/templates/{page}", "{% broken %}"))
    assert words in outcome.message
    assert (site.live(), site.releases()) == (live, releases)
    assert site.strays() == []


#: The new scheduler starts after the switch, when the old one has ended.
CRASH = 'raise SystemExit("This scheduler is broken on purpose.")\n'


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("entries/management/commands/run_scheduler.py", CRASH, ["guestbook-scheduler@", "This scheduler is broken on purpose."]),
        (
            "guestbook/wsgi.py",
            versions.BEHIND_THE_WEB_SERVER,
            ["Through the web server: guestbook.localhost/healthz is not well: it answered 500 where 200 was expected"],
        ),
    ],
)
def test_what_shows_after_the_switch_takes_it_back(site: Site, path: str, text: str, words: list[str]) -> None:
    live, releases = site.live(), site.releases()
    kept = [each["pid"] for each in site.processes() if "-scheduler@" not in each["unit"]]
    broken = site.new_version("v3", path, text)
    with site.visitors(new=1) as load:
        outcome = site.fail("deploy", version=broken)
    assert load.failed == []
    assert broken in load.commits
    assert [word for word in words if word not in outcome.message] == []
    assert (site.live(), site.releases()) == (live, releases)
    assert [each["pid"] for each in site.processes() if "-scheduler@" not in each["unit"]] == kept
    assert site.strays() == []


def test_after_a_failure_the_next_good_version_is_deployed(site: Site) -> None:
    site.succeed("deploy", version="v4")
    assert site.serves("v4")
    assert site.strays() == []


#: It cannot be taken back while the application is held (see Site.held).
STUCK = """
import os
from django.db import migrations

def back(apps, schema_editor):
    if os.path.exists("/var/lib/guestbook/hold"):
        raise ValueError("There is no way back now")

class Migration(migrations.Migration):
    dependencies = [("entries", "0002_likes")]
    operations = [migrations.RunPython(migrations.RunPython.noop, back)]
"""
FREE = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("entries", "0003_stuck")]
    operations = [migrations.RunSQL("SELECT 1", "SELECT 1")]
"""


def newest_migrations(site: Site) -> list[str]:
    return site.sql("SELECT name FROM django_migrations WHERE app = 'entries' AND name > '0002_likes' ORDER BY name").split()


@pytest.fixture(scope="module")
def migrating(site: Site) -> str:
    """A live version with two migrations that v4 does not know."""
    site.make_live("v4")
    version = site.new_version("v4", "entries/migrations/0003_stuck.py", STUCK)
    version = site.new_version(version, "entries/migrations/0004_free.py", FREE)
    site.succeed("deploy", version=version)
    return version


def test_migrations_that_were_taken_back_half_way_are_told_and_come_back(site: Site, migrating: str) -> None:
    with site.held():
        outcome = site.fail("rollback", migrations="reverse")
    assert "There is no way back now. Taken back before it failed: entries.0004_free." in outcome.message
    again = f"ansible-playbook deploy.yml -e version={migrating[:12]}"
    assert f"is live still and needs entries.0004_free. To apply them again: {again}" in outcome.message
    assert newest_migrations(site) == ["0003_stuck"]
    assert site.serves(migrating)
    event = next(each for each in reversed(site.ledger()) if each["event"] == "migrated")
    assert (event["reversed"], event["failed"]) == (["entries.0004_free"], True)
    assert {*event["before"]} - {*event["after"]} == {"entries.0004_free"}
    site.succeed("deploy", version=migrating[:12])
    assert newest_migrations(site) == ["0003_stuck", "0004_free"]
    assert site.ledger()[-1]["event"] == "deployed"


def test_migrations_taken_back_for_a_release_that_is_not_well_are_told_and_come_back(site: Site, migrating: str) -> None:
    outcome = site.fail("deploy", version="broken/unhealthy", migrations="reverse")
    assert "The new release is not healthy" in outcome.message
    needed = "entries.0003_stuck, entries.0004_free"
    again = f"ansible-playbook deploy.yml -e version={migrating[:12]}"
    assert f"is live still and needs {needed}. To apply them again: {again}" in outcome.message
    assert newest_migrations(site) == []
    assert site.serves(migrating)
    site.succeed("deploy", version=migrating[:12])
    assert newest_migrations(site) == ["0003_stuck", "0004_free"]
    site.succeed("rollback", release="v4", migrations="reverse")
    assert newest_migrations(site) == []


def applications(**changes: Any) -> list[dict[str, Any]]:
    """`apps` with one application that differs from the inventory's."""
    entry = {"name": "guestbook", "repository": "{{ guestbook_repository }}", "domains": ["guestbook.localhost"]}
    return [{**entry, **changes}]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"version": "v9"}, ["Version v9 is not in", "The nearest names are: v"]),
        ({"version": "v1", "app": "nope"}, ["No application is called 'nope'", "-e app=guestbook"]),
        ({}, ["ansible-playbook deploy.yml -e version=<sha|tag|branch>"]),
        ({"version": "v1", "guestbook_repository": "/nonexistent"}, ["There is no repository at /nonexistent"]),
        ({"version": "v1", "apps": applications(procesess={})}, ["procesess"]),
        (
            {"version": "v1", "apps": applications(name="wiki")},
            ["host: not prepared for wiki", "ansible-playbook site.yml -l host"],
        ),
        ({"version": "v1", "ansible_port": 1}, ["UNREACHABLE!", "port 1: Connection refused"]),
        ({"version": "v1", "lock_wait": "soon"}, ["lock_wait"]),
    ],
    ids=[
        "unknown version",
        "unknown application",
        "no version",
        "no repository",
        "unknown key",
        "bare host",
        "host down",
        "wrong number",
    ],
)
def test_a_wrong_word_is_answered_with_what_to_type(site: Site, variables: dict[str, Any], words: list[str]) -> None:
    before = site.state()
    outcome = site.fail("deploy", **variables)
    assert [word for word in words if word not in outcome.message] == []
    assert "Traceback" not in outcome.output
    assert outcome.output.count("[ERROR]") <= 1
    assert site.state() == before


def test_a_limit_that_fits_no_host_is_an_error(site: Site) -> None:
    assert "no hosts to target" in site.fail("deploy", "-l", "nosuch", version="v1").message
