"""What an entry of `apps` may hold: each check raises ApplicationError with the path of the key, and what to write there."""

from __future__ import annotations

import difflib
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.placid.dotenv import NAME as SETTING_NAME
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.fleet import batch_size

APPLICATION_NAME = re.compile(r"^[a-z][a-z0-9_]{0,23}")
#: Names that the system, PostgreSQL, or a server that Placid installs has for itself; on a host, `room` looks for others.
RESERVED = re.compile(
    "pg_.*|template[01]|all|none|public|replication|same(user|role|group)|systemd_.*|"
    "root|daemon|bin|sys|sync|games|man|lp|mail|news|uucp|proxy|backup|list|irc|nobody|sshd|sudo|adm|staff|users|"
    "placid|nginx|apache2?|postgres(ql)?|pgbouncer|memcached?|fail2ban|aide|nftables"
)
PROCESS_NAME = re.compile(r"^[a-z][a-z0-9_]{0,23}")
MEMORY = re.compile(r"(?:[1-9][0-9]*[KMG])?")
DOMAIN = re.compile(r"(?:\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
ADDRESS = re.compile(r"/[^\s\"';{}$\\]*")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
BUILDER = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*)?")
PREFIX = re.compile(r"/(?:[A-Za-z0-9._~-]+/)+")
DIRECTORY = re.compile(r"(?:(?!\.)[A-Za-z0-9._-]+)?")
PYTHON = re.compile(r"(?:3\.[0-9]{1,2})?")
#: A path below the top of a repository.
BELOW = re.compile(r"(?!-)(?:(?!\.\.?(?:/|$))[^/\s][^/\n\r\0]*(?:/|$))*")
MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
EXTRA = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
PROCESS_DEFAULTS: dict[str, Any] = {"count": 1, "overlap": True, "memory_max": "", "cpu_percent": 0, "tasks_max": 0}
#: The processes of an application that Apache serves, each group; 0 sets no limit of memory, timeout is in seconds.
MOD_WSGI: dict[str, Any] = {"processes": 2, "threads": 8, "memory_mb": 0, "timeout": 60}
#: Whose value may also be false: the application does without.
OPTIONAL = ("database", "cache")
CHOICES = {
    "state": ("present", "absent"),
    "lock_missing": ("refuse", "generate"),
    "app_server": ("processes", "mod_wsgi"),
    "check_fail_level": ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"),
}
_KINDS = {dict: "a mapping", list: "a list", str: "text, in quotes", int: "a number", bool: "true or false"}
#: Where a certificate comes from, where it is not given; and what is given.
TLS_SOURCES = ("acme", "self_signed")
CERTIFICATE_KEYS = ("certificate", "key")
#: Settings that Placid sets itself; one in `settings` or `secrets` would have two sources.
PROVIDED = (
    "DJANGO_SETTINGS_MODULE",
    "DATABASE_URL",
    "DATABASE_POOLER",
    "CACHE_URL",
    "ALLOWED_HOSTS",
    "STATIC_ROOT",
    "STATIC_URL",
    "MEDIA_ROOT",
    "MEDIA_URL",
    "PLACID_ENVIRONMENT",
    "PLACID_RELEASE",
    "PLACID_COMMIT",
)


class ApplicationError(PlacidError):
    """An entry of `apps` that cannot be deployed as it is written."""


def check_keys(given: Mapping[str, Any], known: Sequence[str] | Mapping[str, Any], where: str) -> None:
    """Every key is known; a near miss is offered."""
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), list(known), 1)
            hint = f" Did you mean {near[0]}?" if near else f" Known are {', '.join(sorted(known))}."
            raise ApplicationError(f"{where}.{key} is no key of an application.{hint}")


def check_kind(key: str, value: Any, default: Any, where: str) -> None:
    """A value is of the kind that its default shows; database and cache may also be false."""
    kind = str if default is None else type(default)
    expected = Mapping if kind is dict else kind
    if (isinstance(value, expected) and isinstance(value, bool) == (kind is bool)) or (key in OPTIONAL and value is False):
        return
    raise ApplicationError(f"{where}.{key} is {value!r}. Give {_KINDS[kind]}{' or false' if key in OPTIONAL else ''}.")


def check_values(app: Mapping[str, Any], where: str) -> None:
    """Values are among their choices, and every setting has a name that an environment can hold."""
    for key, choices in CHOICES.items():
        if app[key] not in choices:
            raise ApplicationError(
                f"{where}.{key} is {app[key]!r}. Give one of {', '.join(each or 'nothing' for each in choices)}."
            )
    if app["keep"] < 1:
        raise ApplicationError(f"{where}.keep is {app['keep']}. Keep at least 1 release: the live one.")
    health = app["health_check"]
    for key, value, fits, wanted in (
        ("keep_mb", app["keep_mb"], app["keep_mb"] >= 0, "the megabytes that releases may take, or 0 for any number"),
        ("max_body_mb", app["max_body_mb"], app["max_body_mb"] >= 1, "a number of megabytes from 1 on"),
        (
            "health_check.status",
            health["status"],
            is_number(health["status"], 100, 599) or health["status"] == 0,
            "the status that a healthy application answers, such as 200; 0 for any below 500 but 400",
        ),
        ("health_check.timeout", health["timeout"], is_number(health["timeout"], 1, 3600), "a number of seconds from 1 to 3600"),
    ):
        if not fits:
            raise ApplicationError(f"{where}.{key} is {value!r}. Give {wanted}.")
    for key in ("test", "build"):
        for line in app[key]:
            _check_command(line, f"{where}.{key}: {line!r}")
    try:
        batch_size(app["batch"], 1)
    except ValueError:
        raise ApplicationError(
            f"{where}.batch is {app['batch']!r}. Give how many hosts switch together: a number, or a share such as 50%."
        ) from None
    for name in [*app["settings"], *app["secrets"]]:
        if not SETTING_NAME.fullmatch(str(name)):
            raise ApplicationError(f"{where}: the setting {name!r} cannot be an environment variable. Use letters, digits and _.")


def is_number(value: Any, least: int, most: float = math.inf) -> bool:
    """Whether it is a whole number between the two; of Ansible's own kind, too. true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _check_command(command: Any, where: str) -> None:
    """A command is one line of words."""
    if not isinstance(command or "", str) or "\n" in (command or ""):
        raise ApplicationError(f"{where} is not one line of text. Write it as you would type it.")
    try:
        words = shlex.split(command or "")
    except ValueError as error:
        raise ApplicationError(f"{where} cannot be read: {error}. Quote it as for a shell.") from None
    if not words:
        raise ApplicationError(f"{where} is missing. Give the program and its arguments.")


def process(name: str, value: Any, where: str) -> dict[str, Any]:
    """One process of the table with its defaults filled in."""
    where = f"{where}.{name}"
    if not PROCESS_NAME.fullmatch(str(name)):
        raise ApplicationError(f"{where}: name a process with lower-case letters, digits and underscores, such as worker.")
    if not isinstance(value, Mapping):
        raise ApplicationError(f"{where} is not a mapping. Write {name}: {{command: …}}.")
    check_keys(value, ("command", *PROCESS_DEFAULTS), where)
    process = {**PROCESS_DEFAULTS, **value}
    _check_command(process.get("command"), f"{where}.command")
    if not is_number(process["count"], 1, 64):
        raise ApplicationError(f"{where}.count is {process['count']!r}. Give a number from 1 to 64.")
    if not isinstance(process["overlap"], bool):
        raise ApplicationError(f"{where}.overlap is {process['overlap']!r}. Give true or false, without quotes.")
    if not MEMORY.fullmatch(str(process["memory_max"])):
        raise ApplicationError(f"{where}.memory_max is {process['memory_max']!r}. Give a size with K, M or G, such as 512M.")
    for key, example in (("cpu_percent", "150 for one and a half processors"), ("tasks_max", "64 for 64 processes and threads")):
        if not is_number(process[key], 0):
            raise ApplicationError(f"{where}.{key} is {process[key]!r}. Give a number, such as {example}; 0 sets no limit.")
    if name == "web" and process["count"] != 1:
        raise ApplicationError(f"{where}.count must be 1: a web server forks its own workers (gunicorn --workers 3).")
    return process


def check_mod_wsgi(app: Mapping[str, Any], where: str) -> None:
    """What Apache's own processes can do for an application."""
    if "web" in app["processes"]:
        raise ApplicationError(f"{where}.processes has web, which mod_wsgi is itself. Take it out, or take out app_server.")
    for key, value in app["mod_wsgi"].items():
        if not is_number(value, 0 if key == "memory_mb" else 1):
            raise ApplicationError(f"{where}.mod_wsgi.{key} is {value!r}. Give a number, such as {MOD_WSGI[key] or 512}.")


def check_texts(app: Mapping[str, Any], where: str) -> None:
    """What becomes a part of the web server's configuration, or a path."""
    checks = [(f"domains: {domain}", DOMAIN, domain, "a name such as www.example.org") for domain in app["domains"]]
    for key, example in (("packages", "gettext"), ("build_packages", "libxml2-dev")):
        checks += [(f"{key}: {each}", PACKAGE, each, f"a Debian package such as {example}") for each in app[key]]
    checks += [(f"{key}: {each}", EXTRA, each, "a name such as redis") for key in ("extras", "groups") for each in app[key]]
    checks += [
        ("python", PYTHON, app["python"], 'a version in quotes, such as "3.13", or nothing for Debian\'s own'),
        ("subdirectory", BELOW, app["subdirectory"], "a directory of the repository, such as site"),
        ("lock", BELOW, app["lock"] or None, "a file of the repository, such as requirements.txt"),
        ("settings_module", MODULE, app["settings_module"], f"a module such as {app['name']}.settings"),
    ]
    checks += [("builder", BUILDER, app["builder"], "nothing, local, or the name of a host of the group builders")]
    checks += [(f"smoke: {path}", ADDRESS, path, "a path such as /about/") for path in app["smoke"]]
    checks += [
        (
            "static.root",
            DIRECTORY,
            app["static"]["root"],
            "a directory at the top of the release that the commit does not have, such as static",
        ),
        ("static.url", PREFIX, app["static"]["url"], "a path that begins and ends with a slash, such as /static/"),
        ("media.url", PREFIX, app["media"]["url"], "a path that begins and ends with a slash, such as /media/"),
        ("health_check.path", ADDRESS, app["health_check"]["path"], "a path such as /healthz"),
    ]
    for key, pattern, value, wanted in checks:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ApplicationError(f"{where}.{key} is {value!r}. Give {wanted}.")
    if app["static"]["root"] and app["media"]["url"].startswith(app["static"]["url"]):
        raise ApplicationError(
            f"{where}.media.url is {app['media']['url']!r}, which static.url has already. Give it a path of its own."
        )


def check_tls(value: Any, where: str) -> None:
    """No message holds the value: it may be a key."""
    if isinstance(value, Mapping):
        check_keys(value, CERTIFICATE_KEYS, where)
        for key in CERTIFICATE_KEYS:
            if not value.get(key):
                raise ApplicationError(f"{where}.{key} is missing. Give both, certificate and key, in PEM.")
    elif value is not False and value not in TLS_SOURCES:
        raise ApplicationError(f"{where} is none of false, {', '.join(TLS_SOURCES)} and a mapping of certificate and key.")


def check_sources(app: Mapping[str, Any], group: str, where: str) -> None:
    """A setting has one source, and a value that is text."""
    for key, value in app[group].items():
        if key in PROVIDED:
            raise ApplicationError(f"{where}.{group}.{key} is set by Placid itself. Remove it.")
        if group == "settings" and key in app["secrets"]:
            raise ApplicationError(f"{where} has {key} in both settings and secrets. Keep one of them.")
        if isinstance(value, (Mapping, list)) or value is None:
            raise ApplicationError(f"{where}.{group}.{key} is no text. Write it in quotes, as the application is to read it.")
