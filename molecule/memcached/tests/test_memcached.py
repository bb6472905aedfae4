from __future__ import annotations

import pytest
from testinfra.host import Host

ASK = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(f"/run/memcached-{sys.argv[1]}/memcached.sock")
connection.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
print(b"".join(iter(lambda: connection.recv(4096), b"")).decode())
"""


def ask(host: Host, user: str, instance: str, said: str) -> str:
    """What an instance answers a user; the traceback where the user does not reach it."""
    answer = host.run("runuser -u %s -- python3 -c %s %s %s", user, ASK, instance, said + r"quit\r\n")
    return str(answer.stdout + answer.stderr)


@pytest.mark.parametrize("name", ["guestbook", "wiki"])
def test_a_member_of_the_group_stores_and_reads(host: Host, name: str) -> None:
    assert "hello" in ask(host, name, name, r"set key 0 60 5\r\nhello\r\nget key\r\n")


@pytest.mark.parametrize(("user", "instance"), [("guestbook", "wiki"), ("wiki", "guestbook"), ("nobody", "wiki")])
def test_nobody_else_reaches_an_instance(host: Host, user: str, instance: str) -> None:
    assert "PermissionError" in ask(host, user, instance, r"get key\r\n")


@pytest.mark.parametrize(("name", "megabytes"), [("guestbook", 32), ("wiki", 16)])
def test_an_instance_has_its_memory(host: Host, name: str, megabytes: int) -> None:
    assert f"STAT limit_maxbytes {megabytes * 1024 * 1024}" in ask(host, name, name, r"stats\r\n").splitlines()


def test_the_directory_is_the_lock(host: Host) -> None:
    directory = host.file("/run/memcached-guestbook")
    assert (directory.user, directory.group, directory.mode) == ("memcache", "guestbook", 0o750)


def test_nothing_listens_on_an_address(host: Host) -> None:
    assert [one for one in host.socket.get_listening_sockets() if one.endswith(":11211")] == []


def test_debians_own_instance_stays_off(host: Host) -> None:
    assert not host.service("memcached").is_running
    assert host.service("memcached").is_masked


def test_an_instance_sees_no_file_of_its_group(host: Host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value memcached@guestbook")
    for directory in ("/etc", "/srv", "/var"):
        assert set(host.check_output("ls /proc/%s/root%s", pid, directory).split()) <= {"ld.so.cache", "tmp"}


def test_an_instance_is_confined(host: Host) -> None:
    score = host.check_output("systemd-analyze security --no-pager memcached@guestbook.service | tail -n 1")
    assert float(score.split(": ")[1].split()[0]) <= 2.5


def test_a_removed_instance_is_gone(host: Host) -> None:
    assert not host.service("memcached@former").is_running
    assert not host.service("memcached@former").is_enabled
    assert not host.file("/etc/systemd/system/memcached@former.service.d").exists
    assert not host.file("/run/memcached-former").exists


def test_instances_start_with_the_host(host: Host) -> None:
    assert host.service("memcached@guestbook").is_enabled
