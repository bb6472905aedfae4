"""From what roles and the operator declare to rules as nftables reads them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.placid.errors import PlacidError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_HIGHEST = 65535

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class FirewallError(PlacidError):
    """Something declared that is no rule."""


def is_address(text: str) -> bool:
    """Whether a text is an IP address, which nftables takes, or a name, which it does not."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def rules(entries: Iterable[Mapping[str, Any]], direction: str) -> list[str]:
    """The rules that let the entries pass, direction `in` or `out`, one or two (IPv4, IPv6) for each entry."""
    key, field = {"in": ("from", "saddr"), "out": ("to", "daddr")}[direction]
    return [line for entry in entries for line in _lines(entry, key, field)]


def _lines(entry: Mapping[str, Any], key: str, field: str) -> Iterable[str]:
    name = str(entry.get("name", ""))
    if not _NAME.fullmatch(name):
        raise FirewallError(f"{dict(entry)}: name must say what passes, in letters, digits, blank, . _ and -, 60 at most.")
    unknown = sorted(entry.keys() - {"name", "ports", "protocol", "users", key})
    if unknown:
        raise FirewallError(f"{name}: there is no {', '.join(unknown)} here. Use name, ports, protocol, users and {key}.")
    protocol = entry.get("protocol", "tcp")
    if protocol not in ("tcp", "udp"):
        raise FirewallError(f"{name}: protocol is {protocol!r}, but must be tcp or udp.")
    words = [_users(name, entry["users"])] if "users" in entry else []
    words += [f"{protocol} dport {_set(_ports(name, entry.get('ports') or []))}", "accept", f'comment "{name}"']
    if key not in entry:
        yield " ".join(words)
        return
    for family, networks in _networks(name, key, entry[key]).items():
        if networks:  # an empty list is nobody, and not everybody
            yield " ".join([f"{family} {field} {_set(networks)}", *words])


def _set(elements: Iterable[object]) -> str:
    return f"{{ {', '.join(map(str, elements))} }}"


def _users(name: str, users: Sequence[str]) -> str:
    wrong = [user for user in users if not _USER.fullmatch(str(user))]
    if wrong or not users:
        raise FirewallError(f"{name}: users is {list(users)!r}, but must be names of the host's users.")
    return f"meta skuid {_set(f'{chr(34)}{user}{chr(34)}' for user in users)}"


def _ports(name: str, ports: Sequence[Any]) -> list[str]:
    """Ports and ranges in order, those that touch or overlap as one: nftables refuses them otherwise."""
    spans = []
    for port in ports:
        first, _, last = str(port).partition("-")
        if not (first.isdigit() and (last or first).isdigit() and 1 <= int(first) <= int(last or first) <= _HIGHEST):
            raise FirewallError(f"{name}: {port!r} is no port. Give a number from 1 to {_HIGHEST}, or a range as 8000-8010.")
        spans.append((int(first), int(last or first)))
    if not spans:
        raise FirewallError(f"{name}: ports is missing or empty. Give those that pass, for example [443].")
    merged: list[tuple[int, int]] = []
    for first_port, last_port in sorted(spans):
        if merged and first_port <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last_port))
        else:
            merged.append((first_port, last_port))
    return [str(low) if low == high else f"{low}-{high}" for low, high in merged]


def _networks(name: str, key: str, addresses: Any) -> dict[str, list[str]]:
    """The addresses by family; those that others hold are left out: nftables refuses them."""
    if isinstance(addresses, str):
        raise FirewallError(f"{name}: {key} is {addresses!r}, but must be a list of addresses.")
    found: dict[str, list[Any]] = {"ip": [], "ip6": []}
    for address in addresses:
        try:
            network = ipaddress.ip_network(str(address))
        except ValueError as error:
            raise FirewallError(f"{name}: {address!r} in {key} is no address or network ({error}).") from None
        found["ip" if network.version == 4 else "ip6"].append(network)
    return {family: [_short(each) for each in ipaddress.collapse_addresses(nets)] for family, nets in found.items()}


def _short(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
