"""What passes, tried with real connections between this machine and the host."""

from __future__ import annotations

import socket
import threading

import pytest
from testinfra.host import Host

CONNECT = """
import socket, sys
try:
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).recv(5).decode())
except OSError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def address(host: Host) -> str:
    """The host's address on the network that it shares with this machine; the reboot gave it another than the inventory has."""
    if not host.ansible.get_variables()["sandbox_address"]:
        pytest.skip("this machine is on no network with the host")
    return str(host.check_output("hostname -I").split()[0])


@pytest.fixture(scope="module")
def here(host: Host) -> str:
    """This machine's address on that network."""
    return str(host.check_output("ip route show default").split()[2])


def passes(address: str, port: int) -> bool:
    """Say whether a connection comes about; one that is dropped is only noticed by waiting."""
    try:
        with socket.create_connection((address, port), timeout=3):
            return True
    except TimeoutError:
        return False


@pytest.mark.parametrize("port", [22, 8000, 8001, 8004])
def test_what_was_declared_comes_in(address: str, port: int) -> None:
    assert passes(address, port)


@pytest.mark.parametrize(
    "port",
    [
        pytest.param(8002, id="from another address alone"),
        pytest.param(8003, id="from nobody"),
        pytest.param(8006, id="not declared"),
    ],
)
def test_nothing_else_comes_in(host: Host, address: str, port: int) -> None:
    assert host.socket(f"tcp://0.0.0.0:{port}").is_listening
    assert not passes(address, port)


@pytest.fixture
def greeter(here: str) -> int:
    """A port of this machine that says hello to all who come."""
    for port in range(9000, 10000):
        try:
            server = socket.create_server((here, port))
            break
        except OSError:
            continue

    def greet() -> None:
        while True:
            server.accept()[0].sendall(b"hello")

    threading.Thread(target=greet, daemon=True).start()
    return port


def connect(host: Host, user: str, address: str, port: int) -> str:
    return str(host.check_output("runuser -u %s -- python3 -c %s %s %s", user, CONNECT, address, str(port))).strip()


def test_who_may_goes_out(host: Host, here: str, greeter: int) -> None:
    assert connect(host, "games", here, greeter) == "hello"


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_nobody_else_goes_out_and_is_told_at_once(host: Host, here: str, greeter: int, user: str) -> None:
    assert connect(host, user, here, greeter) == "OSError [Errno 113] No route to host"


def test_packages_are_for_the_system_alone(host: Host) -> None:
    mirror = host.check_output("getent ahostsv4 deb.debian.org").split()[0]
    assert "No route to host" in connect(host, "nobody", mirror, 80)
    assert host.run("apt-get -o APT::Update::Error-Mode=any update").rc == 0


def test_the_host_reaches_itself(host: Host) -> None:
    assert connect(host, "nobody", "127.0.0.1", 22) == "SSH-2"


def test_the_rules_are_loaded_before_the_network(host: Host) -> None:
    assert host.service("placid-firewall").is_enabled
    assert "network-pre.target" in host.check_output("systemctl show --property=Before --value placid-firewall")
    since = host.check_output("systemctl show --property=ActiveEnterTimestampMonotonic --value placid-firewall")
    up = host.check_output("systemctl show --property=ActiveEnterTimestampMonotonic --value multi-user.target")
    assert 0 < int(since) < int(up)


def test_other_tables_stay(host: Host) -> None:
    host.check_output("nft add table inet other")
    host.check_output("systemctl restart placid-firewall")
    assert {"table inet placid", "table inet other"} <= set(host.check_output("nft list tables").splitlines())
    host.check_output("nft delete table inet other")


def test_debians_own_rules_and_ours_go_together(host: Host) -> None:
    host.check_output("systemctl restart nftables")
    assert "table inet placid" in host.check_output("nft list tables")
    host.check_output("systemctl stop nftables && systemctl start placid-firewall")
