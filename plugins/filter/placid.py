"""From `apps` to what roles and modules take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.errors import AnsibleFilterError

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import application, firewall, fleet, plan, scram, services, sites, tuning
from ansible.module_utils.placid.errors import PlacidError


def _clear(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with our errors as Ansible's."""

    def filter_function(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except PlacidError as error:
            raise AnsibleFilterError(str(error)) from None

    filter_function.__doc__ = function.__doc__
    return filter_function


def applications(apps: Sequence[Mapping[str, Any]], name: str = "") -> list[dict[str, Any]]:
    """Every application, or the named one, with its defaults filled in, without the values of its settings and secrets."""
    chosen = [application.select(apps, name)] if name else application.every(apps)
    return [application.public(app) for app in chosen]


def absent_applications(apps: Sequence[Mapping[str, Any]], service: str = "") -> list[str]:
    """The names of the applications that are to be on no host any more; of those with a service, such as database."""
    return [app["name"] for app in apps if app["name"] in application.absent(apps) and app.get(service, {}) is not False]


def application_variables(
    apps: Sequence[Mapping[str, Any]], name: str, environment: str, network: Mapping[str, Any]
) -> dict[str, Any]:
    """What the processes of one application find in their environment, as the module release takes it."""
    app = application.select(apps, name)
    return {
        "settings": application.environment(app, environment, network),
        "secrets": application.secrets(app, network),
        "direct": services.direct(app, network, secret=False),
        "direct_secrets": services.direct(app, network, secret=True),
        "database_url": services.database(app, network, direct=True)["url"] if app["database"] is not False else "",
    }


def _with(apps: Sequence[Mapping[str, Any]], service: str) -> list[dict[str, Any]]:
    """The applications, normalised, that use a database or a cache."""
    return [app for app in application.every(apps) if app[service] is not False]


def _kept(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The applications, normalised, whose database is on network's host."""
    return [app for app in _with(apps, "database") if services.database_server(app, network) == network.get("host", "")]


def postgresql_databases(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The databases that the applications need on network's host."""
    return [
        {
            "name": app["name"],
            "owner": app["name"],
            "addresses": services.clients(app, network),
            "settings": app["database"]["settings"],
        }
        for app in _kept(apps, network)
    ]


def postgresql_passwords(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> dict[str, str]:
    """The passwords of those that are reached over the network, by owner."""
    reached = [app for app in _kept(apps, network) if services.clients(app, network)]
    return {app["name"]: services.password(app, f"it is on {network.get('host')}") for app in reached}


def postgresql_servers(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> list[str]:
    """The inventory's other hosts on which applications of network's host have their databases."""
    return sorted({services.database_server(app, network) for app in _with(apps, "database")} - {"", network["host"]})


def pgbouncer_instances(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The PgBouncer instances that the applications ask for on network's host."""
    return [services.pooler(app, network)[0] for app in _with(apps, "database") if app["database"]["pooler"]]


def pgbouncer_passwords(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> dict[str, str]:
    """The passwords of those that ask a server over the network, by instance."""
    pooled = [app for app in _with(apps, "database") if app["database"]["pooler"]]
    return {app["name"]: password for app in pooled if (password := services.pooler(app, network)[1])}


def memcached_instances(apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The memcached instances that the applications need on network's host: none where that is no cache server."""
    if not services.cache_is_local(network) and network["host"] not in network["cache_servers"]:
        return []
    instances = [services.instance(app, network) for app in _with(apps, "cache")]
    ports: dict[int, str] = {}
    for each in instances:
        if "port" in each and (other := ports.setdefault(each["port"], each["name"])) != each["name"]:
            raise PlacidError(f"apps[{each['name']}].cache.port: {each['port']} is {other}'s already. Give it another.")
    return instances


def firewall_in(
    apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any], balancers: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """What comes in to network's host: visitors, and other hosts to its databases and caches.

    balancers: address by name; where there are some, visitors come in through them alone.
    """
    host, entries = network["host"], []
    if sites.come_in(network, balancers or {}):
        entries.append({"name": "web", "ports": [80, 443]})
    elif host in network["app_servers"]:
        entries.append({"name": "web", "ports": [80, 443], "from": list((balancers or {}).values())})
    if host in network["database_servers"]:
        clients = [address for each in postgresql_databases(apps, network) for address in each["addresses"]]
        entries.append({"name": "postgresql", "ports": [services.PORT], "from": clients})
    if host in network["cache_servers"]:
        reached = [each for each in memcached_instances(apps, network) if "port" in each]
        entries += [{"name": f"memcached {each['name']}", "ports": [each["port"]], "from": each["clients"]} for each in reached]
    return entries


def firewall_out(
    apps: Sequence[Mapping[str, Any]], network: Mapping[str, Any], balancers: Mapping[str, str] | None = None, authority: str = ""
) -> list[dict[str, Any]]:
    """What goes out from network's host: to an authority for certificates, and to the databases and caches on other hosts.

    balancers: address by name; one that is an application server, too, reaches the others. authority: tls_acme_directory.
    """
    entries = sites.authority(apps, authority) if sites.come_in(network, balancers or {}) else []
    if network["host"] not in network["app_servers"]:
        return entries
    if network["host"] in (balancers or {}):
        entries.append({"name": "web", "ports": [80], "to": list(network["app_servers"].values())})
    for app in _with(apps, "database"):
        server = services.database(app, network, direct=True)
        # The name of a server outside of the inventory may stand for any address.
        there = {"to": [server["host"]]} if firewall.is_address(server["host"]) else {}
        entries += [{"name": f"database {app['name']}", "ports": [server["port"]], **there}] if server["host"] else []
    caches = [] if services.cache_is_local(network) else _with(apps, "cache")
    addresses = list(network["cache_servers"].values())
    return entries + [{"name": f"cache {app['name']}", "ports": [app["cache"]["port"]], "to": addresses} for app in caches]


def certificate_problems(certificates: Any, variable: str = "") -> list[str]:
    """What is wrong with certificates, a line each, or with the one pair of a variable; no line holds any part of a key."""
    # Imported late: each task loads all filters in a process of its own, and cryptography takes a tenth of a second.
    from ansible.module_utils.placid import certificates as late

    return late.pair_problems(certificates, variable) if variable else late.certificate_problems(certificates)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        functions = (
            applications,
            absent_applications,
            application_variables,
            postgresql_databases,
            postgresql_passwords,
            postgresql_servers,
            pgbouncer_instances,
            pgbouncer_passwords,
            memcached_instances,
            firewall_in,
            firewall_out,
        )
        return {
            **{function.__name__: _clear(function) for function in functions},
            "certificate_problems": certificate_problems,
            "firewall_rules": _clear(firewall.rules),
            "tls_certificates": _clear(sites.certificates),
            "load_balancer_sites": _clear(sites.balanced),
            "networks": _clear(sites.networks),
            "behind_balancers": _clear(sites.behind_balancers),
            "visitors_scheme": _clear(sites.scheme),
            "front_door": sites.front_door,
            "application_slots": _clear(application.slots),
            "application_sockets_only": _clear(services.sockets_only),
            "postgresql_tuning": tuning.settings,
            "scram_verifiers": _clear(scram.verifiers),
            "release_target": _clear(plan.target),
            "release_batches": fleet.batches,
            "release_problems": fleet.problems,
            "release_verdict": fleet.verdict,
        }
