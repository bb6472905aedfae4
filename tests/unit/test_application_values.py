"""Values of an entry of `apps` that are of a kind that something would stumble over later."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid.application import normalise
from ansible.module_utils.placid.application_checks import ApplicationError
from ansible.parsing.dataloader import DataLoader

MINIMAL = {"name": "guestbook", "repository": "https://git.example.org/guestbook", "domains": ["guestbook.example.org"]}
HEALTHY = "Give the status that a healthy application answers, such as 200; 0 for any below 500 but 400."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            ({"health_check": {"status": each}}, f"health_check.status is {each!r}. {HEALTHY}")
            for each in ("two hundred", 20, True)
        ),
        *(
            ({"health_check": {"timeout": each}}, f"health_check.timeout is {each!r}. Give a number of seconds from 1 to 3600.")
            for each in ("x", 0, True)
        ),
        (
            {"processes": {"web": {"command": "x", "overlap": "no"}}},
            "processes.web.overlap is 'no'. Give true or false, without quotes.",
        ),
        ({"outgoing": "no"}, "outgoing is 'no'. Give true or false."),
        ({"max_body_mb": -1}, "max_body_mb is -1. Give a number of megabytes from 1 on."),
        ({"max_body_mb": 0}, "max_body_mb is 0. Give a number of megabytes from 1 on."),
        ({"build": [{"a": 1}]}, "build: {'a': 1} is not one line of text. Write it as you would type it."),
        ({"build": ["run 'it"]}, 'build: "run \'it" cannot be read: No closing quotation. Quote it as for a shell.'),
        ({"extras": [1]}, "extras: 1 is 1. Give a name such as redis."),
        ({"groups": ["-x"]}, "groups: -x is '-x'. Give a name such as redis."),
        *(
            ({"python": each}, f'python is {each!r}. Give a version in quotes, such as "3.13", or nothing for Debian\'s own.')
            for each in ("../x", "3", "3.13.1", "2.7")
        ),
        *(
            ({"subdirectory": each}, f"subdirectory is {each!r}. Give a directory of the repository, such as site.")
            for each in ("../..", "site/../..", "/etc", "./site", "-x", "a//b")
        ),
        *(
            ({"lock": each}, f"lock is {each!r}. Give a file of the repository, such as requirements.txt.")
            for each in ("../requirements.txt", "/etc/passwd")
        ),
        ({"settings_module": "shop settings"}, "settings_module is 'shop settings'. Give a module such as guestbook.settings."),
        *(
            (
                {"static": {"url": "/files/"}, "media": {"url": url}},
                f"media.url is {url!r}, which static.url has already. Give it a path of its own.",
            )
            for url in ("/files/", "/files/media/")
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ApplicationError) as error:
        normalise({**MINIMAL, **changes})
    assert str(error.value) == f"apps[guestbook].{message}"


@pytest.mark.parametrize(
    "changes",
    [
        {"subdirectory": "sites/shop"},
        {"subdirectory": "site/"},
        {"lock": "requirements/live.txt"},
        {"lock": "uv.lock"},
        {"python": "3.9"},
        {"extras": ["redis"], "groups": ["live-site"]},
        {"static": {"root": "", "url": "/media/"}},
        {"static": {"url": "/media/static/"}},
        {"health_check": {"status": 404, "timeout": 1}},
        {"build": ["python manage.py compress"]},
    ],
)
def test_what_can_be_is_taken(changes: dict[str, Any]) -> None:
    normalise({**MINIMAL, **changes})


@pytest.mark.parametrize(
    "name", ["root", "mail", "nginx", "placid", "postgres", "template0", "template1", "pg_x", "all", "public"]
)
def test_a_name_that_something_else_has_is_refused(name: str) -> None:
    with pytest.raises(ApplicationError) as error:
        normalise({**MINIMAL, "name": name}, "apps[0]")
    assert str(error.value) == f"apps[0].name is {name!r}, which the system or a server has for itself. Choose another name."


def test_what_ansible_reads_from_an_inventory_is_taken() -> None:
    """Its texts and numbers are of kinds of its own."""
    text = """
      name: guestbook
      repository: https://git.example.org/guestbook
      domains: [guestbook.example.org]
      max_body_mb: 5
      health_check: {path: /healthz, status: 200, timeout: 10}
      processes: {web: {command: gunicorn x, count: 1, overlap: false, cpu_percent: 150, tasks_max: 64}}
      database: {host: db.example.org, port: 5433, keep_dumps: 3}
      cache: {memory_mb: 16, port: 11212}
    """
    read = DataLoader().load(text)
    assert type(read["max_body_mb"]) is not int
    normalise(read)
    normalise({**read, "app_server": "mod_wsgi", "processes": {}, "mod_wsgi": DataLoader().load("threads: 4")})
