"""What a host reaches that is a client of some instances."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["web"]
ASK = """
import socket, sys
connection = socket.create_connection((open("/etc/cache-address").read().strip(), int(sys.argv[1])), 5)
connection.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
print(b"".join(iter(lambda: connection.recv(4096), b"")).decode())
"""


def ask(host: Host, port: int, said: str) -> str:
    """What an instance answers; the traceback where it is not reached."""
    answer = host.run("runuser -u guestbook -- python3 -c %s %s %s", ASK, str(port), said + r"quit\r\n")
    return str(answer.stdout + answer.stderr)


@pytest.mark.parametrize("port", [11300, 11302])
def test_a_client_stores_and_reads(host: Host, port: int) -> None:
    assert "hello" in ask(host, port, r"set key 0 60 5\r\nhello\r\nget key\r\n")


def test_instances_keep_their_items_apart(host: Host) -> None:
    ask(host, 11300, r"set apart 0 60 5\r\nhello\r\n")
    assert "hello" not in ask(host, 11302, r"get apart\r\n")


def test_an_instance_does_not_answer_who_is_not_its_client(host: Host) -> None:
    assert "TimeoutError" in ask(host, 11301, r"get key\r\n")


def test_an_instance_has_its_memory(host: Host) -> None:
    assert f"STAT limit_maxbytes {24 * 1024 * 1024}" in ask(host, 11300, r"stats\r\n").splitlines()
