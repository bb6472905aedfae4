"""What may stand in `apps`, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid.application import normalise
from ansible.module_utils.placid.application_checks import MOD_WSGI, PROVIDED, ApplicationError
from ansible.module_utils.placid.services import CACHE, DATABASE

MINIMAL = {"name": "guestbook", "repository": "https://git.example.org/guestbook", "domains": ["guestbook.example.org"]}
UNLIMITED = {"memory_max": "", "cpu_percent": 0, "tasks_max": 0}
WHOLE = {
    "name": "guestbook",
    "repository": "https://git.example.org/guestbook",
    "domains": ["guestbook.example.org"],
    "state": "present",
    "subdirectory": "",
    "python": "",
    "lock": "requirements.txt",
    "lock_missing": "refuse",
    "extras": [],
    "groups": [],
    "builder": "",
    "packages": [],
    "build_packages": [],
    "settings_module": "guestbook.settings",
    "processes": {"web": {"command": "gunicorn guestbook.wsgi", "count": 1, "overlap": True, **UNLIMITED}},
    "app_server": "processes",
    "mod_wsgi": MOD_WSGI,
    "settings": {},
    "secrets": {},
    "static": {"root": "static", "url": "/static/"},
    "media": {"url": "/media/"},
    "database": DATABASE,
    "cache": CACHE,
    "health_check": {"path": "/", "status": 0, "timeout": 30},
    "test": [],
    "build": [],
    "smoke": [],
    "check_fail_level": "ERROR",
    "check_migrations": True,
    "keep": 5,
    "keep_mb": 0,
    "push_tags": False,
    "batch": "50%",
    "max_body_mb": 20,
    "outgoing": True,
    "tls": False,
}
NAMING = (
    "Give a name of at most 24 lower-case letters, digits and underscores that begins with a letter: it becomes a unix user, "
    "a database and the prefix of systemd units."
)


def app(**changes: Any) -> dict[str, Any]:
    return {**MINIMAL, **changes}


def test_three_keys_are_enough() -> None:
    assert normalise(MINIMAL) == WHOLE


def test_normalising_again_changes_nothing() -> None:
    assert normalise(normalise(MINIMAL)) == WHOLE


def test_the_defaults_of_one_application_are_not_those_of_the_next() -> None:
    normalise(MINIMAL)["static"]["root"] = "elsewhere"
    assert normalise(MINIMAL) == WHOLE


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        pytest.param({"static": {"root": "public"}}, "static", {"root": "public", "url": "/static/"}, id="part of a mapping"),
        pytest.param({"database": False}, "database", False, id="no database"),
        pytest.param({"app_server": "mod_wsgi"}, "processes", {}, id="no gunicorn where Apache serves"),
        pytest.param({"cache": False}, "cache", False, id="no cache"),
        pytest.param(
            {"settings_module": "site.conf.production"},
            "processes",
            {"web": {"command": "gunicorn site.conf.wsgi", "count": 1, "overlap": True, **UNLIMITED}},
            id="the web server follows the settings",
        ),
        pytest.param(
            {"processes": {"worker": {"command": "celery worker", "count": 3, "overlap": False}}},
            "processes",
            {"worker": {"command": "celery worker", "count": 3, "overlap": False, **UNLIMITED}},
            id="no web process beside those that are named",
        ),
    ],
)
def test_what_is_given_goes_before_the_default(changes: dict[str, Any], key: str, value: Any) -> None:
    assert normalise(app(**changes)) == {**WHOLE, **changes, key: value}


@pytest.mark.parametrize("name", ["g", "a" * 24, "shop_2"])
def test_a_name_that_a_unix_user_can_have(name: str) -> None:
    assert normalise(app(name=name))["name"] == name


@pytest.mark.parametrize("name", ["", "a" * 25, "Guestbook", "2shop", "guest-book", "guest book", "_g", "bäckerei", None, 7])
def test_a_name_that_no_unix_user_can_have_is_refused(name: object) -> None:
    with pytest.raises(ApplicationError) as error:
        normalise(app(name=name), "apps[0]")
    assert str(error.value) == f"apps[0].name is {name!r}. {NAMING}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": []}, "apps[guestbook].domain is no key of an application. Did you mean domains?"),
        ({"static": {"rot": "x"}}, "apps[guestbook].static.rot is no key of an application. Did you mean root?"),
        ({"media": {"zzz": "x"}}, "apps[guestbook].media.zzz is no key of an application. Known are url."),
        ({"cache": {"memory": 1}}, "apps[guestbook].cache.memory is no key of an application. Did you mean memory_mb?"),
        (
            {"health_check": {"qqq": 1}},
            "apps[guestbook].health_check.qqq is no key of an application. Known are path, status, timeout.",
        ),
        (
            {"processes": {"web": {"command": "x", "cuont": 1}}},
            "apps[guestbook].processes.web.cuont is no key of an application. Did you mean count?",
        ),
        ({"check_migrations": "no"}, "apps[guestbook].check_migrations is 'no'. Give true or false."),
        ({"check_migrations": 0}, "apps[guestbook].check_migrations is 0. Give true or false."),
        ({"keep": True}, "apps[guestbook].keep is True. Give a number."),
        ({"repository": ""}, "apps[guestbook].repository is missing. Add it to the application in group_vars."),
        ({"domains": []}, "apps[guestbook].domains is missing. Add it to the application in group_vars."),
        (
            {"processes": {"A-B": {"command": "x"}}},
            "apps[guestbook].processes.A-B: name a process with lower-case letters, digits and underscores, such as worker.",
        ),
        (
            {"processes": {"worker": "celery worker"}},
            "apps[guestbook].processes.worker is not a mapping. Write worker: {command: …}.",
        ),
        (
            {"processes": {"worker": {"command": "run 'it"}}},
            "apps[guestbook].processes.worker.command cannot be read: No closing quotation. Quote it as for a shell.",
        ),
        (
            {"processes": {"worker": {}}},
            "apps[guestbook].processes.worker.command is missing. Give the program and its arguments.",
        ),
        (
            {"processes": {"worker": {"command": "  "}}},
            "apps[guestbook].processes.worker.command is missing. Give the program and its arguments.",
        ),
        *(
            (
                {"processes": {"worker": {"command": "x", "count": count}}},
                f"apps[guestbook].processes.worker.count is {count!r}. Give a number from 1 to 64.",
            )
            for count in (0, 65, -1, "2", None, 1.5, True)
        ),
        (
            {"processes": {"worker": {"command": "x", "memory_max": "lots"}}},
            "apps[guestbook].processes.worker.memory_max is 'lots'. Give a size with K, M or G, such as 512M.",
        ),
        (
            {"processes": {"worker": {"command": "x", "cpu_percent": "150%"}}},
            "apps[guestbook].processes.worker.cpu_percent is '150%'. Give a number, such as 150 for one and a half processors; "
            "0 sets no limit.",
        ),
        (
            {"processes": {"worker": {"command": "x", "tasks_max": True}}},
            "apps[guestbook].processes.worker.tasks_max is True. Give a number, such as 64 for 64 processes and threads; "
            "0 sets no limit.",
        ),
        (
            {"app_server": "mod_wsgi", "processes": {"web": {"command": "gunicorn"}}},
            "apps[guestbook].processes has web, which mod_wsgi is itself. Take it out, or take out app_server.",
        ),
        *(
            ({"app_server": "mod_wsgi", "mod_wsgi": {key: value}}, f"apps[guestbook].mod_wsgi.{key} is {value!r}. {remedy}")
            for key, value, remedy in (
                ("processes", 0, "Give a number, such as 2."),
                ("threads", "8", "Give a number, such as 8."),
                ("memory_mb", -1, "Give a number, such as 512."),
                ("timeout", True, "Give a number, such as 60."),
            )
        ),
        ({"state": "gone"}, "apps[guestbook].state is 'gone'. Give one of present, absent."),
        (
            {"processes": {"web": {"command": "x", "count": 2}}},
            "apps[guestbook].processes.web.count must be 1: a web server forks its own workers (gunicorn --workers 3).",
        ),
        *(
            ({group: {name: "x"}}, f"apps[guestbook].{group}.{name} is set by Placid itself. Remove it.")
            for group in ("settings", "secrets")
            for name in PROVIDED
        ),
        (
            {"settings": {"KEY": "a"}, "secrets": {"KEY": "b"}},
            "apps[guestbook] has KEY in both settings and secrets. Keep one of them.",
        ),
        *(
            (
                {group: {"KEY": value}},
                f"apps[guestbook].{group}.KEY is no text. Write it in quotes, as the application is to read it.",
            )
            for group in ("settings", "secrets")
            for value in (None, ["planted"], {"planted": 1})
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_with_its_place_and_remedy(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ApplicationError) as error:
        normalise(app(**changes))
    assert str(error.value) == message


@pytest.mark.parametrize("key", ["repository", "domains"])
def test_a_required_key_that_is_absent_is_named(key: str) -> None:
    with pytest.raises(ApplicationError) as error:
        normalise({name: value for name, value in MINIMAL.items() if name != key})
    assert str(error.value) == f"apps[guestbook].{key} is missing. Add it to the application in group_vars."
