"""What a deployment is going to do, decided once for all hosts of an application before any is touched."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.module_utils.placid import fleet, schema
from ansible.module_utils.placid.application import digest, slots
from ansible.module_utils.placid.errors import PlacidError, SourceError

#: What of an application is fixed when a release is staged; the rest follows the inventory.
FIXED = ("processes", "static", "build", "health_check", "settings_module", "check_fail_level")
#: And of a process; its limits are in its unit.
PROCESS = ("command", "count", "overlap")
#: How the live commit stands to one that it is no ancestor of.
WAYS = {"backward": "goes backward", "diverged": "has diverged"}


class PlanError(PlacidError):
    """A deployment that cannot be done on these hosts."""


def target(application: str, python: str, hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What the wheels must fit: the hosts' interpreter, machine and C library. Raises PlanError when no wheelhouse fits all.

    python: the version that the application asks for, or nothing for the hosts' own. hosts: what `ask` said of each.
    """
    missing = [host for host, info in hosts.items() if not info["prepared"]]
    if missing:
        raise PlanError(
            f"{', '.join(missing)}: not prepared for {application}. Run ansible-playbook site.yml -l {','.join(missing)} first."
        )
    lacking = [host for host, info in hosts.items() if python and python not in info["pythons"]]
    if lacking:
        have = ", ".join(hosts[lacking[0]]["pythons"])
        raise PlanError(
            f"{', '.join(lacking)}: no Python {python}, but {have}. Change apps[{application}].python, or install it there."
        )
    targets = {host: {**info["target"], "python": python or info["target"]["python"]} for host, info in hosts.items()}
    for key, remedy in (
        ("python", "name one version in apps[{}].python"),
        ("machine", "let all that one environment has be of one kind"),
    ):
        if len({each[key] for each in targets.values()}) > 1:
            found = ", ".join(f"{host} {each[key]}" for host, each in targets.items())
            raise PlanError(
                f"The hosts differ in their {key} ({found}), so one wheelhouse cannot serve them: {remedy.format(application)}."
            )
    oldest = min((each["glibc"] for each in targets.values()), key=lambda version: [int(part) for part in version.split(".")])
    return {**next(iter(targets.values())), "glibc": oldest}


def release(
    app: Mapping[str, Any], manifest: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], now: datetime.datetime
) -> dict[str, Any]:
    """What release.json is to hold. A release of the same content that a host has already is taken up again under its id."""
    fixed = {key: app[key] for key in FIXED}
    fixed["processes"] = {name: {key: process[key] for key in PROCESS} for name, process in app["processes"].items()}
    # A release without one of these has the digest that it always had.
    if app["app_server"] == "mod_wsgi":
        fixed["app_server"] = app["app_server"]
    if not app["check_migrations"]:
        fixed["check_migrations"] = False
    content = {
        **fixed,
        "format": 1,
        "application": app["name"],
        "commit": manifest["commit"],
        "artefact": manifest["digest"],
        "source": manifest["source"]["file"],
        "venv_digest": manifest["venv_digest"],
        "wheels": sorted(wheel["sha256"] for wheel in [*manifest["wheels"], manifest["installer"]]),
    }
    spec_digest = digest(content)
    same = [name for info in hosts.values() for name, spec in info["releases"].items() if spec.get("spec_digest") == spec_digest]
    name = max(same, default=f"{now:%Y%m%dT%H%M%SZ}-{manifest['commit'][:8]}")
    return {**content, "id": name, "spec_digest": spec_digest}


def rollback_target(wanted: str, hosts: Mapping[str, Mapping[str, Any]], commit_of: Callable[[str], str]) -> str:
    """The id of the release to go back to: the one that is named by id, commit or tag, else the previous good one.

    The live one can be named, too, as by a run that was cut short and is typed again; of a commit's releases others come first.
    commit_of: finds the commit of a name that begins no id and no commit; a SourceError says why it does not.
    Raises PlanError where there is none, or not on every host; FleetError where hosts differ and none is named.
    """
    if not wanted:
        fleet.check_one_release(hosts)
    host, info = next(iter(hosts.items()))
    lives = {each["live"].get("id", "") for each in hosts.values()}
    live = lives.pop() if len(lives) == 1 else ""
    if wanted:
        commits = {name: info["releases"][name]["commit"] for name in info["good"]}
        there = {live: commits.pop(live)} if live in commits else {}
        found = _named(wanted, host, commits, there, commit_of)
    else:  # a host that has not recorded a rollback that was cut short says where it went
        found = live if live in {each["previous_good"] for each in hosts.values()} else info["previous_good"]
    if not found:
        raise PlanError(f"{host} has no earlier release that was good: there is nothing to go back to. Deploy a version instead.")
    without = [name for name, other in hosts.items() if found not in other["releases"]]
    if without:
        raise PlanError(f"{', '.join(without)} does not have the release {found}. Deploy its version instead.")
    return str(found)


def _named(wanted: str, host: str, choices: dict[str, str], live: dict[str, str], commit_of: Callable[[str], str]) -> str:
    """The one release that is meant.

    choices: the commits of those that a host can go back to, by id, the newest last. live: that of the live one, if it is good.
    """
    if wanted in choices or wanted in live:
        return wanted

    def of_commit(beginning: str) -> set[str]:
        newest = {commit: name for name, commit in choices.items() if commit.startswith(beginning)}
        return set(newest.values())

    def shown(names: set[str]) -> str:
        return "; ".join(f"{name} ({choices[name][:12]})" for name in reversed(choices) if name in names) or "none"

    found = of_commit(wanted) | {name for name in choices if name.startswith(wanted)}
    if len(found) > 1:
        raise PlanError(
            f"{wanted!r} is ambiguous: it begins {shown(found)}. Give more of one of them: -e release=<id or commit>."
        )
    what, reason = repr(wanted), ""
    if not found:
        try:
            commit = commit_of(wanted)
            found, what = of_commit(commit), f"of {wanted}, which is commit {commit[:12]},"
            wanted = commit
        except SourceError as error:
            reason = f" {error}"
    found = found or {name for name, commit in live.items() if name.startswith(wanted) or commit.startswith(wanted)}
    if not found:
        raise PlanError(
            f"{host} has no good release {what} beside the live one. It has: {shown(set(choices))}. "
            f"Say -e release=<id, commit or tag>.{reason}"
        )
    return found.pop()


def describe(
    spec: Mapping[str, Any],
    manifest: Mapping[str, Any],
    changes: Mapping[str, Any],
    hosts: Mapping[str, Mapping[str, Any]],
    app: Mapping[str, Any],
    fate: str,
) -> list[str]:
    """The plan in words, a line each. changes: the `plan` that the artefact action returned against the live release.

    fate: what was said of migrations that the live release knows and this one does not, one of schema.FATES.
    """
    lines = [f"{spec['application']} {manifest['commit'][:12]} ({manifest['subject']}), release {spec['id']}"]
    for host, info in hosts.items():
        live = info["live"]
        lines.append(
            f"{host}: "
            + (f"replaces {live['id']}" if live and live["id"] != spec["id"] else "is live" if live else "first release")
        )
    lines += history_lines(changes)
    packages = changes.get("packages") or {}
    lines += [f"package added: {each}" for each in packages.get("added", [])]
    lines += [f"package removed: {each}" for each in packages.get("removed", [])]
    lines += [f"package changed: {each['name']} {each['from']} -> {each['to']}" for each in packages.get("changed", [])]
    if any(packages.values()):
        wheels = manifest["wheels"]
        lines.append(f"packages: {len(wheels)}, whose wheels have {sum(wheel['size'] for wheel in wheels) / 1e6:.1f} MB")
    lives = {info["live"]["id"] for info in hosts.values() if info["live"]}
    back = "free: it has no database"
    if app["database"] is not False:
        known = schema.schema(changes, list(hosts.values()))
        lines += schema.describe(known, not lives, bool(packages.get("added") or packages.get("changed")), fate)
        back = schema.way_back(known, fate)
    if not lives:
        lines.append("rollback: there will be nothing to go back to")
    elif back and spec["id"] not in lives:  # else it goes to an older one, of which nobody was asked
        lines.append(f"rollback afterwards: {back}")
    return [*lines, *settings_lines(hosts), *process_lines(app, hosts, spec["id"])]


def history_lines(changes: Mapping[str, Any]) -> list[str]:
    """Which commits become live, and which are live and will not be any more."""
    more = changes.get("more") or {"commits": 0, "lost": 0}
    lines = [_commit(each) for each in changes.get("commits") or []]
    lines += [f"commits more: {more['commits']}"] if more["commits"] else []
    if way := WAYS.get(changes.get("direction", "")):
        lines.append(f"the live commit is not an ancestor of this one: the history {way}")
    lines += [f"lost, since it is live and not in this one: {_commit(each)}" for each in changes.get("lost") or []]
    lines += [f"lost commits more: {more['lost']}"] if more["lost"] else []
    return lines


def _commit(commit: Mapping[str, str]) -> str:
    return f"commit {commit['commit'][:12]} {commit['subject']} ({commit['author']})"


def settings_lines(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which settings become other ones; values are shown to nobody."""
    told: dict[tuple[str, str], list[str]] = {}
    for host, info in hosts.items():
        settings = info.get("settings") or {}
        if not info["live"]:
            told.setdefault(("all settings are new", ""), []).append(host)
            continue
        for name, word in settings.items():
            told.setdefault((f"setting {word}: {name}", "" if word == "removed" else " ******"), []).append(host)
    return [f"{what}{value}{_on(some, hosts)}" for (what, value), some in told.items()]


def process_lines(app: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], release: str) -> list[str]:
    """Which processes start anew, and how."""
    calm = [host for host, info in hosts.items() if info["live"].get("id") == release and not info.get("settings")]
    others = [host for host in hosts if host not in calm]
    every = slots(app["processes"])
    beside = ["web (mod_wsgi)"] if app["app_server"] == "mod_wsgi" else []
    beside += [slot for slot, process in every.items() if process["overlap"]]
    after = [slot for slot, process in every.items() if not process["overlap"]]
    lines = [f"no process restarts while all are well{_on(calm, hosts)}"] if calm else []
    if others and beside:
        lines.append(f"start beside the old ones, which then finish: {', '.join(beside)}{_on(others, hosts)}")
    if others and after:
        lines.append(f"start when the old ones have stopped: {', '.join(after)}{_on(others, hosts)}")
    return lines


def _on(some: Sequence[str], hosts: Mapping[str, Any]) -> str:
    return "" if len(some) == len(hosts) else f" (on {', '.join(some)})"


def rollback(spec: Mapping[str, Any], app: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], fate: str) -> list[str]:
    """The plan of a rollback in words, a line each. fate: as in `describe`."""
    lines = [f"{app['name']} goes back to {spec['id']} (commit {spec['commit'][:12]})"]
    lives = {host: info["live"]["id"] for host, info in hosts.items() if info["live"]}
    lines += [f"{host}: {'is live' if live == spec['id'] else f'replaces {live}'}" for host, live in lives.items()]
    if app["database"] is not False and set(lives.values()) != {spec["id"]}:
        lines.append(f"migrations that the live release knows and this one does not are {schema.FATES[fate]}")
    return [*lines, *settings_lines(hosts), *process_lines(app, hosts, spec["id"])]
