"""The server itself, after the other host asked."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["db"]


def psql(host: Host, query: str) -> str:
    return host.check_output("runuser -u postgres -- psql -XAt -d postgres -c %s", query)


def test_it_listens_on_its_addresses_alone(host: Host) -> None:
    found = {one.removeprefix("tcp://") for one in host.socket.get_listening_sockets() if one.endswith(":5432") and "tcp" in one}
    address = host.file("/etc/database-address").content_string.strip()
    assert found == {f"{address}:5432", "127.0.0.1:5432"}


def test_the_rules_are_exact(host: Host) -> None:
    query = (
        "SELECT type, array_to_string(database, ','), array_to_string(user_name, ','), address, auth_method"
        " FROM pg_hba_file_rules WHERE type <> 'local' ORDER BY 1, 2, 3, 4"
    )
    found = [line.split("|") for line in psql(host, query).splitlines()]
    assert [line[:3] for line in found] == [
        ["hostssl", "guestbook", "guestbook"],
        ["hostssl", "postgres", "monitor"],
        ["hostssl", "wiki", "wiki"],
        ["hostssl", "wiki", "wiki"],
    ]
    assert {line[4] for line in found} == {"scram-sha-256"}
    assert [line[3] for line in found][1:] == ["127.0.0.1", "192.0.2.9", "2001:db8::9"]


def test_an_owner_enters_over_the_socket_as_before(host: Host) -> None:
    assert host.check_output("runuser -u wiki -- psql -XAt -d wiki -c 'SELECT current_user'") == "wiki"


def test_the_server_keeps_verifiers_and_no_password_is_anywhere(host: Host) -> None:
    assert psql(host, "SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'") == "2"
    assert psql(host, "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%planted-%'") == "0"
    assert host.run("grep -rE 'planted|SCRAM-SHA' /var/log/postgresql").rc == 1
    assert host.run("journalctl --no-pager | grep -E 'planted-(first|changed)'").rc == 1


@pytest.mark.parametrize(("file", "group", "mode"), [("server.key", "postgres", 0o640), ("server.pem", "postgres", 0o644)])
def test_the_key_is_the_servers_alone(host: Host, file: str, group: str, mode: int) -> None:
    found = host.file(f"/etc/ssl/postgresql/{file}")
    assert (found.user, found.group, found.mode) == ("root", group, mode)


def test_no_authority_is_made_beside_a_certificate_that_was_given(host: Host) -> None:
    assert not host.file("/etc/ssl/postgresql/ca.key").exists


def test_the_share_of_the_memory_is_small(host: Host) -> None:
    total = int(host.check_output("awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo"))
    assert int(psql(host, "SELECT setting::bigint * 8 / 1024 FROM pg_settings WHERE name = 'shared_buffers'")) < total * 0.01


def test_slow_queries_are_told_from_where_it_was_asked(host: Host) -> None:
    host.check_output("runuser -u wiki -- psql -XAt -d wiki -c %s", "SELECT pg_sleep(0.4), 'seen-as-slow'")
    assert host.run("grep -h 'seen-as-slow' /var/log/postgresql/*.log").rc == 0
