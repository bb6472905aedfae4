"""Where an application finds its database and its cache: on its own host by a socket, or on another over the network.

Pure. `network` is what the inventory says, {"host": the host in question, "app_servers": {name: address}, "database_servers":
{name: address}, "cache_servers": {name: address}}; without it everything is on one host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ansible.module_utils.placid.application_checks import ApplicationError, check_keys, is_number
from ansible.module_utils.placid.dotenv import NAME as SETTING_NAME

#: Keys of an application's `database` and their defaults; port, name, user and options are for a server outside of the inventory.
DATABASE: dict[str, Any] = {
    "host": "",
    "port": 0,
    "name": "",
    "user": "",
    "password": "",  # nosec B105: none
    "pooler": "",
    "options": {},
    "settings": {},
    "variables": {"url": "DATABASE_URL", "pooler": "DATABASE_POOLER"},
    "dump_before_migrate": False,
    "keep_dumps": 5,
}
CACHE: dict[str, Any] = {"memory_mb": 64, "port": 11211, "variables": {"url": "CACHE_URL"}}
#: What `variables` may give a name to.
DATABASE_VALUES = ("url", "host", "port", "name", "user", "password", "sslmode", "sslrootcert", "pooler")
CACHE_VALUES = ("url", "location")
#: Those that hold the password, where there is one.
SECRET_VALUES = ("url", "password")
PORT = 5432
_FOREIGN = ("port", "name", "user", "options")
#: What a connection's address and PgBouncer's configuration can hold.
_SERVER_WORD = {"host": re.compile(r"[A-Za-z0-9._:-]*"), **dict.fromkeys(("name", "user"), re.compile(r"[^\s'\"\\;=]*"))}
_ROLE_SETTING = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


def check(app: Mapping[str, Any], where: str) -> None:
    """Refuse what neither a server nor an environment could take. No message holds the password."""
    for service, values, least_port in (("database", DATABASE_VALUES, 0), ("cache", CACHE_VALUES, 1)):
        given, here = app[service], f"{where}.{service}"
        if given is False:
            continue
        if not isinstance(given["variables"], Mapping):
            raise ApplicationError(f"{here}.variables is no mapping. Write variables: {{url: {service.upper()}_URL}}.")
        check_keys(given["variables"], values, f"{here}.variables")
        for name in given["variables"].values():
            if not SETTING_NAME.fullmatch(str(name)):
                raise ApplicationError(f"{here}.variables has {name!r}, which cannot be the name of an environment variable.")
            if name in app["settings"] or name in app["secrets"]:
                raise ApplicationError(f"{here}.variables has {name}, which settings or secrets have, too. Keep one of them.")
        if not is_number(given["port"], least_port, 65535):
            raise ApplicationError(f"{here}.port is {given['port']!r}. Give a number from 1 to 65535.")
    if app["cache"] is not False and not is_number(app["cache"]["memory_mb"], 1):
        raise ApplicationError(f"{where}.cache.memory_mb is {app['cache']['memory_mb']!r}. Give a number of megabytes.")
    if app["database"] is not False:
        _check_database(app["database"], f"{where}.database")


def _check_database(given: Mapping[str, Any], where: str) -> None:
    if not isinstance(given["password"], str):
        raise ApplicationError(f"{where}.password is no text. Hand on a variable of the vault, in quotes.")
    for key, kind in (("host", str), ("name", str), ("user", str), ("options", Mapping), ("settings", Mapping)):
        if not isinstance(given[key], kind):
            raise ApplicationError(f"{where}.{key} is {given[key]!r}. Give {'text' if kind is str else 'a mapping'}.")
    for key, example in (("host", "db.example.org or 192.0.2.31"), ("name", "main"), ("user", "ada")):
        if not _SERVER_WORD[key].fullmatch(given[key]):
            raise ApplicationError(f"{where}.{key} is {given[key]!r}. Give one word, such as {example}.")
    if not isinstance(given["dump_before_migrate"], bool):
        raise ApplicationError(f"{where}.dump_before_migrate is {given['dump_before_migrate']!r}. Give true or false.")
    if not is_number(given["keep_dumps"], 1):
        raise ApplicationError(f"{where}.keep_dumps is {given['keep_dumps']!r}. Give a number from 1 on.")
    if given["pooler"] not in ("", "pgbouncer"):
        raise ApplicationError(f"{where}.pooler is {given['pooler']!r}. Give pgbouncer, or nothing for none.")
    for key in _FOREIGN:
        if given[key] and not given["host"]:
            raise ApplicationError(f"{where}.{key} is for a server outside of the inventory. Give its address as {where}.host.")
    for name, value in given["settings"].items():
        if not _ROLE_SETTING.fullmatch(str(name)) or not isinstance(value, (str, int)):
            raise ApplicationError(f"{where}.settings.{name} is no setting. Write it as in lock_timeout: 30s.")


def trust(server: str) -> str:
    """The file by which a client recognises one of the inventory's database servers."""
    return f"/etc/ssl/postgresql/{server}.pem"


def database_server(app: Mapping[str, Any], network: Mapping[str, Any]) -> str:
    """The inventory's host that holds the application's database; empty for a server that is not the inventory's."""
    host, servers = app["database"]["host"], network.get("database_servers") or {}
    if host:
        return str(host) if host in servers else ""
    if len(servers) > 1:
        raise ApplicationError(
            f"apps[{app['name']}].database.host is missing: there are several database servers, {', '.join(servers)}. "
            "Name the one that is to hold the database."
        )
    return str(next(iter(servers), network.get("host", "")))


def clients(app: Mapping[str, Any], network: Mapping[str, Any]) -> list[str]:
    """The addresses from which the application reaches its database over the network; none where it is on the same host."""
    server = database_server(app, network)
    others = {name: address for name, address in (network.get("app_servers") or {}).items() if name != server}
    return [_address(name, address) for name, address in others.items()] if server else []


def password(app: Mapping[str, Any], where: str) -> str:
    """The password of an application's database. Raises ApplicationError where there is none."""
    if not app["database"]["password"]:
        name = app["name"]
        raise ApplicationError(
            f"apps[{name}].database.password is missing, and its database is reached over the network ({where}). Put one into "
            f"the vault as vault_{name}_database_password and hand it on: database: {{password: ...}} (docs/applications.md)."
        )
    return str(app["database"]["password"])


def database(app: Mapping[str, Any], network: Mapping[str, Any], direct: bool = False) -> dict[str, str]:
    """The values of DATABASE_VALUES for a normalised application on network's host. direct: not through its pooler."""
    pooler = "" if direct else app["database"]["pooler"]
    if pooler:
        directory = f"/run/pgbouncer-{app['name']}"
        values = {"url": f"postgresql:///{app['name']}?host={directory}", "host": directory, "port": str(PORT)}
        return {**values, **_local(app), "pooler": pooler}
    return {**_server(app, network), "pooler": ""}


def _local(app: Mapping[str, Any]) -> dict[str, str]:
    none = ""  # the socket says who comes
    return {"name": app["name"], "user": app["name"], "password": none, "sslmode": "disable", "sslrootcert": ""}


def _server(app: Mapping[str, Any], network: Mapping[str, Any]) -> dict[str, str]:
    given, server = app["database"], database_server(app, network)
    if server and server == network.get("host", ""):
        return {"url": f"postgresql:///{app['name']}", "host": "", "port": str(PORT), **_local(app)}
    if server:
        host, port, name, user = _address(server, network["database_servers"][server]), PORT, app["name"], app["name"]
        options = {"sslmode": "verify-full", "sslrootcert": trust(server)}
    elif given["host"]:
        host, port = given["host"], given["port"] or PORT
        name, user = given["name"] or app["name"], given["user"] or app["name"]
        options = {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/certs/ca-certificates.crt", **given["options"]}
    else:  # no inventory, as in a test of one role: its own host
        return _server(app, {"host": "localhost", "database_servers": {"localhost": ""}})
    secret = password(app, f"{network.get('host')} asks {server or host}")
    at = f"{quote(user, '')}:{quote(secret, '')}@{f'[{host}]' if ':' in host else host}:{port}"
    url = f"postgresql://{at}/{quote(name, '')}?{urlencode(options, safe='/')}"
    values = {"url": url, "host": host, "port": str(port), "name": name, "user": user, "password": secret}
    return {**values, "sslmode": options["sslmode"], "sslrootcert": options["sslrootcert"]}


def direct(app: Mapping[str, Any], network: Mapping[str, Any], secret: bool) -> dict[str, str]:
    """The variables of the database that do not lead through its pooler, for migrations, whose locks a pooler would lose."""
    if app["database"] is False or not app["database"]["pooler"]:
        return {}
    values = database(app, network, direct=True)
    hidden = SECRET_VALUES if values["password"] else ()
    return {name: values[key] for key, name in app["database"]["variables"].items() if (key in hidden) == secret}


def pooler(app: Mapping[str, Any], network: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The PgBouncer of a normalised application on network's host, as the role pgbouncer takes it, and its password."""
    values = database(app, network, direct=True)
    if not values["host"]:
        return {"name": app["name"]}, ""
    server = {"host": values["host"], "port": int(values["port"]), "database": values["name"], "user": values["user"]}
    trusted = {"sslmode": values["sslmode"], "sslrootcert": values["sslrootcert"]}
    return {"name": app["name"], **server, **trusted}, values["password"]


def cache_is_local(network: Mapping[str, Any]) -> bool:
    """Whether the one application server is the one cache server, so that a socket will do."""
    servers = {*(network.get("app_servers") or {}), *(network.get("cache_servers") or {})}
    return len(servers) <= 1 or not network.get("cache_servers")


def sockets_only(app: Mapping[str, Any], network: Mapping[str, Any]) -> bool:
    """Whether a normalised application on network's host needs no network: its database and its cache are reached by sockets."""
    if app["outgoing"] or not (app["cache"] is False or cache_is_local(network)):
        return False
    if app["database"] is False or app["database"]["pooler"]:
        return True
    server = database_server(app, network)
    return server == network.get("host", "") if server else not app["database"]["host"]


def cache(app: Mapping[str, Any], network: Mapping[str, Any]) -> dict[str, str]:
    """The values of CACHE_VALUES for a normalised application: all cache servers, each with a part of the keys."""
    if cache_is_local(network):
        path = f"/run/memcached-{app['name']}/memcached.sock"
        return {"url": f"memcached+unix:{path}", "location": f"unix:{path}"}
    servers = sorted(network["cache_servers"].items())
    addresses = [bracketed(_address(name, address)) for name, address in servers]
    location = ",".join(f"{address}:{app['cache']['port']}" for address in addresses)
    return {"url": f"memcached://{location}", "location": location}


def instance(app: Mapping[str, Any], network: Mapping[str, Any]) -> dict[str, Any]:
    """The memcached of a normalised application on network's host, as the role memcached takes it."""
    result = {"name": app["name"], "memory_mb": app["cache"]["memory_mb"]}
    if cache_is_local(network):
        return {**result, "group": app["name"]}
    address = _address(network["host"], network["cache_servers"][network["host"]])
    allowed = [_address(name, each) for name, each in network["app_servers"].items()]
    return {**result, "address": address, "port": app["cache"]["port"], "clients": allowed}


def variables(app: Mapping[str, Any], network: Mapping[str, Any], secret: bool) -> dict[str, str]:
    """Database and cache under the names that the application gave them: those that hold a password, or those that do not."""
    result: dict[str, str] = {}
    if app["database"] is not False:
        values = database(app, network)
        hidden = SECRET_VALUES if values["password"] else ()
        names = {key: name for key, name in app["database"]["variables"].items() if key != "pooler" or values["pooler"]}
        result |= {name: values[key] for key, name in names.items() if (key in hidden) == secret}
    if app["cache"] is not False and not secret:
        values = cache(app, network)
        result |= {name: values[key] for key, name in app["cache"]["variables"].items()}
    return result


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _address(host: str, address: str) -> str:
    try:
        return str(ipaddress.ip_address(str(address)))
    except ValueError:
        raise ApplicationError(
            f"private_address of {host} is {address!r}, and other hosts are to reach it over the network. Give {host} its IP "
            "address in the inventory: private_address: 192.0.2.10"
        ) from None
