from __future__ import annotations

from collections.abc import Callable

import pytest

Render = Callable[..., str]
DATABASES = [{"name": "shop", "owner": "shop"}, {"name": "guestbook", "owner": "ada"}]


def rules(text: str) -> list[str]:
    """Give the lines that PostgreSQL reads."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_nobody_enters_but_the_administrator_where_there_are_no_databases(render: Render) -> None:
    assert rules(render("postgresql", "pg_hba.conf.j2")) == ["local all postgres peer"]


def test_a_database_is_entered_by_its_owner_alone(render: Render) -> None:
    wanted = ["local all postgres peer", "local guestbook ada peer", "local shop shop peer"]
    assert rules(render("postgresql", "pg_hba.conf.j2", postgresql_databases=DATABASES)) == wanted


def test_over_the_network_an_owner_enters_by_tls_from_its_addresses_alone(render: Render) -> None:
    databases = [{**DATABASES[1], "addresses": ["2001:db8::2", "192.0.2.10"]}, DATABASES[0]]
    assert [line for line in rules(render("postgresql", "pg_hba.conf.j2", postgresql_databases=databases)) if "host" in line] == [
        "hostssl guestbook ada 192.0.2.10/32 scram-sha-256",
        "hostssl guestbook ada 2001:db8::2/128 scram-sha-256",
    ]


def test_further_entries_come_last(render: Render) -> None:
    entry = "hostssl guestbook ada 192.0.2.10/32 scram-sha-256"
    found = rules(render("postgresql", "pg_hba.conf.j2", postgresql_databases=DATABASES, postgresql_hba_entries=[entry]))
    assert found[-1] == entry


@pytest.mark.parametrize(("addresses", "line"), [([], "''"), (["192.0.2.1", "::1"], "'192.0.2.1,::1'")])
def test_the_server_listens_where_it_is_told(render: Render, addresses: list[str], line: str) -> None:
    text = render("postgresql", "placid.conf.j2", postgresql_listen_addresses=addresses)
    assert rules(text)[0] == f"listen_addresses = {line}"
    assert ("ssl_min_protocol_version = 'TLSv1.3'" in rules(text)) == bool(addresses)


def test_settings_are_sorted_and_quoted(render: Render) -> None:
    settings = {"work_mem": "8MB", "cluster_name": "ada's", "max_connections": 200}
    found = rules(render("postgresql", "placid.conf.j2", postgresql_settings=settings))
    assert found[-3:] == ["cluster_name = 'ada''s'", "max_connections = '200'", "work_mem = '8MB'"]


def test_a_setting_that_is_given_goes_before_the_roles_own(render: Render) -> None:
    given = {"max_connections": 200, "log_min_duration_statement": "250ms"}
    found = [line.partition(" = ") for line in rules(render("postgresql", "placid.conf.j2", postgresql_settings=given))]
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names)
    assert {"max_connections": "'200'", "log_min_duration_statement": "'250ms'", "shared_buffers": "'480MB'"}.items() <= {
        name: value for name, _, value in found
    }.items()


def test_a_new_cluster_is_utf8_with_checksums(render: Render) -> None:
    (line,) = rules(render("postgresql", "createcluster.conf.j2"))
    assert "--encoding=UTF8" in line
    assert "--data-checksums" in line


def test_the_server_is_confined_and_never_root(render: Render) -> None:
    lines = render("postgresql", "unit.conf.j2").splitlines()
    assert {"User=postgres", "CapabilityBoundingSet=", "NoNewPrivileges=yes", "ProtectSystem=full"} <= set(lines)


def test_the_unit_runs_as_postgres_and_keeps_shared_memory(render: Render) -> None:
    assert {"User=postgres", "RemoveIPC=no", "ProtectSystem=full"} <= set(render("postgresql", "unit.conf.j2").splitlines())
