"""From `apps` to what roles take."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from unit.plugins import load

FILTERS = load("filter/placid.py").FilterModule().filters()
GUESTBOOK = {
    "name": "guestbook",
    "repository": "/srv/git/guestbook",
    "domains": ["guestbook.example.org"],
    "settings": {"DEBUG": True},
    "secrets": {"SECRET_KEY": "planted", "PORT": 25},
}
STATIC = {"name": "brochure", "repository": "x", "domains": ["www.example.org"], "database": False, "cache": False}
SHOP = {"name": "shop", "repository": "x", "domains": ["shop.example.org"], "cache": {"memory_mb": 256}, "tls": "self_signed"}
APPS = [GUESTBOOK, STATIC, SHOP]


def test_one_application_can_be_asked_for() -> None:
    assert [app["name"] for app in FILTERS["applications"](APPS, "shop")] == ["shop"]
    assert len(FILTERS["applications"](APPS, "")) == len(APPS)
    with pytest.raises(AnsibleFilterError, match="No application is called 'shpo'"):
        FILTERS["applications"](APPS, "shpo")


def test_applications_are_whole_and_without_the_values_of_settings_and_secrets() -> None:
    chosen = FILTERS["applications"](APPS)
    assert [app["name"] for app in chosen] == ["guestbook", "brochure", "shop"]
    assert chosen[0]["lock"] == "requirements.txt"
    assert not {"settings", "secrets"} & {key for app in chosen for key in app}
    assert "planted" not in repr(chosen)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        (
            "postgresql_databases",
            [{}],
            [
                {"name": "guestbook", "owner": "guestbook", "addresses": [], "settings": {}},
                {"name": "shop", "owner": "shop", "addresses": [], "settings": {}},
            ],
        ),
        ("postgresql_passwords", [{}], {}),
        (
            "memcached_instances",
            [{}],
            [
                {"name": "guestbook", "group": "guestbook", "memory_mb": 64},
                {"name": "shop", "group": "shop", "memory_mb": 256},
            ],
        ),
        ("tls_certificates", [], [{"name": "shop", "domains": ["shop.example.org"], "source": "self_signed"}]),
    ],
)
def test_what_roles_are_given(name: str, arguments: list[object], expected: object) -> None:
    assert FILTERS[name](APPS, *arguments) == expected


def test_variables_are_those_of_one_application_and_its_secrets_apart() -> None:
    found = FILTERS["application_variables"](APPS, "guestbook", "staging", {})
    assert found["secrets"] == {"SECRET_KEY": "planted", "PORT": "25"}
    assert (found["settings"]["DEBUG"], found["settings"]["PLACID_ENVIRONMENT"]) == ("true", "staging")
    assert "planted" not in repr(found["settings"])
    assert FILTERS["application_variables"](APPS, "shop", "staging", {})["secrets"] == {}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_visitors_come_in_over_plain_http_also_where_something_before_it_ends_tls(scheme: str) -> None:
    app = {"name": "shop", "domains": ["shop.example.org", "www.example.org"], "tls": False, "smoke": ["/"]}
    found = FILTERS["front_door"](app, scheme)
    assert found == {"host": "shop.example.org", "port": 80, "scheme": scheme, "certificate": "", "smoke": ["/"]}


def test_visitors_come_in_over_tls_with_the_application_s_own_certificate() -> None:
    (app,) = FILTERS["applications"](APPS, "shop")
    found = FILTERS["front_door"](app, "http")
    assert (found["port"], found["scheme"], found["certificate"]) == (443, "https", "/etc/ssl/placid/shop/fullchain.pem")


def test_slots_and_targets_are_those_of_the_plan() -> None:
    web = {"command": "gunicorn x", "count": 1, "overlap": True}
    assert FILTERS["application_slots"]({"web": web}) == {"web": {"process": "web", "command": "gunicorn x", "overlap": True}}
    target = {"python": "3.13", "machine": "x86_64", "glibc": "2.41"}
    assert FILTERS["release_target"]("shop", "", {"a": {"prepared": True, "target": target, "pythons": []}}) == target


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "applications",
            [[GUESTBOOK, {**SHOP, "domains": ["shop.example.org", "GuestBook.example.org"]}]],
            "apps[shop].domains: GuestBook.example.org belongs to guestbook already. Give it to one of them.",
        ),
        ("applications", [[SHOP, SHOP]], "apps names shop twice. Give each application a name of its own."),
        ("applications", [[{**SHOP, "domain": []}]], "apps[shop].domain is no key of an application. Did you mean domains?"),
        (
            "application_variables",
            [APPS, "shpo", "staging", {}],
            "No application is called 'shpo'; there is guestbook, brochure, shop. Say -e app=shop.",
        ),
        (
            "release_target",
            ["shop", "", {"a": {"prepared": False}}],
            "a: not prepared for shop. Run ansible-playbook site.yml -l a first.",
        ),
    ],
)
def test_an_error_reaches_ansible_as_it_is(name: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        FILTERS[name](*arguments)
    assert str(error.value) == message


def test_a_load_balancer_has_the_sites_and_the_hosts_behind_it_plain_http() -> None:
    worker = {**SHOP, "name": "mill", "domains": ["mill.example.org"], "processes": {"worker": {"command": "grind"}}}
    sites = FILTERS["load_balancer_sites"]([*APPS, worker])
    assert [(site["name"], site["tls"], site["static_url"]) for site in sites] == [
        ("guestbook", False, "/static/"),
        ("brochure", False, "/static/"),
        ("shop", True, "/static/"),
    ]
    assert [app.get("tls", False) for app in FILTERS["behind_balancers"](APPS, ["192.0.2.1"])] == [False, False, False]
    assert FILTERS["behind_balancers"](APPS, []) == APPS


@pytest.mark.parametrize(
    ("name", "balancers", "scheme"),
    [("shop", ["192.0.2.1"], "https"), ("guestbook", ["192.0.2.1"], "http"), ("", ["192.0.2.1"], "https"), ("shop", [], "http")],
)
def test_applications_are_told_how_visitors_come_to_the_load_balancer(name: str, balancers: list[str], scheme: str) -> None:
    assert FILTERS["visitors_scheme"](APPS, name, balancers) == scheme


def test_one_application_may_name_a_domain_twice() -> None:
    assert len(FILTERS["applications"]([{**SHOP, "domains": ["a.example.org", "A.example.org"]}])) == 1


def test_no_application_needs_nothing() -> None:
    assert FILTERS["applications"]([]) == FILTERS["postgresql_databases"]([], {}) == FILTERS["memcached_instances"]([], {}) == []
    assert FILTERS["postgresql_passwords"]([], {}) == {}


def test_what_is_to_be_absent_is_in_no_list_but_that_of_what_goes() -> None:
    apps = [
        {**GUESTBOOK, "name": "gone", "state": "absent", "tls": "self_signed"},
        {**GUESTBOOK, "name": "bare", "state": "absent", "database": False},
    ]
    for name in ("applications", "tls_certificates", "load_balancer_sites"):
        assert FILTERS[name](apps) == []
    for name in ("postgresql_databases", "memcached_instances"):
        assert FILTERS[name](apps, {}) == []
    assert FILTERS["absent_applications"](apps) == ["gone", "bare"]
    assert FILTERS["absent_applications"](apps, "database") == ["gone"]
