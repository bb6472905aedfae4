from __future__ import annotations

import re

import pytest
from testinfra.host import Host

ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", timeout=20)
connection.request("GET", sys.argv[2], headers={"Host": sys.argv[1]})
answer = connection.getresponse()
print(answer.status, answer.read().decode())
"""
DUMPS = "/var/backups/placid/goodbye"


def ask(host: Host, domain: str, path: str) -> str:
    answer = host.run("python3 -c %s %s %s", ASK, domain, path)
    return str(answer.stdout or answer.stderr)


def test_nothing_of_it_is_left_but_a_last_dump(host: Host) -> None:
    # What systemd itself remembers of a unit, it forgets in its own time.
    find = "find / /run /dev/shm -xdev -path /run/systemd/units -prune -o -name '*goodbye*' -print"
    found = host.check_output(find).splitlines()
    assert found == [DUMPS]
    assert re.fullmatch(r"\d{8}T\d{6}Z-last\.dump", host.check_output("ls %s", DUMPS))


def test_nobody_owns_nothing(host: Host) -> None:
    assert host.check_output("find / /run /dev/shm -xdev '(' -nouser -o -nogroup ')'") == ""


def test_the_last_dump_is_roots_alone_and_whole(host: Host) -> None:
    (name,) = host.check_output("ls %s", DUMPS).split()
    dump = host.file(f"{DUMPS}/{name}")
    assert (dump.user, dump.mode) == ("root", 0o600)
    listed = host.check_output("pg_restore --list %s/%s", DUMPS, name)
    assert "TABLE DATA public entries_entry" in listed


@pytest.mark.parametrize(
    "command",
    [
        "systemctl list-units --all --plain --no-legend 'goodbye*' '*@goodbye*'",
        "systemctl list-unit-files --plain --no-legend 'goodbye*' '*@goodbye*'",
        "getent passwd | grep goodbye",
        "getent group | grep goodbye",
        "runuser -u postgres -- psql -Atc 'SELECT datname FROM pg_database' | grep goodbye",
        "runuser -u postgres -- psql -Atc 'SELECT rolname FROM pg_roles' | grep goodbye",
        "grep -r goodbye /etc/nginx /etc/postgresql /etc/pgbouncer /etc/ssl",
    ],
)
def test_no_service_knows_it(host: Host, command: str) -> None:
    assert host.run(command).stdout == ""


def test_its_visitors_get_no_answer(host: Host) -> None:
    assert "RemoteDisconnected" in ask(host, "goodbye.example.org", "/")


@pytest.mark.parametrize(("path", "text"), [("/healthz", "200 "), ("/media/upload.txt", "200 of guestbook")])
def test_the_other_application_goes_on(host: Host, path: str, text: str) -> None:
    assert ask(host, "guestbook.example.org", path).startswith(text)


def test_the_processes_of_the_other_application_were_left_alone(host: Host) -> None:
    before = host.file("/root/running").content_string.strip()
    assert before.count("MainPID") == 2
    assert host.check_output("systemctl show --property=Id,MainPID 'guestbook-*'") == before
