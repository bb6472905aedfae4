"""The application server, whose instance asks a server on another host."""

from __future__ import annotations

from testinfra.host import Host

testinfra_hosts = ["web"]
ENTER = "psql -XAtq -h /run/pgbouncer-guestbook -d guestbook"


def test_the_application_enters_without_knowing_a_password_and_the_server_is_asked_by_tls(host: Host) -> None:
    query = "SELECT current_user, ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert host.check_output(f"runuser -u guestbook -- {ENTER} -c '{query}'") == "guestbook|t|TLSv1.3"


def test_nobody_else_enters(host: Host) -> None:
    other = host.run(f"runuser -u wiki -- {ENTER} -U guestbook -c 'SELECT 1'")
    assert "Permission denied" in other.stderr
    even_root = host.run(f"{ENTER} -U guestbook -c 'SELECT 1'")
    assert even_root.rc == 2
    assert "login rejected" in even_root.stderr


def test_clients_share_a_connection_by_transaction(host: Host) -> None:
    script = f"SELECT pg_backend_pid();\n\\! {ENTER} -c 'SELECT pg_backend_pid()'\nSELECT pg_backend_pid();\n"
    found = host.run("runuser -u guestbook -- env SCRIPT=%s sh -c %s", script, f'printf %s "$SCRIPT" | {ENTER}').stdout.split()
    assert len(found) == 3
    assert len(set(found)) == 1


def test_more_clients_than_allowed_are_refused(host: Host) -> None:
    three = f"for _ in 1 2 3; do {ENTER} -c 'SELECT pg_sleep(2)' & done; sleep 1; {ENTER} -c 'SELECT 1'; wait"
    assert "no more connections allowed" in host.run("runuser -u guestbook -- sh -c %s", three).stderr


def test_the_password_is_the_instances_alone(host: Host) -> None:
    users = host.file("/etc/pgbouncer/guestbook/users.txt")
    assert (users.user, users.group, users.mode) == ("root", "guestbook", 0o640)
    assert host.run("journalctl --no-pager | grep planted").rc == 1
    assert host.file("/etc/pgbouncer/guestbook").mode == 0o750


def test_the_instance_is_confined_and_sees_no_file_of_its_user(host: Host) -> None:
    score = host.check_output("systemd-analyze security --no-pager pgbouncer@guestbook.service | tail -n 1")
    assert float(score.split(": ")[1].split()[0]) <= 2.5
    pid = host.check_output("systemctl show --property=MainPID --value pgbouncer@guestbook")
    assert host.check_output("ls /proc/%s/root/srv", pid) == ""
    assert host.run("ls /proc/%s/root/etc/shadow", pid).rc != 0


def test_it_starts_with_the_host_and_debians_own_does_not(host: Host) -> None:
    assert host.service("pgbouncer@guestbook").is_enabled
    assert host.service("pgbouncer").is_masked
    assert [
        one for one in host.socket.get_listening_sockets() if one.startswith("tcp") and one.endswith((":5432", ":6432"))
    ] == []
