"""What every web server does for an application's visitors: names, TLS and versions.

The same for nginx and for Apache: see README.md."""

from __future__ import annotations

import re
from typing import Any

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.front_door import DOMAIN, FrontDoor


@pytest.fixture(scope="module")
def door(host: Host) -> FrontDoor:
    return FrontDoor(host)


def test_visitors_get_the_site_over_tls(door: FrontDoor) -> None:
    answer = door.ask()
    assert answer.status == 200
    assert len(answer.one("x-commit")) == 40


def test_plain_http_leads_to_https(door: FrontDoor) -> None:
    answer = door.ask("/entries/?page=2&q=a%2Fb", port=80)
    assert (answer.status, answer.one("location")) == (301, f"https://{DOMAIN}/entries/?page=2&q=a%2Fb")


@pytest.mark.parametrize(("option", "protocol"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_the_protocols_of_today_are_spoken(door: FrontDoor, option: str, protocol: str) -> None:
    said = door.handshake(option)
    if protocol == "TLSv1.2" and door.host.system_info.codename != "bookworm":  # Debian 13 has Mozilla's profile "modern"
        assert "alert" in said
        return
    assert f"Protocol version: {protocol}" in said
    assert "Verification: OK" in said


@pytest.mark.parametrize(
    "option", ["-tls1", "-tls1_1", "-tls1_2 -cipher AES256-SHA", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384"]
)
def test_the_protocols_and_ciphers_of_yesterday_are_not(door: FrontDoor, option: str) -> None:
    assert "alert" in door.handshake(option, "-cipher 'ALL:@SECLEVEL=0'" if "cipher" not in option else "")


def test_the_key_exchange_is_the_best_that_openssl_knows(door: FrontDoor) -> None:
    version = tuple(int(part) for part in re.findall(r"\d+", door.host.check_output("openssl version"))[:2])
    assert ("X25519MLKEM768" if version >= (3, 5) else "X25519,") in door.handshake().replace(" bits", ",")


@pytest.mark.parametrize("name", ["-servername unknown.example.org", "-noservername"])
@pytest.mark.parametrize("protocol", ["-tls1_2", "-tls1_3"])
def test_an_unknown_name_gets_no_handshake(door: FrontDoor, name: str, protocol: str) -> None:
    said = door.handshake(protocol, name=name)
    assert "alert" in said
    assert "CONNECTION ESTABLISHED" not in said


@pytest.mark.parametrize("options", [{"port": 80}, {"handshake": DOMAIN}], ids=["plain", "after another's handshake"])
def test_an_unknown_name_gets_nothing_of_a_site(door: FrontDoor, options: dict[str, Any]) -> None:
    answer = door.ask(name="unknown.example.org", **options)
    assert answer.status in (0, 400, 421)
    assert answer.status == 0 or DOMAIN not in repr(answer)


def test_http_2_is_offered(door: FrontDoor) -> None:
    client = f"openssl s_client -connect {door.address}:443 -servername {DOMAIN} -alpn h2,http/1.1"
    assert door.host.run(f"{client} </dev/null | grep -a ALPN").stdout == "ALPN protocol: h2\n"


def test_the_servers_version_is_nobodys_business(door: FrontDoor) -> None:
    for answer in (door.ask(), door.ask("/static/nowhere.css"), door.ask(method="TRACE")):
        assert not re.search(r"[0-9]|Debian", answer.one("server"))
        assert not re.search(r"(?i)(nginx|apache)[/ ][0-9]", answer.body)
    assert door.ask(method="TRACE").status == 405
