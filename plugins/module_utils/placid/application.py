"""An entry of `apps`, checked and with every default filled in.

Pure: no file, no host. The same rules hold for `site.yml`, which makes room for an application, and for `deploy.yml`.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.placid import application_checks as checks
from ansible.module_utils.placid import services
from ansible.module_utils.placid.application_checks import ApplicationError

#: Keys of an application and their defaults; a key without one is required.
DEFAULTS: dict[str, Any] = {
    "state": "present",
    "subdirectory": "",
    "python": "",
    "packages": [],
    "lock": "requirements.txt",
    "lock_missing": "refuse",
    "extras": [],
    "groups": [],
    "builder": "",
    "build_packages": [],
    "settings_module": "",
    "processes": {},
    "app_server": "processes",
    "mod_wsgi": checks.MOD_WSGI,
    "settings": {},
    "secrets": {},
    "static": {"root": "static", "url": "/static/"},
    "media": {"url": "/media/"},
    "database": services.DATABASE,
    "cache": services.CACHE,
    "health_check": {"path": "/", "status": 0, "timeout": 30},
    "test": [],
    "build": [],
    "smoke": [],
    "check_fail_level": "ERROR",
    "check_migrations": True,
    "keep": 5,
    "keep_mb": 0,
    "push_tags": False,
    "batch": "50%",
    "max_body_mb": 20,
    "outgoing": True,
    "tls": False,
}
REQUIRED = ("name", "repository", "domains")


def normalise(app: Mapping[str, Any], where: str = "apps") -> dict[str, Any]:
    """The application with every default filled in. Raises ApplicationError with the path of the key that is wrong."""
    name = app.get("name")
    if not isinstance(name, str) or not checks.APPLICATION_NAME.fullmatch(name):
        raise ApplicationError(
            f"{where}.name is {name!r}. Give a name of at most 24 lower-case letters, digits and underscores that begins "
            "with a letter: it becomes a unix user, a database and the prefix of systemd units."
        )
    if checks.RESERVED.fullmatch(name):
        raise ApplicationError(f"{where}.name is {name!r}, which the system or a server has for itself. Choose another name.")
    where = f"apps[{name}]"
    checks.check_keys(app, (*REQUIRED, *DEFAULTS), where)
    for key in REQUIRED:
        if not app.get(key):
            raise ApplicationError(f"{where}.{key} is missing. Add it to the application in group_vars.")
    result: dict[str, Any] = {}
    for key in (*REQUIRED, *DEFAULTS):
        default = copy.deepcopy(DEFAULTS.get(key))
        value = app.get(key, default)
        if key not in ("tls", "batch"):  # of several kinds: check_tls shows nothing of the one, check_values looks at the other
            checks.check_kind(key, value, [] if key == "domains" else default, where)
        if isinstance(default, dict) and isinstance(value, Mapping):
            if default:
                checks.check_keys(value, default, f"{where}.{key}")
            value = {**default, **value}
        result[key] = value
    result["settings_module"] = result["settings_module"] or f"{name}.settings"
    checks.check_values(result, where)
    processes = result["processes"]
    if result["app_server"] == "mod_wsgi":
        checks.check_mod_wsgi(result, where)
    elif not processes:
        processes = {"web": {"command": f"gunicorn {result['settings_module'].rpartition('.')[0]}.wsgi"}}
    result["processes"] = {key: checks.process(key, value, f"{where}.processes") for key, value in processes.items()}
    for group in ("settings", "secrets"):
        checks.check_sources(result, group, where)
    services.check(result, where)
    checks.check_texts(result, where)
    checks.check_tls(result["tls"], f"{where}.tls")
    return result


def public(app: Mapping[str, Any]) -> dict[str, Any]:
    """A normalised application without the values of its settings and secrets, password and key; `tls` is a word or false."""
    shown = {key: value for key, value in app.items() if key not in ("settings", "secrets")}
    if app["database"] is not False:
        shown["database"] = {key: value for key, value in app["database"].items() if key != "password"}
    return {**shown, "tls": "files"} if isinstance(app["tls"], Mapping) else shown


def certificate(app: Mapping[str, Any]) -> dict[str, Any] | None:
    """The certificate that a normalised application needs, as the role tls takes it."""
    if app["tls"] is False:
        return None
    source = {"source": "files", **app["tls"]} if isinstance(app["tls"], Mapping) else {"source": app["tls"]}
    return {"name": app["name"], "domains": app["domains"], **source}


def absent(apps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the applications that are to be on no host any more."""
    return [normalise(app)["name"] for app in apps if app.get("state") == "absent"]


def select(apps: Sequence[Mapping[str, Any]], name: str = "") -> dict[str, Any]:
    """The one application that is meant, normalised: the named one, or the only one there is."""
    names = [str(app.get("name")) for app in apps]
    doubles = sorted({each for each in names if names.count(each) > 1})
    if doubles:
        raise ApplicationError(f"apps names {', '.join(doubles)} twice. Give each application a name of its own.")
    gone = absent(apps)
    if name in gone:
        raise ApplicationError(
            f"apps[{name}].state is absent: no host has it any more. Take that out, run ansible-playbook site.yml, then deploy."
        )
    apps = [app for app in apps if app.get("name") not in gone]
    names = [each for each in names if each not in gone]
    if not apps:
        raise ApplicationError("No application is described. Add one to `apps` in group_vars/all/apps.yml.")
    if not name and len(apps) > 1:
        raise ApplicationError(f"There are several applications. Say which: -e app={names[0]} (or {', '.join(names[1:])}).")
    if name and name not in names:
        near = difflib.get_close_matches(name, names, 1) or names[:1]
        raise ApplicationError(f"No application is called {name!r}; there is {', '.join(names)}. Say -e app={near[0]}.")
    return normalise(apps[names.index(name) if name else 0])


def every(apps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All that are to be on hosts, normalised, none with a domain of another."""
    gone, claimed = absent(apps), dict[str, str]()
    result = [select(apps, str(app.get("name"))) for app in apps if app.get("name") not in gone]
    for app in result:
        for domain in app["domains"]:
            other = claimed.setdefault(domain.lower(), app["name"])
            if other != app["name"]:
                raise ApplicationError(
                    f"apps[{app['name']}].domains: {domain} belongs to {other} already. Give it to one of them."
                )
    return result


def slots(processes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The units of a process table: one `NAME` a process, or `NAME-1`, `NAME-2`… where its count is above one."""
    result: dict[str, dict[str, Any]] = {}
    for name, process in processes.items():
        count = process["count"]
        for number in range(1, count + 1):
            result[name if count == 1 else f"{name}-{number}"] = {
                "process": name,
                "command": process["command"],
                "overlap": process["overlap"],
            }
    return result


def environment(app: Mapping[str, Any], stage: str, network: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The settings of a normalised application that are no secret, with those that Placid provides.

    stage: sandbox, staging or production. network: as in `services`.
    """
    name = app["name"]
    provided = {
        "DJANGO_SETTINGS_MODULE": app["settings_module"],
        "ALLOWED_HOSTS": ",".join(app["domains"]),
        "STATIC_URL": app["static"]["url"],
        "MEDIA_ROOT": f"/var/lib/{name}/media",
        "MEDIA_URL": app["media"]["url"],
        "PLACID_ENVIRONMENT": stage,
    }
    provided |= services.variables(app, network or {}, secret=False)
    return {**provided, **{key: text(value) for key, value in app["settings"].items()}}


def secrets(app: Mapping[str, Any], network: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The secrets of a normalised application, with those that Placid provides."""
    provided = services.variables(app, network or {}, secret=True)
    return {**provided, **{key: text(value) for key, value in app["secrets"].items()}}


def text(value: Any) -> str:
    """A setting as the environment holds it: YAML's booleans and numbers in the form that they were written."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def digest(value: Any) -> str:
    """The sha256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
