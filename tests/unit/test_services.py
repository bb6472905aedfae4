"""Where an application finds its database and its cache."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.module_utils.placid import services
from ansible.module_utils.placid.application import environment, normalise, public, secrets
from ansible.module_utils.placid.application_checks import ApplicationError

from unit.plugins import load

FILTERS = load("filter/placid.py").FilterModule().filters()
APP = {"name": "shop", "repository": "x", "domains": ["shop.example.org"]}
PASSWORD = {"password": "planted/word"}
WEB, DATA = {"web1": "192.0.2.10", "web2": "2001:db8::2"}, {"db1": "192.0.2.20"}
ONE = {"host": "one", "app_servers": {"one": "h"}, "database_servers": {"one": "h"}, "cache_servers": {"one": "h"}}
SEVERAL = {"host": "web1", "app_servers": WEB, "database_servers": DATA, "cache_servers": {**DATA, "db2": "2001:db8::4"}}
ON_DB1 = {**SEVERAL, "host": "db1"}
QUOTED = "planted%2Fword"
URL = f"postgresql://shop:{QUOTED}@192.0.2.20:5432/shop?sslmode=verify-full&sslrootcert=/etc/ssl/postgresql/db1.pem"


def app(**changes: Any) -> dict[str, Any]:
    return normalise({**APP, **changes})


@pytest.mark.parametrize("network", [{}, ONE, {**ON_DB1, "app_servers": DATA, "cache_servers": DATA}])
def test_on_one_host_everything_is_reached_by_sockets_without_a_password(network: dict[str, Any]) -> None:
    told = environment(app(database=PASSWORD), "staging", network)
    assert told["DATABASE_URL"] == "postgresql:///shop"
    assert told["CACHE_URL"] == "memcached+unix:/run/memcached-shop/memcached.sock"
    assert secrets(app(database=PASSWORD), network) == {}


def test_over_the_network_the_address_of_the_database_is_a_secret_and_verified() -> None:
    told = environment(app(database=PASSWORD), "staging", SEVERAL)
    assert "DATABASE_URL" not in told
    assert told["CACHE_URL"] == "memcached://192.0.2.20:11211,[2001:db8::4]:11211"
    assert secrets(app(database=PASSWORD), SEVERAL) == {"DATABASE_URL": URL}


def test_the_host_that_has_the_database_itself_asks_it_by_the_socket() -> None:
    network = {**ON_DB1, "app_servers": {**WEB, **DATA}}
    assert environment(app(database=PASSWORD), "staging", network)["DATABASE_URL"] == "postgresql:///shop"
    assert environment(app(database=PASSWORD), "staging", network)["CACHE_URL"].startswith("memcached://")


def test_an_application_names_its_own_variables() -> None:
    names = {"host": "PGHOST", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    named = app(database={**PASSWORD, "variables": names}, cache={"variables": {"location": "MEMCACHED"}})
    told = environment(named, "staging", SEVERAL)
    assert {name: told.get(name) for name in ("PGHOST", "PGUSER", "PGSSLMODE", "PGSSLROOTCERT", "MEMCACHED")} == {
        "PGHOST": "192.0.2.20",
        "PGUSER": "shop",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ssl/postgresql/db1.pem",
        "MEMCACHED": "192.0.2.20:11211,[2001:db8::4]:11211",
    }
    assert secrets(named, SEVERAL) == {"PGPASSWORD": "planted/word"}
    assert not {"DATABASE_URL", "CACHE_URL"} & set(told)


def test_a_server_outside_of_the_inventory_is_verified_by_the_authorities_that_debian_trusts() -> None:
    given = {**PASSWORD, "host": "db.example.com", "port": 6543, "name": "main", "user": "ada", "options": {"target": "a b"}}
    assert secrets(app(database=given), SEVERAL)["DATABASE_URL"] == (
        f"postgresql://ada:{QUOTED}@db.example.com:6543/main"
        "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt&target=a+b"
    )
    for name in ("postgresql_databases", "postgresql_servers"):
        assert FILTERS[name]([{**APP, "database": given}], ON_DB1) == []


@pytest.mark.parametrize("network", [{}, ONE, SEVERAL])
def test_through_a_pooler_there_is_no_password_in_the_environment(network: dict[str, Any]) -> None:
    told = environment(app(database={**PASSWORD, "pooler": "pgbouncer"}), "staging", network)
    assert told["DATABASE_URL"] == "postgresql:///shop?host=/run/pgbouncer-shop"
    assert told["DATABASE_POOLER"] == "pgbouncer"
    assert secrets(app(database={**PASSWORD, "pooler": "pgbouncer"}), network) == {}


@pytest.mark.parametrize(
    ("network", "plain", "secret"),
    [
        (ONE, {"DATABASE_URL": "postgresql:///shop", "DATABASE_POOLER": ""}, {}),
        (SEVERAL, {"DATABASE_POOLER": ""}, {"DATABASE_URL": URL}),
    ],
)
def test_migrations_go_past_the_pooler(network: dict[str, Any], plain: dict[str, str], secret: dict[str, str]) -> None:
    apps = [{**APP, "database": {**PASSWORD, "pooler": "pgbouncer"}}]
    found = FILTERS["application_variables"](apps, "shop", "staging", network)
    assert (found["direct"], found["direct_secrets"]) == (plain, secret)


@pytest.mark.parametrize(
    ("changes", "network", "told"),
    [
        ({}, {}, True),
        ({}, ONE, True),
        ({"outgoing": True}, ONE, False),
        ({}, SEVERAL, False),
        ({"cache": False}, SEVERAL, False),
        ({"cache": False}, {**ON_DB1, "app_servers": {**WEB, **DATA}}, True),
        ({"cache": False, "database": False}, SEVERAL, True),
        ({"cache": False, "database": {"pooler": "pgbouncer"}}, SEVERAL, True),
        ({"database": {"host": "db.example.org"}}, ONE, False),
    ],
)
def test_who_needs_sockets_only(changes: dict[str, Any], network: dict[str, Any], told: bool) -> None:
    assert services.sockets_only(public(app(**{"outgoing": False, **changes})), network) == told


@pytest.mark.parametrize("database", [False, PASSWORD])
def test_without_a_pooler_nothing_goes_past_it(database: Any) -> None:
    found = FILTERS["application_variables"]([{**APP, "database": database}], "shop", "staging", SEVERAL)
    assert (found["direct"], found["direct_secrets"]) == ({}, {})
    assert found["database_url"] == ("" if database is False else URL)
    assert FILTERS["pgbouncer_instances"]([{**APP, "database": database}], SEVERAL) == []


def test_what_the_pooler_is_given() -> None:
    apps = [{**APP, "database": {**PASSWORD, "pooler": "pgbouncer"}}]
    assert FILTERS["pgbouncer_instances"](apps, ONE) == [{"name": "shop"}]
    assert FILTERS["pgbouncer_passwords"](apps, ONE) == {}
    assert FILTERS["pgbouncer_instances"](apps, SEVERAL) == [
        {
            "name": "shop",
            "host": "192.0.2.20",
            "port": 5432,
            "database": "shop",
            "user": "shop",
            "sslmode": "verify-full",
            "sslrootcert": "/etc/ssl/postgresql/db1.pem",
        }
    ]
    assert FILTERS["pgbouncer_passwords"](apps, SEVERAL) == {"shop": "planted/word"}


def test_no_password_is_shown() -> None:
    assert "planted" not in repr(public(app(database=PASSWORD)))


def test_what_roles_are_given_on_the_servers() -> None:
    apps = [{**APP, "database": {**PASSWORD, "settings": {"lock_timeout": "30s"}}}]
    assert FILTERS["postgresql_databases"](apps, ON_DB1) == [
        {"name": "shop", "owner": "shop", "addresses": ["192.0.2.10", "2001:db8::2"], "settings": {"lock_timeout": "30s"}}
    ]
    assert FILTERS["postgresql_passwords"](apps, ON_DB1) == {"shop": "planted/word"}
    assert FILTERS["postgresql_servers"](apps, ON_DB1) == []
    assert FILTERS["postgresql_servers"](apps, SEVERAL) == ["db1"]
    assert FILTERS["memcached_instances"](apps, ON_DB1) == [
        {"name": "shop", "memory_mb": 64, "address": "192.0.2.20", "port": 11211, "clients": ["192.0.2.10", "2001:db8::2"]}
    ]
    assert FILTERS["memcached_instances"](apps, SEVERAL) == []  # it is no cache server


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "application_variables",
            [[APP], "shop", "staging", SEVERAL],
            "database.password is missing, and its database is reached over the netw",
        ),
        ("postgresql_passwords", [[APP], ON_DB1], "Put one into the vault as vault_shop_database_password and hand it on"),
        (
            "postgresql_databases",
            [[APP], {**ON_DB1, "database_servers": {**DATA, "db2": "192.0.2.21"}}],
            "apps[shop].database.host is missing: there are several database servers, db1, db2. Name the one",
        ),
        (
            "postgresql_databases",
            [[APP], {**ON_DB1, "app_servers": {"web1": "web1.example.org"}}],
            "private_address of web1 is 'web1.example.org', and other hosts are to reach it over the network. Give web1 its IP",
        ),
        (
            "memcached_instances",
            [[APP, {**APP, "name": "wiki", "domains": ["wiki.example.org"]}], ON_DB1],
            "apps[wiki].cache.port: 11211 is shop's already. Give it another.",
        ),
    ],
)
def test_what_the_inventory_lacks_is_said(name: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(message)):
        FILTERS[name](*arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"database": {"passwort": "x"}}, "apps[shop].database.passwort is no key of an application. Did you mean password?"),
        ({"database": {"password": 1}}, "apps[shop].database.password is no text."),
        ({"database": {"port": 5433}}, "apps[shop].database.port is for a server outside of the inventory."),
        ({"database": {"host": 7}}, "apps[shop].database.host is 7. Give text."),
        ({"database": {"host": "db x; y"}}, "apps[shop].database.host is 'db x; y'. Give one word, such as db.example.org"),
        ({"database": {"host": "db", "user": "ada x"}}, "apps[shop].database.user is 'ada x'. Give one word, such as ada."),
        ({"database": {"host": "db", "port": True}}, "apps[shop].database.port is True. Give a number from 1 to 65535."),
        ({"database": {"keep_dumps": True}}, "apps[shop].database.keep_dumps is True. Give a number from 1 on."),
        ({"cache": {"memory_mb": True}}, "apps[shop].cache.memory_mb is True. Give a number of megabytes."),
        ({"cache": {"port": 0}}, "apps[shop].cache.port is 0. Give a number from 1 to 65535."),
        ({"database": {"settings": {"lock timeout": "1s"}}}, "apps[shop].database.settings.lock timeout is no setting."),
        (
            {"database": {"variables": {"hots": "X"}}},
            "apps[shop].database.variables.hots is no key of an application. Did you mean host",
        ),
        ({"database": {"variables": {"host": "DB-HOST"}}}, "which cannot be the name of an environment variable."),
        ({"database": {"variables": []}}, "apps[shop].database.variables is no mapping."),
        (
            {"database": {"variables": {"host": "DB"}}, "settings": {"DB": "x"}},
            "apps[shop].database.variables has DB, which settings",
        ),
        ({"database": {"pooler": "odyssey"}}, "apps[shop].database.pooler is 'odyssey'. Give pgbouncer, or nothing for none."),
        ({"cache": {"port": 70000}}, "apps[shop].cache.port is 70000."),
        ({"cache": {"memory_mb": 0}}, "apps[shop].cache.memory_mb is 0."),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ApplicationError, match=re.escape(message)):
        app(**changes)


def test_defaults_are_not_shared() -> None:
    app()["database"]["variables"]["url"] = "ELSEWHERE"
    assert services.DATABASE["variables"]["url"] == "DATABASE_URL"
