"""What is declared, and the rules that nftables gets."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.module_utils.placid.firewall import FirewallError, rules

from unit.plugins import load


@pytest.mark.parametrize(
    ("entry", "direction", "lines"),
    [
        pytest.param(
            {"name": "web", "ports": [80, "443"]}, "in", ['tcp dport { 80, 443 } accept comment "web"'], id="from anywhere"
        ),
        pytest.param(
            {"name": "db", "ports": [5432], "from": ["10.0.0.7", "2001:db8::/64"]},
            "in",
            [
                'ip saddr { 10.0.0.7 } tcp dport { 5432 } accept comment "db"',
                'ip6 saddr { 2001:db8::/64 } tcp dport { 5432 } accept comment "db"',
            ],
            id="from both families",
        ),
        pytest.param({"name": "db", "ports": [5432], "from": []}, "in", [], id="an empty list is nobody"),
        pytest.param(
            {"name": "mail", "ports": [25], "to": ["10.0.0.1"], "users": ["guestbook", "_apt"]},
            "out",
            ['ip daddr { 10.0.0.1 } meta skuid { "guestbook", "_apt" } tcp dport { 25 } accept comment "mail"'],
            id="of some users alone",
        ),
        pytest.param(
            {"name": "time", "ports": [123], "protocol": "udp"}, "out", ['udp dport { 123 } accept comment "time"'], id="udp"
        ),
        pytest.param(
            {"name": "a", "ports": ["8005-8010", 8007, 80, "8000-8005"]},
            "in",
            ['tcp dport { 80, 8000-8010 } accept comment "a"'],
            id="ports that overlap",
        ),
        pytest.param(
            {"name": "a", "ports": [80], "from": ["10.0.0.0/8", "10.1.2.3", "10.1.0.0/16"]},
            "in",
            ['ip saddr { 10.0.0.0/8 } tcp dport { 80 } accept comment "a"'],
            id="networks that overlap",
        ),
    ],
)
def test_what_is_declared_passes(entry: dict[str, Any], direction: str, lines: list[str]) -> None:
    assert rules([entry], direction) == lines


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"ports": [80]}, "name must say what passes"),
        ({"name": 'a" drop', "ports": [80]}, "name must say what passes"),
        ({"name": "a"}, "ports is missing"),
        ({"name": "a", "ports": [0]}, "0 is no port"),
        ({"name": "a", "ports": [65536]}, "65536 is no port"),
        ({"name": "a", "ports": ["90-80"]}, "'90-80' is no port"),
        ({"name": "a", "ports": ["80; drop"]}, "is no port"),
        ({"name": "a", "ports": [80], "protocol": "sctp"}, "must be tcp or udp"),
        ({"name": "a", "ports": [80], "from": "10.0.0.1"}, "must be a list"),
        ({"name": "a", "ports": [80], "from": ["db.example.org"]}, "'db.example.org' in from is no address"),
        ({"name": "a", "ports": [80], "from": ["10.0.0.1/8"]}, "has host bits set"),
        ({"name": "a", "ports": [80], "to": ["10.0.0.1"]}, "there is no to here"),
        ({"name": "a", "ports": [80], "users": []}, "users is []"),
        ({"name": "a", "ports": [80], "users": ['x"']}, "must be names"),
    ],
)
def test_what_is_no_rule_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(FirewallError, match=message.replace("[", r"\[")):
        rules([entry], "in")


APP = {"name": "guestbook", "repository": "/r", "domains": ["g.example.org"], "processes": {"web": {"command": "gunicorn g"}}}
NETWORK = {"app_servers": {"a": "10.0.0.1"}, "database_servers": {"d": "10.0.0.2"}, "cache_servers": {"c": "10.0.0.3"}}
APART = [{**APP, "database": {"password": "x"}, "cache": {"port": 11311}}]
TOGETHER = {name: {"a": "10.0.0.1"} for name in NETWORK}


@pytest.mark.parametrize(
    ("host", "network", "coming", "going"),
    [
        pytest.param("a", TOGETHER, {"web": None, "postgresql": []}, {}, id="one host has no other"),
        pytest.param(
            "a", NETWORK, {"web": None}, {"database guestbook": ["10.0.0.2"], "cache guestbook": ["10.0.0.3"]}, id="applications"
        ),
        pytest.param("d", NETWORK, {"postgresql": ["10.0.0.1"]}, {}, id="databases"),
        pytest.param("c", NETWORK, {"memcached guestbook": ["10.0.0.1"]}, {}, id="caches"),
    ],
)
def test_hosts_open_to_each_other_what_the_applications_need(
    host: str, network: dict[str, Any], coming: dict[str, Any], going: dict[str, Any]
) -> None:
    filters = load("filter/placid.py").FilterModule().filters()
    entries = [filters[name](APART, {"host": host, **network}, {}) for name in ("firewall_in", "firewall_out")]
    assert {each["name"]: each.get("from") for each in entries[0]} == coming
    assert {each["name"]: each.get("to") for each in entries[1]} == going
    ports = {each["name"]: [int(port) for port in each["ports"]] for each in entries[0] + entries[1]}
    wanted = {"web": [80, 443], "postgresql": [5432], "database guestbook": [5432]}
    assert ports == {name: wanted.get(name, [11311]) for name in ports}


@pytest.mark.parametrize(
    ("host", "entries"),
    [
        pytest.param("b", [("web", [80, 443], None)], id="visitors come to the balancer"),
        pytest.param("a", [("web", [80, 443], ["10.0.0.9"])], id="and through it to the application"),
    ],
)
def test_behind_a_balancer_an_application_server_is_open_to_it_alone(host: str, entries: list[Any]) -> None:
    firewall_in = load("filter/placid.py").FilterModule().filters()["firewall_in"]
    found = firewall_in(APART, {"host": host, **NETWORK}, {"b": "10.0.0.9"})
    assert [(each["name"], each["ports"], each.get("from")) for each in found] == entries


def test_a_balancer_with_applications_of_its_own_reaches_the_others() -> None:
    firewall_out = load("filter/placid.py").FilterModule().filters()["firewall_out"]
    found = firewall_out([], {"host": "a", **NETWORK}, {"a": "10.0.0.1"})
    assert found == [{"name": "web", "ports": [80], "to": ["10.0.0.1"]}]


ACME = [{**APART[0], "tls": "acme"}]
BEHIND = {"b": "10.0.0.9"}
ELSEWHERE = "https://ca.example.org:14000/dir"


@pytest.mark.parametrize(
    ("apps", "host", "balancers", "directory", "ports"),
    [
        pytest.param(ACME, "a", {}, "", [443], id="where the application is"),
        pytest.param(ACME, "a", {}, ELSEWHERE, [14000], id="an authority at another port"),
        pytest.param(ACME, "b", BEHIND, "", [443], id="on the load balancer"),
        pytest.param(ACME, "a", BEHIND, "", None, id="not behind a load balancer"),
        pytest.param(ACME, "d", {}, "", None, id="not on a database server"),
        pytest.param([{**APART[0], "tls": "self_signed"}], "a", {}, "", None, id="not for other certificates"),
        pytest.param([{**ACME[0], "state": "absent"}], "a", {}, "", None, id="not for an application that is gone"),
    ],
)
def test_who_asks_an_authority_for_certificates_gets_out(
    apps: list[Any], host: str, balancers: dict[str, str], directory: str, ports: list[int] | None
) -> None:
    firewall_out = load("filter/placid.py").FilterModule().filters()["firewall_out"]
    entries = firewall_out(apps, {"host": host, **NETWORK}, balancers, directory)
    found = [each for each in entries if each["name"] == "certificates"]
    assert found == ([{"name": "certificates", "ports": ports, "users": ["placid-acme"]}] if ports else [])


def test_an_authority_without_a_port_is_refused() -> None:
    firewall_out = load("filter/placid.py").FilterModule().filters()["firewall_out"]
    with pytest.raises(AnsibleFilterError, match="tls_acme_directory is 'https://ca:acme/'"):
        firewall_out(ACME, {"host": "a", **NETWORK}, {}, "https://ca:acme/")
