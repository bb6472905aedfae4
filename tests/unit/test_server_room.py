"""What of a host stands in the way of a server."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import pytest
from ansible.module_utils.placid import server_room

SITE = "server { listen 80; }\n"
OURS = "# Ansible managed\n# Role: app. The site of shop. Everything goes through /srv/shop/current.\n"


@pytest.mark.parametrize(
    ("listening", "said"),
    [
        ({}, []),
        ({80: "nginx", 443: "apache2"}, []),
        ({80: "lighttpd"}, ["Port 80, which nginx is to have, is taken by lighttpd. Stop it and take it off the host"]),
        ({80: "caddy", 443: "caddy"}, ["Port 80, which", "Port 443, which"]),
        ({8080: "caddy"}, []),
    ],
)
def test_a_port_is_told_that_somebody_else_has(listening: dict[int, str], said: list[str]) -> None:
    found = server_room.problems("nginx", [80, 443], ["nginx", "apache2"], listening)
    assert [line.startswith(start) for line, start in zip(found, said, strict=True)] == [True] * len(said)


def test_who_listens_on_a_port_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        assert server_room.listening([port]) == {port: Path("/proc/self/comm").read_text().strip()}
    assert server_room.listening([port]) == {}


@pytest.fixture
def enabled(tmp_path: Path) -> Path:
    """A directory of sites, on a host whose packages brought one."""
    (tmp_path / "etc/nginx/sites-available").mkdir(parents=True)
    (tmp_path / "etc/nginx/sites-available/default").write_text(SITE)
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    digest = hashlib.md5(SITE.encode(), usedforsecurity=False).hexdigest()
    (tmp_path / "var/lib/dpkg/status").write_text(f"Conffiles:\n /etc/nginx/sites-available/default {digest}\n")
    (tmp_path / "etc/nginx/sites-enabled").mkdir()
    (tmp_path / "etc/nginx/sites-enabled/default").symlink_to("../sites-available/default")
    return tmp_path / "etc/nginx/sites-enabled"


def foreign(enabled: Path) -> list[str]:
    found = server_room.foreign_sites(enabled, "apache", enabled.parents[2])
    assert all("would be removed with its web server where apache is to be" in line for line in found)
    return [Path(line.split(" is a site of others")[0]).name for line in found]


def test_sites_of_ours_and_of_the_package_may_go(enabled: Path) -> None:
    (enabled / "shop.conf").write_text(OURS + SITE)
    (enabled / "broken").symlink_to("nowhere")
    assert foreign(enabled) == []


def test_a_site_of_others_is_named(enabled: Path) -> None:
    (enabled / "wiki").write_text("# Ansible managed\n" + SITE)
    assert foreign(enabled) == ["wiki"]


def test_the_packages_site_that_somebody_changed_is_theirs(enabled: Path) -> None:
    (enabled / "default").write_text(SITE.replace("80", "8080"))
    assert foreign(enabled) == ["default"]


def test_without_the_other_server_there_are_none(tmp_path: Path) -> None:
    assert server_room.foreign_sites(tmp_path / "etc/apache2/sites-enabled", "nginx", tmp_path) == []
