"""What the other host is let in to, and what not."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["web"]
CHANGED = "planted-changed"
VERIFIED = "sslmode=verify-full sslrootcert=/etc/ssl/postgresql/db.pem host=db.example.org"


def ask(host: Host, query: str, user: str = "guestbook", password: str = CHANGED, how: str = VERIFIED) -> str:
    """What the server answers, or psql says of it."""
    address = host.file("/etc/database-address").content_string.strip()
    connection = f"hostaddr={address} user={user} dbname={how.partition('dbname=')[2] or user} {how.partition('dbname=')[0]}"
    answer = host.run("PGPASSWORD=%s PGCONNECT_TIMEOUT=10 psql -XAt %s -c %s", password, connection, query)
    return str(answer.stdout + answer.stderr).strip()


def test_an_owner_enters_by_tls_with_its_password(host: Host) -> None:
    assert ask(host, "SELECT current_user, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "guestbook|TLSv1.3"


@pytest.mark.parametrize("password", ["planted-first", "planted-changed "])
def test_a_wrong_password_is_refused(host: Host, password: str) -> None:
    assert "FATAL:  password authentication failed" in ask(host, "SELECT 1", password=password)


def test_plain_text_is_refused(host: Host) -> None:
    assert "no encryption" in ask(host, "SELECT 1", how="host=db.example.org sslmode=disable")


def test_a_foreign_address_is_refused_whatever_it_knows(host: Host) -> None:
    assert "no pg_hba.conf entry for host" in ask(host, "SELECT 1", user="wiki", password="planted 'second' $word")


@pytest.mark.parametrize("database", ["wiki", "postgres", "template1"])
def test_another_database_is_refused(host: Host, database: str) -> None:
    assert "no pg_hba.conf entry for host" in ask(host, "SELECT 1", how=f"{VERIFIED} dbname={database}")


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        (VERIFIED.replace("db.example.org", "other.example.org"), "does not match host name"),
        (VERIFIED.replace("/etc/ssl/postgresql/db.pem", "/etc/ssl/postgresql/none.pem"), "does not exist"),
    ],
)
def test_a_server_that_is_not_the_one_is_not_told_the_password(host: Host, how: str, complaint: str) -> None:
    assert complaint in ask(host, "SELECT 1", how=how)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("statement_timeout", "1min"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "2min"),
        ("work_mem", "9MB"),
    ],
)
def test_sessions_have_the_settings_of_their_role(host: Host, setting: str, value: str) -> None:
    assert ask(host, f"SHOW {setting}") == value


def test_another_role_has_no_rights_here(host: Host) -> None:
    assert ask(host, "SELECT has_database_privilege('wiki', 'guestbook', 'CONNECT')") == "f"
    assert "permission denied" in ask(host, "SET ROLE wiki")
    assert "pg_execute_server_program" in ask(host, "COPY (SELECT 1) TO PROGRAM 'id'")
