"""What is live and what happened, from a host's ledger, and in words. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.placid.ledger import GOOD, ROLLED_BACK

#: The events that a run may end with; a run without one is under way or was cut short.
ENDS = (GOOD, ROLLED_BACK, "settings", "restored", "managed", "failed")
SHORT = 12
#: More migrations than that are not told one by one.
MANY = 5


def became_live(events: Sequence[Mapping[str, Any]], release: str) -> dict[str, str]:
    """When a release that is live became it, by whom and for what: time, who, purpose; empty where the ledger does not know."""
    found: dict[str, str] = {}
    for event in reversed([each for each in events if each.get("event") == "activated"]):
        if event.get("release") != release:
            break
        found = {key: str(event.get(key, "")) for key in ("time", "who", "purpose")}
    return found


def runs(events: Sequence[Mapping[str, Any]], last: int) -> list[dict[str, Any]]:
    """The newest runs that the ledger knows, oldest first, each its events in one.

    `end` is the event that it ended with, or empty; `events` are those that it came through.
    """
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        token = str(event.get("deployment", ""))
        run = found.setdefault(token, {"token": token, "events": [], "end": "", "commit": ""})
        run["events"].append(event.get("event", ""))
        if event.get("event") in ENDS:
            run["end"] = event["event"]
        if event.get("event") != "pruned":
            run.update({key: event[key] for key in ("time", "who", "purpose", "release", "phase") if event.get(key)})
            run["commit"] = event.get("commit") or run["commit"]
        run.update({key: event[key] for key in ("applied", "reversed", "kept", "settings", "dump", "reason") if event.get(key)})
    return list(found.values())[-last:] if last > 0 else []


def describe(host: str, application: str, status: Mapping[str, Any]) -> list[str]:
    """What `release_status` said of one application on a host, in lines. host: its name, with whatever is to stand beside it."""
    head = f"{host}, {application}"
    if not status["prepared"]:
        return [f"{head}: not prepared. Run ansible-playbook site.yml for this host first."]
    live, at_work = status["live"], status["at_work"]
    lines = [f"{head}: {_live(live)}"]
    lines += _certificate_line(status["certificate"])
    if status["maintenance"]:
        lines.append(f"  maintenance: ON, until ansible-playbook maintenance.yml -e state=off -e app={application}")
    if live:
        lines.append(f"  code: {live['code']}")
        lines.append(f"  packages: {live['packages']}")
        lines.append(f"  processes: {_processes(status['processes'])}")
        lines += [f"    {name}: {command}" for name, command in live["runs"].items()]
        lines += [f"    {problem}" for problem in status["processes"]["problems"]]
        lines += [f"    {unit} runs, too: it is not of the live release" for unit in status["processes"]["others"]]
    if at_work:
        lines.append(f"  at work: {at_work['who']} since {moment(at_work['since'])}: {at_work['purpose']}")
    choices = ", ".join(f"{each['id']} ({each['commit'][:SHORT]})" for each in status["rollback"])
    lines.append(f"  a rollback can go to: {choices or 'nothing'}")
    if status["runs"]:
        lines.append("  what happened:")
        lines += [f"    {happened(run, at_work.get('token', ''))}" for run in status["runs"]]
    return lines


def describe_balancer(host: str, application: str, status: Mapping[str, Any]) -> list[str]:
    """The same of a host that only sends visitors on."""
    return [f"{host}, {application}: visitors are sent on to the application servers", *_certificate_line(status["certificate"])]


def describe_database(host: str, found: Mapping[str, Any]) -> list[str]:
    """When the certificate ends by which applications on other hosts know the database server."""
    return [f"{host}: PostgreSQL's certificate {_certificate(found)}"] if found else []


def _live(live: Mapping[str, Any]) -> str:
    if not live:
        return "nothing is live yet"
    since = f", since {moment(live['time'])} by {live['who']} ({live['purpose']})" if live.get("time") else ""
    return f"{live['id']} is live, commit {live['commit'][:SHORT]}{since}"


def _certificate_line(found: Mapping[str, Any]) -> list[str]:
    return [f"  certificate: {_certificate(found)}"] if found else []


def _certificate(found: Mapping[str, Any]) -> str:
    days, ends = found["days"], moment(found["ends"])
    text = f"expires on {ends}, in {days} days" if days >= 0 else f"EXPIRED on {ends}"
    if found["asked"] and found["made_here"]:
        text = f"NONE of the authority's yet, a self-signed one stands in and {text}"
    if found["complaint"]:
        return f"{text}; the authority issues no other: {found['complaint']}"
    return f"SOON: {text}" if days >= 0 and found["soon"] else text


def _processes(processes: Mapping[str, Any]) -> str:
    good, every = processes["proved"], processes["expected"]
    return f"all {every} run the live release" if good == every else f"ONLY {good} of {every} run the live release"


def happened(run: Mapping[str, Any], at_work: str = "") -> str:
    """One run in words: when, who, what, how it ended, and what became of the schema. at_work: the token of the run under way."""
    commit = run["commit"][:SHORT] or run.get("release", "")
    names = ", ".join(run.get("settings", []))
    reason = f": {run['reason'].rstrip('.')}" if run.get("reason") else ""
    ends = {
        GOOD: f"{commit} is live",
        ROLLED_BACK: f"{commit} is live again",
        "settings": f"restarted with other settings ({names})" if names else "restarted",
        "restored": f"the database is what it was in {run.get('dump', 'a dump')}",
        "managed": f"done with {commit}",
        "failed": f"FAILED in {run.get('phase', 'an unknown phase')} ({commit}){reason}",
        "": f"under way with {commit}" if run["token"] == at_work else f"UNFINISHED: {commit} was {run['events'][-1]}",
    }
    schema = [f"{word} {several(run[word])}" for word in ("applied", "reversed", "kept") if run.get(word)]
    text = f"{moment(run.get('time', ''))} {run.get('who', 'somebody')}, {run.get('purpose', '')}: {ends[run['end']]}"
    saved = [f"dump {run['dump']}"] if run.get("dump") and run["end"] != "restored" else []
    return "; ".join([text, *(f"migrations {each}" for each in schema), *saved])


def recorded(known: Sequence[Mapping[str, Any]]) -> list[str]:
    """Records of runs as the controller keeps them, a line each."""
    return [f"    {_recorded(each)}" for each in known]


def _recorded(record: Mapping[str, Any]) -> str:
    hosts = ", ".join(f"{name} {host.get('result', '')}" for name, host in record.get("hosts", {}).items())
    what = str(record.get("commit", ""))[:SHORT] or "the database"  # a restore alone has no commit
    ends = {
        "ok": f"{what} on {hosts}",
        "failed": f"FAILED: {str(record.get('error', '')).partition(chr(10))[0]}",
    }
    end = ends.get(record.get("result", ""), f"UNFINISHED, as far as this machine knows ({hosts or 'no host was reached'})")
    forced = ", promotion forced" if "FORCED" in record.get("promotion", "") else ""
    head = f"{moment(record.get('started', ''))} {record.get('who', 'somebody')}, {record.get('purpose', '')}"
    return f"{head}: {end}{forced} ({record.get('id', '')})"


def several(migrations: Sequence[str]) -> str:
    if len(migrations) <= MANY:
        return ", ".join(migrations)
    return f"{migrations[0]} to {migrations[-1]} ({len(migrations)} in all)"


def moment(text: str) -> str:
    """A time of the ledger as people read it, in UTC."""
    try:
        return f"{datetime.datetime.fromisoformat(text).astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text or "an unknown time"


def answer(commit: str, environment: str, hosts: Mapping[str, str]) -> tuple[bool, str]:
    """Whether a commit is live in an environment, and the sentence that says so.

    hosts: for each host nothing where it is live, or why it is not, or cannot be told.
    """
    reasons = [f"{host} {reason}" for host, reason in hosts.items() if reason]
    live = bool(hosts) and not reasons
    verdict = "Yes." if live else f"No: {'; '.join(reasons) or 'it has no host'}."
    return live, f"Is {commit} live in {environment}? {verdict}"
