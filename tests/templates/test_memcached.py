from __future__ import annotations

from collections.abc import Callable

Render = Callable[..., str]


def test_an_instance_has_its_own_group_and_memory(render: Render) -> None:
    text = render("memcached", "instance.conf.j2", item={"name": "guestbook", "group": "ada", "memory_mb": 96})
    assert {"Group=ada", "Environment=MEMORY_MB=96"} <= set(text.splitlines())


def test_an_instance_is_reached_by_its_socket_alone(render: Render) -> None:
    lines = render("memcached", "memcached@.service.j2").splitlines()
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    assert "-s /run/memcached-%i/memcached.sock" in start
    assert {"PrivateNetwork=yes", "RuntimeDirectoryMode=0750"} <= set(lines)


def test_an_instance_with_an_address_is_for_its_clients_alone(render: Render) -> None:
    item = {"name": "shop", "memory_mb": 96, "address": "192.0.2.20", "port": 11212, "clients": ["2001:db8::2", "192.0.2.10"]}
    lines = render("memcached", "instance.conf.j2", item=item).splitlines()
    assert "ExecStart=/usr/bin/memcached -m ${MEMORY_MB} -l 192.0.2.20 -p 11212" in lines
    assert {"ExecStart=", "PrivateNetwork=no", "IPAddressAllow=192.0.2.10 2001:db8::2"} <= set(lines)
