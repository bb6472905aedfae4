"""The plan of a deployment or a rollback in words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid import plan
from ansible.module_utils.placid.application import normalise

APP = normalise({"name": "guestbook", "repository": "/srv/git/guestbook", "domains": ["guestbook.example.org"]})
MANIFEST = {
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "subject": "Show the newest entries first",
    "wheels": [{"size": 8_000_000}, {"size": 345_678}],
}


def host(live: str = "") -> dict[str, Any]:
    return {"live": {"id": live} if live else {}}


def test_the_plan_in_words() -> None:
    spec = {"application": "guestbook", "id": "N"}
    changes = {
        "commits": [{"commit": "f" * 40, "subject": "Count visitors", "author": "Ada"}],
        "lost": [{"commit": "e" * 40, "subject": "Count likes", "author": "Bob"}],
        "more": {"commits": 3, "lost": 1},
        "direction": "diverged",
        "packages": {
            "added": ["redis 5.0"],
            "removed": ["pymemcache 4.0"],
            "changed": [{"name": "django", "from": "5.1", "to": "5.2"}],
        },
        "migrations": ["entries/migrations/0002_likes.py"],
        "migration_files": ["entries/migrations/0001_initial.py", "entries/migrations/0002_likes.py"],
    }
    told = {"migrations": {"source": "database", "applied": ["entries.0001_initial"]}}
    hosts = {"a": host(live="O") | told, "b": host() | told, "c": host(live="N") | told}
    assert plan.describe(spec, MANIFEST, changes, hosts, APP, "refuse") == [
        "guestbook 0123456789ab (Show the newest entries first), release N",
        "a: replaces O",
        "b: first release",
        "c: is live",
        "commit ffffffffffff Count visitors (Ada)",
        "commits more: 3",
        "the live commit is not an ancestor of this one: the history has diverged",
        "lost, since it is live and not in this one: commit eeeeeeeeeeee Count likes (Bob)",
        "lost commits more: 1",
        "package added: redis 5.0",
        "package removed: pymemcache 4.0",
        "package changed: django 5.1 -> 5.2",
        "packages: 2, whose wheels have 8.3 MB",
        "migration pending: entries.0002_likes",
        "Django itself is asked after staging: it may find more, of packages that do not change",
        "all settings are new (on b)",
        "no process restarts while all are well (on c)",
        "start beside the old ones, which then finish: web (on a, b)",
    ]


@pytest.mark.parametrize(
    ("lives", "database", "line"),
    [
        (["O", "O"], {}, ["rollback afterwards: free: no migration is in between, unless Django finds one"]),
        (["O", ""], {}, ["rollback afterwards: free: no migration is in between, unless Django finds one"]),
        (["O", "O"], False, ["rollback afterwards: free: it has no database"]),
        (["", ""], {}, ["rollback: there will be nothing to go back to"]),
        (["", ""], False, ["rollback: there will be nothing to go back to"]),
        (["N", "N"], {}, []),
        (["N", "N"], False, []),
        (["O", "N"], {}, []),
    ],
)
def test_nothing_is_promised_of_a_rollback_from_what_is_live_already(lives: list[str], database: Any, line: list[str]) -> None:
    told = {"migrations": {"source": "database", "applied": []}}
    hosts = dict(zip("ab", (host(live) | told for live in lives), strict=True))
    app = normalise({**APP, "database": database})
    lines = plan.describe({"application": "guestbook", "id": "N"}, MANIFEST, {}, hosts, app, "refuse")
    assert [each for each in lines if each.startswith("rollback")] == line


@pytest.mark.parametrize("changes", [{}, {"commits": [], "packages": None, "migrations": None, "direction": "forward"}])
def test_a_plan_without_changes_is_short(changes: dict[str, Any]) -> None:
    app = normalise({**APP, "database": False})
    spec = {"application": "guestbook", "id": "N"}
    assert plan.describe(spec, MANIFEST, changes, {"a": host(live="N")}, app, "refuse") == [
        "guestbook 0123456789ab (Show the newest entries first), release N",
        "a: is live",
        "no process restarts while all are well",
    ]


def test_settings_are_named_and_no_value_is_shown() -> None:
    some = {"KEY": "changed", "NEW": "added"}
    hosts = {"a": host(live="O") | {"settings": some}, "b": host(live="O") | {"settings": {"KEY": "changed", "OLD": "removed"}}}
    assert plan.settings_lines(hosts) == [
        "setting changed: KEY ******",
        "setting added: NEW ****** (on a)",
        "setting removed: OLD (on b)",
    ]


def test_processes_that_must_not_overlap_are_told_apart() -> None:
    processes = {
        "web": {"command": "x", "count": 1, "overlap": True},
        "worker": {"command": "x", "count": 2, "overlap": True},
        "scheduler": {"command": "x", "count": 1, "overlap": False},
    }
    restarted = {"a": host(live="N") | {"settings": {"KEY": "changed"}}}
    assert plan.process_lines({**APP, "processes": processes}, restarted, "N") == [
        "start beside the old ones, which then finish: web, worker-1, worker-2",
        "start when the old ones have stopped: scheduler",
    ]


def test_processes_of_apaches_are_told_of_as_well() -> None:
    restarted = {"a": host(live="N") | {"settings": {"KEY": "changed"}}}
    assert plan.process_lines({**APP, "app_server": "mod_wsgi", "processes": {}}, restarted, "N") == [
        "start beside the old ones, which then finish: web (mod_wsgi)",
    ]


def test_the_plan_of_a_rollback_in_words() -> None:
    spec = {"application": "guestbook", "id": "O", "commit": "o" * 40}
    assert plan.rollback(spec, APP, {"a": host(live="N")}, "keep") == [
        "guestbook goes back to O (commit oooooooooooo)",
        "a: replaces N",
        "migrations that the live release knows and this one does not are kept (-e migrations=keep)",
        "start beside the old ones, which then finish: web",
    ]
    again = ["guestbook goes back to O (commit oooooooooooo)", "a: is live", "no process restarts while all are well"]
    assert plan.rollback(spec, APP, {"a": host(live="O")}, "reverse") == again


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        ("refuse", "are refused unless -e migrations=keep or -e migrations=reverse is said"),
        ("reverse", "are taken back, with what they hold (-e migrations=reverse)"),
    ],
)
def test_a_rollback_says_what_becomes_of_migrations_where_there_is_a_database(fate: str, words: str) -> None:
    spec, hosts = {"application": "guestbook", "id": "O", "commit": "o" * 40}, {"a": host(live="O"), "b": host(live="N")}
    lines = [line for line in plan.rollback(spec, APP, hosts, fate) if "migrations" in line]
    assert lines == [f"migrations that the live release knows and this one does not {words}"]
    assert "migrations" not in str(plan.rollback(spec, normalise({**APP, "database": False}), hosts, fate))
