"""The host with the instances."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["cache"]


def test_it_listens_on_its_address_alone(host: Host) -> None:
    address = host.file("/etc/cache-address").content_string.strip()
    found = {one for one in host.socket.get_listening_sockets() if ":113" in one or one.endswith(":11211")}
    assert found == {f"tcp://{address}:{port}" for port in (11300, 11301, 11302)}


@pytest.mark.parametrize("name", ["shop", "moved", "guestbook"])
def test_an_instance_is_confined(host: Host, name: str) -> None:
    score = host.check_output("systemd-analyze security --no-pager memcached@%s.service | tail -n 1", name)
    assert float(score.split(": ")[1].split()[0]) <= 2.5


def test_an_instance_on_an_address_is_no_applications(host: Host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value memcached@shop")
    assert host.check_output("ps -o user=,group= -p %s", pid).split() == ["memcache", "memcache"]


def test_a_socket_that_an_instance_left_is_gone(host: Host) -> None:
    assert not host.file("/run/memcached-moved/memcached.sock").exists
    assert host.file("/run/memcached-guestbook/memcached.sock").exists
