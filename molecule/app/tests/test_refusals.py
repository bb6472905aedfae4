"""What `site.yml` refuses before it changes anything: each message names the place and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from live import playbook

SHOP = {"name": "shop", "repository": "https://git.example.org/shop.git", "domains": ["shop.example.org"]}
BULLSEYE = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nNAME="Debian GNU/Linux"\nVERSION_ID="11"\nID=debian\n'


def refusal(**variables: Any) -> str:
    """What the playbook says with these variables, after it has changed nothing."""
    inventory = str(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "inventory"))
    outcome = playbook.start("site", inventory, **{"apps": [SHOP], **variables}).wait()
    assert outcome.code != 0, outcome
    assert (outcome.recap["failed"], outcome.recap["changed"]) == (1, 0), outcome
    assert "Every host has the common base" not in outcome.output
    assert "Traceback" not in outcome.output
    return outcome.message


@pytest.mark.parametrize(
    ("apps", "message"),
    [
        pytest.param(
            [{**SHOP, "domain": ["shop.example.org"]}],
            "apps[shop].domain is no key of an application. Did you mean domains?",
            id="wrong key",
        ),
        pytest.param(
            [{**SHOP, "domains": "shop.example.org"}],
            "apps[shop].domains is 'shop.example.org'. Give a list.",
            id="wrong type",
        ),
        pytest.param(
            [SHOP, SHOP],
            "apps names shop twice. Give each application a name of its own.",
            id="two applications of one name",
        ),
        pytest.param(
            [SHOP, {**SHOP, "name": "wiki"}],
            "apps[wiki].domains: shop.example.org belongs to shop already. Give it to one of them.",
            id="domain claimed twice",
        ),
        pytest.param(
            [{**SHOP, "secrets": {"SECRET_KEY": "{{ vault_shop_key | mandatory('Set vault_shop_key: ansible-vault edit x') }}"}}],
            "Set vault_shop_key: ansible-vault edit x",
            id="missing secret",
        ),
    ],
)
def test_an_inventory_that_is_wrong_is_refused(apps: list[dict[str, Any]], message: str) -> None:
    assert message in refusal(apps=apps)


def test_a_web_server_that_there_is_not_is_refused() -> None:
    assert "web_server is lighttpd for host. Give nginx or apache." in refusal(web_server="lighttpd")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"firewall_extra_in": [{"name": "x", "port": 80}]}, "missing required arguments: ports found in firewall_extra_in"),
        ({"firewall_extra_in": [{"name": "x", "ports": [0]}]}, "x: 0 is no port. Give a number from 1 to 65535"),
        ({"nginx_client_max_body_size": "lots"}, 'nginx_client_max_body_size is "lots": give a number of bytes'),
    ],
)
def test_what_a_role_refuses_is_refused_before_any_role_has_begun(variables: dict[str, Any], message: str) -> None:
    assert message in refusal(**variables)


@pytest.fixture
def squatter(host: Host) -> Iterator[None]:
    """Another program has port 80."""
    host.check_output("systemctl stop nginx && systemd-run --unit=squatter python3 -m http.server 80")
    host.check_output("timeout 20 sh -c %s", "until ss -Htln 'sport = :80' | grep -q .; do sleep 0.1; done")
    yield
    host.check_output("systemctl stop squatter && systemctl start nginx")


@pytest.mark.usefixtures("squatter")
def test_a_port_that_is_taken_is_refused() -> None:
    assert "Port 80, which nginx is to have, is taken by python3. Stop it and take it off the host" in refusal()


@pytest.fixture
def another_site(host: Host) -> Iterator[None]:
    """Apache has a site here that somebody wrote by hand."""
    host.check_output("mkdir -p /etc/apache2/sites-enabled && echo '# By hand' > /etc/apache2/sites-enabled/wiki.conf")
    yield
    host.check_output("rm -r /etc/apache2")


@pytest.mark.usefixtures("another_site")
def test_a_site_that_would_go_with_the_other_web_server_is_refused() -> None:
    assert "/etc/apache2/sites-enabled/wiki.conf is a site of others, and would be removed with its web server" in refusal()


@pytest.fixture
def bullseye(host: Host) -> Iterator[None]:
    """The host says that it is a Debian 11."""
    host.check_output("cp -P /etc/os-release /etc/debian_version /root && rm /etc/os-release")
    host.check_output("printf %%s %s > /etc/os-release && echo 11.11 > /etc/debian_version", BULLSEYE)
    yield
    host.check_output("mv /root/os-release /root/debian_version /etc")


@pytest.mark.usefixtures("bullseye")
def test_a_debian_that_is_not_supported_is_refused() -> None:
    words = "host runs Debian 11.11. Take it out of the inventory, or install Debian 12 (bookworm) or 13 (trixie) on it."
    assert words in refusal()
