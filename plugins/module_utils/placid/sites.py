"""The sites of `apps`: where visitors come in to them, and which certificates they need there."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.placid import application
from ansible.module_utils.placid.errors import PlacidError

#: Who asks an authority, of the role tls.
ACME_USER = "placid-acme"


def come_in(network: Mapping[str, Any], balancers: Mapping[str, str]) -> bool:
    """Whether visitors, and whoever issues certificates, come in to network's host itself. balancers: address by name."""
    return network["host"] in (balancers or network["app_servers"])


def certificates(apps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The certificates that the applications need, keys included."""
    return [certificate for app in application.every(apps) if (certificate := application.certificate(app))]


def authority(apps: Sequence[Mapping[str, Any]], directory: str) -> list[dict[str, Any]]:
    """What passes out to the authority with that directory, a URL, where applications want its certificates."""
    try:
        port = urlsplit(directory).port or 443
    except ValueError:
        raise PlacidError(
            f"tls_acme_directory is {directory!r}, and its port none. Give a URL that begins with https://."
        ) from None
    wanted = any(each["source"] == "acme" for each in certificates(apps))
    return [{"name": "certificates", "ports": [port], "users": [ACME_USER]}] if wanted else []


def balanced(apps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The sites that a load balancer has, as the role load_balancer takes them."""
    return [
        {
            "name": app["name"],
            "domains": app["domains"],
            "tls": app["tls"] is not False,
            "max_body_mb": app["max_body_mb"],
            "static_url": app["static"]["url"] if app["static"]["root"] else "",
        }
        for app in application.every(apps)
        if "web" in app["processes"] or app["app_server"] == "mod_wsgi"
    ]


def behind_balancers(apps: Sequence[Mapping[str, Any]], balancers: Sequence[str]) -> list[Mapping[str, Any]]:
    """The applications as the hosts behind load balancers serve them: the certificates are there, and here is plain HTTP."""
    return [{**app, "tls": False} if balancers and app.get("tls") else app for app in apps]


def scheme(apps: Sequence[Mapping[str, Any]], name: str, balancers: Sequence[str]) -> str:
    """The scheme of visitors who come in through load balancers to the named, or the only, application."""
    chosen = [app for app in apps if name in ("", app.get("name"))]
    return "https" if balancers and any(app.get("tls") for app in chosen) else "http"


def front_door(app: Mapping[str, Any], scheme: str) -> dict[str, Any]:
    """How visitors come in to an application of `application.public` on its own host, as the module release takes it.

    scheme: that of visitors who come in through something that ends TLS before, or http.
    """
    certificate = f"/etc/ssl/placid/{app['name']}/fullchain.pem" if app["tls"] else ""
    port, scheme = (443, "https") if app["tls"] else (80, scheme)
    return {"host": app["domains"][0], "port": port, "scheme": scheme, "certificate": certificate, "smoke": app["smoke"]}


def networks(addresses: Any, variable: str) -> list[str]:
    """Addresses and networks of a variable as both web servers read them: of everybody, Apache knows the halves alone."""
    if isinstance(addresses, str):
        raise PlacidError(f"{variable} is {addresses!r}, but must be a list of addresses.")
    found: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for address in addresses:
        try:
            network = ipaddress.ip_network(str(address))
        except ValueError as error:
            example = "Give one such as 192.0.2.10 or 192.0.2.0/24"
            raise PlacidError(f"{variable}: {address!r} is no address or network ({error}). {example}.") from None
        found += network.subnets() if network.prefixlen == 0 else [network]
    return [str(each.network_address if each.prefixlen == each.max_prefixlen else each) for each in found]
