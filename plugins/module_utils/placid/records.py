"""The record of one run that changes what is live, kept on the controller: what of the results of our tasks goes into it.

Pure: the callback plugin of the same name brings it to the disk as the run goes, so that a controller that is killed leaves
what was known, with the result `unfinished`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

UNFINISHED, OK, FAILED, UNREACHABLE = "unfinished", "ok", "failed", "unreachable"
#: What begins a record, and the tasks that are its phases: those that touch no host, whichever host Ansible runs them for, and
#: the one that does phases on a host and returns what each of them did.
BEGINS = "application_info"
ON_THE_CONTROLLER = {"artefact": "build", "source_wheels": "wheels", "release_plan": "plan", "commit_tag": "tag"}
ON_A_HOST = "release"
#: What may be said with -e of how a run is to be done.
FLAGS = ("migrations", "promote", "require_promoted", "require_supported", "confirm", "lock_wait")


class Record:
    """One run: `content` is deployment.json, `path` its place.

    known: what `application_info` returned. typed: what was said with -e. clock: tells the time.
    """

    def __init__(
        self, known: Mapping[str, Any], playbook: str, typed: Mapping[str, Any], clock: Callable[[], datetime.datetime]
    ) -> None:
        deployment, name = known["deployment"], known["application"]["name"]
        since = datetime.datetime.fromisoformat(deployment["since"])
        identity = f"{since:%Y%m%dT%H%M%SZ}-{deployment['token'][:8]}"
        self.path = f"{slug(known['environment'])}/{name}/{identity}"
        self._commits: dict[str, str] = {}
        self._clock = clock
        self.content: dict[str, Any] = {
            "format": 1,
            "id": identity,
            "token": deployment["token"],
            "application": name,
            "environment": known["environment"],
            "playbook": playbook,
            "who": deployment["who"],
            "purpose": deployment["purpose"],
            "flags": {name: typed[name] for name in FLAGS if name in typed},
            "version": "",
            "commit": "",
            "release": "",
            "artefact": "",
            "promotion": "",
            "tag": "",
            "plan": [],
            "hosts": {},
            "migrations": {},
            "dump": "",
            "settings": [],
            "phases": [],
            "result": UNFINISHED,
            "error": "",
            "started": deployment["since"],
            "ended": "",
        }

    def note(self, action: str, host: str, outcome: str, result: Mapping[str, Any], seconds: float) -> dict[str, str]:
        """Take in how a task ended on a host; return the files that belong beside deployment.json, by relative path.

        outcome: ok, failed or unreachable. seconds: how long it took as seen from here, for a result that does not say.
        """
        if result.get("again"):  # a host of an earlier batch
            return {}
        phases = {ON_THE_CONTROLLER[action]: result} if action in ON_THE_CONTROLLER else {}
        where = "controller" if phases else host
        if action == ON_A_HOST:
            phases = result.get("phases", {})
        found: dict[str, str] = {}
        for phase, part in phases.items():
            failed = part.get("failed") or (where == "controller" and outcome != OK)
            took, changed = round(float(part.get("seconds", seconds)), 2), bool(part.get("changed"))
            started = part.get("started") or (self._clock() - datetime.timedelta(seconds=took)).isoformat(timespec="milliseconds")
            entry = {"phase": phase, "host": where, "result": FAILED if failed else OK, "changed": changed}
            entry |= {"started": started, "seconds": took}
            self.content["phases"].append({**entry, **{key: part[key] for key in ("memory_mb", "steps") if part.get(key)}})
            if not failed:
                self._take(phase, host, part)
            found |= files(where, phase, part.get("output") or {})
            if part.get("log"):
                found[f"{where}/{phase}.log"] = "\n".join(part["log"]) + "\n"
        if outcome != OK:
            self._fail(host, outcome, str(result.get("msg", "")).strip())
        elif result.get("problem"):  # among several hosts, it ends the run only once all went back
            self._fail(host, FAILED, str(result["problem"]).strip())
        return found

    def finish(self, failed: bool) -> None:
        self.content["result"] = FAILED if failed or self.content["error"] else OK
        self.content["ended"] = self._clock().isoformat(timespec="seconds")

    def _host(self, host: str) -> dict[str, Any]:
        entry: dict[str, Any] = self.content["hosts"].setdefault(host, {"result": UNFINISHED, "before": ""})
        return entry

    def _fail(self, host: str, outcome: str, message: str) -> None:
        self._host(host).update(result=outcome, error=message)
        self.content["error"] = self.content["error"] or message or outcome

    def _take(self, phase: str, host: str, result: Mapping[str, Any]) -> None:
        content = self.content
        if phase == "ask":
            live = result.get("live", {})
            self._host(host)["before"] = live.get("id", "")
            self._commits[live.get("id", "")] = live.get("commit", "")
        elif phase == "build":
            content.update(version=result["version"], commit=result.get("commit", ""))
            content["artefact"] = result.get("manifest", {}).get("digest", "")
        elif phase == "plan":
            content.update(plan=result["lines"], release=result["release"]["id"], commit=result["release"]["commit"])
            content["promotion"] = result.get("promotion", "")
        elif phase == "tag":
            content["tag"] = result["tag"]
        elif phase == "stage":
            content.update({key: result[key] for key in ("silenced", "lacking") if result.get(key)})
        elif phase == "migrate":
            content["migrations"] = {key: result[key] for key in ("applied", "reversed", "kept", "dump") if result.get(key)}
        elif phase == "activate":
            commit = content["commit"] or self._commits.get(
                result["release"], ""
            )  # without a plan it is that of the live release
            content.update(release=result["release"], commit=commit, settings=result.get("settings_changed", []))
        elif phase == "restore":
            content.update(plan=result["lines"], dump=result["saved"])
        elif phase == "manage":
            content.update(release=result["release"], commit=self._commits.get(result["release"], ""))
        elif phase == "record":
            self._host(host)["result"] = OK
        if phase in ("restore", "manage"):  # one host does it for all
            for each in content["hosts"].values():
                each["result"] = OK


def files(host: str, phase: str, output: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What a phase's programs wrote on a host, a file for each step and stream that holds anything."""
    found: dict[str, str] = {}
    names = [slug(step) for step in output]
    for number, (name, streams) in enumerate(zip(names, output.values(), strict=True)):
        again = names[:number].count(name)  # steps that differ in what a file's name cannot hold
        for stream in ("stdout", "stderr"):
            if streams.get(stream):
                found[f"{slug(host)}/{phase}-{name}{f'-{again + 1}' if again else ''}.{stream}"] = streams[stream]
    return found


def slug(text: str) -> str:
    """A text as a part of a file's name."""
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-.")[:60] or "unnamed"
