"""The database server, whose instance asks the PostgreSQL beside it."""

from __future__ import annotations

from testinfra.host import Host

testinfra_hosts = ["db"]
ENTER = "runuser -u wiki -- psql -XAtq -h /run/pgbouncer-wiki -d wiki"


def test_an_instance_is_its_application_to_the_server_of_its_host(host: Host) -> None:
    assert host.check_output(f"{ENTER} -c 'SELECT current_user, inet_client_addr() IS NULL'") == "wiki|t"


def test_what_holds_in_sessions_of_the_role_holds_in_pooled_ones(host: Host) -> None:
    assert host.check_output(f"{ENTER} -c 'SHOW lock_timeout'") == "10s"


def test_a_restart_of_the_server_is_got_over(host: Host) -> None:
    unit = host.check_output("systemctl list-units --plain --no-legend 'postgresql@*' | cut -d' ' -f1")
    host.check_output(f"{ENTER} -c 'SELECT 1'")
    host.check_output("systemctl restart %s", unit)
    assert host.check_output(f"{ENTER} -c 'SELECT 2'") == "2"


def test_an_instance_that_was_taken_out_is_gone(host: Host) -> None:
    assert not host.service("pgbouncer@former").is_running
    assert not host.service("pgbouncer@former").is_enabled
    for path in ("/etc/systemd/system/pgbouncer@former.service.d", "/etc/pgbouncer/former", "/run/pgbouncer-former"):
        assert not host.file(path).exists


def test_an_instance_that_was_not_touched_still_runs(host: Host) -> None:
    assert host.service("pgbouncer@wiki").is_running


def test_an_instance_beside_its_server_has_no_network(host: Host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value pgbouncer@wiki")
    assert (
        host.check_output("nsenter -t %s -n ls /sys/class/net; nsenter -t %s -n ip -o link | wc -l", pid, pid).split()[-1] == "1"
    )
