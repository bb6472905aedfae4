from __future__ import annotations

import pytest
from testinfra.host import Host


def psql(host: Host, user: str, database: str, query: str) -> str:
    return host.check_output("runuser -u %s -- psql -XAt -d %s -c %s", user, database, query)


@pytest.mark.parametrize("name", ["guestbook", "wiki"])
def test_an_owner_enters_its_database_and_makes_tables(host: Host, name: str) -> None:
    assert psql(host, name, name, "CREATE TEMPORARY TABLE entry (); SELECT current_user").endswith(name)
    psql(host, name, name, "CREATE TABLE entry (); DROP TABLE entry")


@pytest.mark.parametrize(
    ("user", "database"), [("guestbook", "wiki"), ("wiki", "guestbook"), ("nobody", "wiki"), ("wiki", "postgres")]
)
def test_nobody_else_enters(host: Host, user: str, database: str) -> None:
    refused = host.run("runuser -u %s -- psql -X -d %s -c 'SELECT 1'", user, database)
    assert refused.rc == 2
    assert "no pg_hba.conf entry" in refused.stderr


def test_nobody_enters_as_another_role(host: Host) -> None:
    refused = host.run("runuser -u wiki -- psql -X -U guestbook -d guestbook -c 'SELECT 1'")
    assert refused.rc == 2
    assert "Peer authentication failed" in refused.stderr


def test_the_database_itself_refuses_others_too(host: Host) -> None:
    assert psql(host, "postgres", "wiki", "SELECT has_database_privilege('guestbook', 'wiki', 'CONNECT')") == "f"


def test_a_role_can_do_nothing_but_log_in(host: Host) -> None:
    query = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolpassword FROM pg_authid"
    assert psql(host, "postgres", "postgres", f"{query} WHERE rolname = 'guestbook'") == "f|f|f|f|f|"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "5min"), ("statement_timeout", "10min")],
)
def test_a_session_does_not_wait_for_ever(host: Host, setting: str, value: str) -> None:
    assert psql(host, "guestbook", "guestbook", f"SHOW {setting}") == value


def test_databases_are_utf_8_and_sort_by_code_point(host: Host) -> None:
    query = "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = 'guestbook'"
    assert psql(host, "postgres", "postgres", query) == "UTF8|C.UTF-8|C.UTF-8"


def test_a_new_cluster_has_checksums(host: Host) -> None:
    assert psql(host, "postgres", "postgres", "SHOW data_checksums") == "on"


def test_nothing_listens_on_an_address(host: Host) -> None:
    assert [one for one in host.socket.get_listening_sockets() if one.endswith(":5432")] == []


def test_a_setting_of_a_killed_run_reached_the_server(host: Host) -> None:
    assert psql(host, "postgres", "postgres", "SHOW max_connections") == "60"


def test_memory_is_the_share_that_was_asked_for(host: Host) -> None:
    total = int(host.check_output("awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo"))
    found = int(
        psql(host, "postgres", "postgres", "SELECT setting::bigint * 8 / 1024 FROM pg_settings WHERE name = 'shared_buffers'")
    )
    assert 0.08 * total < found < 0.12 * total or found == 8192


def test_slow_queries_are_told_and_all_are_counted(host: Host) -> None:
    marked = "SELECT 'seen-in-statistics', count(*) FROM generate_series(1, 3)"
    psql(host, "guestbook", "guestbook", marked)
    found = "SELECT calls FROM pg_stat_statements WHERE query = 'SELECT $1, count(*) FROM generate_series($2, $3)'"
    assert int(psql(host, "postgres", "postgres", found)) >= 1
    psql(host, "guestbook", "guestbook", "SELECT pg_sleep(1.1), 'told-as-slow'")
    assert host.run("grep -h 'told-as-slow' /var/log/postgresql/*.log").rc == 0
    assert host.run("grep -h 'seen-in-statistics' /var/log/postgresql/*.log").rc == 1


def test_the_server_is_confined(host: Host) -> None:
    unit = host.check_output("systemctl list-units --plain --no-legend 'postgresql@*' | cut -d' ' -f1")
    score = host.check_output("systemd-analyze security --no-pager %s | tail -n 1", unit)
    assert float(score.split(": ")[1].split()[0]) <= 4.0


def test_the_server_starts_with_the_host(host: Host) -> None:
    assert host.service("postgresql").is_enabled


@pytest.mark.parametrize("program", ["psql -XAt -c 'SELECT 1' guestbook", "pg_dump --schema-only guestbook"])
def test_the_settings_are_not_for_everybody_and_the_cluster_is_found(host: Host, program: str) -> None:
    """Debian's psql and pg_dump read postgresql.conf for the way to the cluster, where they may."""
    assert set(host.check_output("stat --format %a /etc/postgresql/*/main/*.conf").split()) == {"640"}
    done = host.run(f"cd /; runuser -u guestbook -- {program}")
    assert (done.rc, done.stderr) == (0, "")
