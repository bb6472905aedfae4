"""The application that is meant, its processes and its environment."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid import application
from ansible.module_utils.placid.application import environment, normalise, select, slots
from ansible.module_utils.placid.application_checks import PROVIDED, ApplicationError

MINIMAL = {"name": "guestbook", "repository": "https://git.example.org/guestbook", "domains": ["guestbook.example.org"]}


def app(**changes: Any) -> dict[str, Any]:
    return {**MINIMAL, **changes}


GONE = "apps[shop].state is absent: no host has it any more. Take that out, run ansible-playbook site.yml, then deploy."


def test_the_only_application_that_stays_needs_no_name() -> None:
    assert select([app(name="shop", state="absent"), app()]) == normalise(MINIMAL)


@pytest.mark.parametrize(("names", "wanted"), [(["guestbook"], ""), (["shop", "guestbook"], "guestbook")])
def test_the_application_that_is_meant_is_chosen(names: list[str], wanted: str) -> None:
    assert select([app(name=name) for name in names], wanted) == normalise(MINIMAL)


@pytest.mark.parametrize(
    ("names", "wanted", "message"),
    [
        ([], "", "No application is described. Add one to `apps` in group_vars/all/apps.yml."),
        ([], "shop", "No application is described. Add one to `apps` in group_vars/all/apps.yml."),
        (["shop", "wiki", "blog"], "", "There are several applications. Say which: -e app=shop (or wiki, blog)."),
        (["shop", "wiki"], "wikis", "No application is called 'wikis'; there is shop, wiki. Say -e app=wiki."),
        (["shop", "wiki"], "zzz", "No application is called 'zzz'; there is shop, wiki. Say -e app=shop."),
        (["shop!", "wiki"], "shop", GONE),
        (["shop!"], "", "No application is described. Add one to `apps` in group_vars/all/apps.yml."),
        (["b", "a", "b", "a", "c"], "c", "apps names a, b twice. Give each application a name of its own."),
    ],
)
def test_a_choice_that_cannot_be_made_says_what_to_type(names: list[str], wanted: str, message: str) -> None:
    with pytest.raises(ApplicationError) as error:
        select([app(name=name.rstrip("!"), state="absent" if "!" in name else "present") for name in names], wanted)
    assert str(error.value) == message


def test_only_a_process_of_several_is_numbered() -> None:
    processes = {
        "web": {"command": "gunicorn x", "count": 1, "overlap": True},
        "worker": {"command": "run worker", "count": 2, "overlap": False},
    }
    worker = {"process": "worker", "command": "run worker", "overlap": False}
    assert slots(processes) == {
        "web": {"process": "web", "command": "gunicorn x", "overlap": True},
        "worker-1": worker,
        "worker-2": worker,
    }


def test_the_environment_holds_what_is_provided_and_what_is_set_but_no_secret() -> None:
    settings = {"DEBUG": False, "WORKERS": 3, "RATIO": 0.5, "EMPTY": "", "GREETING": "Hello $you"}
    chosen = normalise(app(domains=["a.example.org", "b.example.org"], settings=settings, secrets={"SECRET_KEY": "planted"}))
    assert environment(chosen, "staging") == {
        "DJANGO_SETTINGS_MODULE": "guestbook.settings",
        "ALLOWED_HOSTS": "a.example.org,b.example.org",
        "STATIC_URL": "/static/",
        "MEDIA_ROOT": "/var/lib/guestbook/media",
        "MEDIA_URL": "/media/",
        "PLACID_ENVIRONMENT": "staging",
        "DATABASE_URL": "postgresql:///guestbook",
        "CACHE_URL": "memcached+unix:/run/memcached-guestbook/memcached.sock",
        "DEBUG": "false",
        "WORKERS": "3",
        "RATIO": "0.5",
        "EMPTY": "",
        "GREETING": "Hello $you",
    }


def test_what_an_application_does_without_is_not_in_its_environment() -> None:
    told = environment(normalise(app(database=False, cache=False)), "sandbox")
    assert not {"DATABASE_URL", "CACHE_URL"} & set(told)


def test_every_name_of_the_environment_is_reserved() -> None:
    assert set(environment(normalise(MINIMAL), "sandbox")) <= set(PROVIDED)


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert application.digest({"a": 1, "b": [2]}) == application.digest({"b": [2], "a": 1})
    assert application.digest({"a": 1}) != application.digest({"a": 2})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domains": ["a.example.org; return 200"]}, r"apps\[guestbook\]\.domains: .* Give a name such as www\.example\.org"),
        ({"smoke": ["about"]}, r"apps\[guestbook\]\.smoke: about is 'about'\. Give a path such as /about/"),
        ({"static": {"root": "../static"}}, r"static\.root is '\.\./static'\. Give a directory at the top of the release"),
        ({"static": {"root": "/static"}}, r"static\.root is '/static'"),
        ({"static": {"url": "/static"}}, r"static\.url is '/static'\. Give a path that begins and ends with a slash"),
        ({"media": {"url": "/media/ {"}}, r"media\.url is"),
        ({"health_check": {"path": "healthz"}}, r"health_check\.path is 'healthz'\. Give a path such as /healthz"),
    ],
)
def test_what_would_break_the_web_servers_configuration_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ApplicationError, match=message):
        normalise(app(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"domains": ["*.example.org", "guestbook.localhost"]},
        {"smoke": ["/", "/about/?a=b"]},
        {"static": {"root": ""}},
        {"static": {"root": "public"}},
    ],
)
def test_what_the_web_server_understands_is_taken(changes: dict[str, Any]) -> None:
    normalise(app(**changes))
