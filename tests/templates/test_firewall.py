from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Render = Callable[..., str]
ANYWHERE = {"name": "ssh", "ports": [22]}


def rules(render: Render, **variables: Any) -> list[str]:
    text = render("firewall", "placid.nft.j2", **{"__firewall_ssh": ANYWHERE, **variables})
    return [line.strip() for line in text.splitlines()]


def test_the_table_takes_its_own_place_in_one_step(render: Render) -> None:
    lines = [line for line in rules(render) if line and line[0] != "#"]
    assert lines[:3] == ["table inet placid", "delete table inet placid", "table inet placid {"]


def test_what_was_handed_over_and_what_is_the_operators_pass(render: Render) -> None:
    lines = rules(
        render,
        firewall_in=[{"name": "web", "ports": [80]}],
        firewall_extra_in=[{"name": "mine", "ports": [81]}],
        firewall_out=[{"name": "database", "ports": [5432], "to": ["10.0.0.2"]}],
        firewall_extra_out=[{"name": "mine", "ports": [25]}],
    )
    for rule in (
        'tcp dport { 22 } accept comment "ssh"',
        'tcp dport { 80 } accept comment "web"',
        'tcp dport { 81 } accept comment "mine"',
        'ip daddr { 10.0.0.2 } tcp dport { 5432 } accept comment "database"',
        'tcp dport { 25 } accept comment "mine"',
    ):
        assert rule in lines


def test_packages_are_for_root_and_apt_alone(render: Render) -> None:
    assert 'meta skuid { "root", "_apt" } tcp dport { 80, 443 } accept comment "packages"' in rules(render)


@pytest.mark.parametrize(("choice", "policies"), [("deny", ["drop", "drop"]), ("allow", ["drop", "accept"])])
def test_what_goes_out_is_a_choice_and_what_comes_in_is_none(render: Render, choice: str, policies: list[str]) -> None:
    hooks = [line for line in rules(render, firewall_out_default=choice) if line.startswith("type filter hook")]
    assert [line.split("policy ")[1].rstrip(";") for line in hooks] == policies


def test_the_rules_come_before_the_network(render: Render) -> None:
    lines = render("firewall", "placid-firewall.service.j2").splitlines()
    assert {"Before=network-pre.target shutdown.target", "WantedBy=sysinit.target"} <= set(lines)
