"""Send what a host lacks of an artefact, in one file, and let the module of the same name do the phases."""

from __future__ import annotations

import base64
import os
import re
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import ansible.module_utils
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import disk, fleet
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.status import several

#: Seconds for which a host that is to go back and does not answer, or still works at what it was lost in, is waited for.
PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 2.0
#: Arguments that are for this plugin alone.
OWN = ("archive", "wheels_dir", "host", "public_ports")
#: Phases that are not done on a host that is at rest.
AT_REST = {"stage", "migrate", "activate", "record"}
#: A bundle that is not larger travels with the arguments.
INLINE_BYTES = 1_000_000

NOT_PACKED = "{error}: {where}, on this machine, is where what the host lacks is packed. Make room there, or set TMPDIR."
NOT_SENT = (
    "{problem}: this host could not take what was sent, into /tmp or into ~/.ansible/tmp of the user that connects. Make room "
    "there, and type the same command again; what was live is still live."
)


def refused_by_disk(text: str) -> str:
    """Why a disk took nothing, if that is what a message of Ansible's or of Python's is about; else nothing."""
    found = re.search("No space left on device|Disk quota exceeded|Read-only file system|No usable temporary directory", text)
    return found[0] if found else ""


def missing(manifest: Mapping[str, Any], host: Mapping[str, Any], archive: str, wheels_dir: str) -> dict[str, str]:
    """The files to send, each as name in the bundle -> path on the controller."""
    files = {}
    if manifest["source"]["file"] not in host["artefacts"]:
        files["source.tar.zst"] = archive
    if manifest["venv_digest"][:16] not in host["venvs"]:
        for wheel in [*manifest["wheels"], manifest["installer"]]:
            if wheel["sha256"] not in host["wheels"]:
                name = f"{wheel['sha256']}/{wheel['file']}"
                files[f"wheels/{name}"] = os.path.join(wheels_dir, name)
    return files


def needed(manifest: Mapping[str, Any], host: Mapping[str, Any], files: Mapping[str, str], wheels_dir: str) -> dict[str, int]:
    """What a release takes of a host's disk, in bytes and inodes."""
    sent = sum(os.path.getsize(path) for path in files.values())
    if host["free"] and manifest["venv_digest"][:16] in host["venvs"]:  # what a killed run left of one is made anew
        return disk.needed(manifest["source"], sent, [], None)
    *wheels, installer = (
        Path(wheels_dir, wheel["sha256"], wheel["file"]) for wheel in [*manifest["wheels"], manifest["installer"]]
    )
    return disk.needed(manifest["source"], sent, wheels, installer)


def pack(files: Mapping[str, str], bundle: IO[bytes]) -> int:
    """Write files into one archive, and return its size; nothing where there are none."""
    if files:
        with tarfile.open(fileobj=bundle, mode="w:") as tar:
            for name, path in files.items():
                tar.add(path, name, recursive=False)
    bundle.flush()
    size = bundle.tell()
    bundle.seek(0)
    return size


def address(front_door: Mapping[str, Any] | None, ports: Mapping[str, int]) -> str:
    """Where a person can look at the site, if visitors come in to it. ports: by scheme, where they are not 80 and 443."""
    if not front_door:
        return ""
    port = ports.get(front_door["scheme"])
    return f"{front_door['scheme']}://{front_door['host']}{f':{port}' if port else ''}/"


def tell(phases: Mapping[str, Any], look: str, check: bool) -> list[str]:
    """What is live, what became of the schema, and how long each phase took, at the end of a run; before that, nothing."""
    for phase in ("restore", "manage"):
        if phase in phases:
            return list(phases[phase].get("lines", []))
    if phases.get("record", {"failed": True}).get("failed"):
        return []
    live = phases["activate"]
    seconds = ", ".join(f"{name} {phase['seconds']:.1f}" for name, phase in phases.items())
    migrated, would = phases.get("migrate", {}), "that would be " if check else ""
    words = [word for word in ("applied", "reversed", "kept") if migrated.get(word)]
    dump = migrated.get("dump")
    staged = phases.get("stage", {})
    silenced, lacking = (", ".join(staged.get(key, [])) for key in ("silenced", "lacking"))
    checks = [f"check --deploy: the settings silence {silenced} (SILENCED_SYSTEM_CHECKS)"] if silenced else []
    checks += [f"libraries that this host lacks: {lacking}; their Debian packages belong into apps[].packages"] if lacking else []
    saved = [f"dump, put back by: ansible-playbook restore.yml -e dump={dump}"] if dump else []
    return [
        f"{'would be live' if check else 'live'}: {live['release']}{'' if live['changed'] else ' (as before)'}",
        f"look: {look}",
        *(f"migrations {would}{word}: {several(migrated[word])}" for word in words),
        *saved,
        *checks,
        f"seconds: {seconds}",
    ]


def at_rest(arguments: Mapping[str, Any]) -> bool:
    """Whether the host has said that what is to be live is, and that nothing is left to do."""
    known = (arguments.get("host") or {}).get("at_rest")
    return bool(known) and known == arguments.get("release") and set(arguments["phases"]) <= AT_REST


def nothing_done(arguments: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """What the module returns where it does nothing."""
    release, look = arguments["release"], address(arguments.get("front_door"), arguments.get("public_ports", {}))
    phases = {name: {"changed": False, "seconds": 0.0, "release": release} for name in arguments["phases"]}
    lines = tell({**arguments.get("done", {}), **phases}, look, check)
    return {"changed": False, "phases": phases, "release": release, "sent_bytes": 0, "lines": lines}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False  # seldom, and then run() makes the directory for it: each way to a host and back takes time

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        # One by one: of an argument with parts, Ansible writes those that are secret into the host's log, escaped as they are.
        arguments |= arguments.pop("variables", {})
        if at_rest(arguments):
            return nothing_done(arguments, self._task.check_mode)
        if "fleet" in arguments:
            return self._among_several(arguments, arguments.pop("fleet"), task_vars or {})
        archive, wheels_dir, host = (arguments.pop(name, None) for name in ("archive", "wheels_dir", "host"))
        ports, sent = arguments.pop("public_ports", {}), 0
        if host:
            arguments["planned_on"] = host["live"].get("id", "")
        if "stage" in arguments["phases"] and arguments["release"] not in host["releases"]:
            sent, problem = self._supply(arguments, host, archive, wheels_dir)
            if problem:
                return {"failed": True, "msg": problem}
        result = self._execute_module("release", arguments, task_vars=task_vars)
        if result.get("failed") and "phases" not in result and (problem := refused_by_disk(str(result))):
            result = {"failed": True, "msg": NOT_SENT.format(problem=problem)}
        if self._connection._shell.tmpdir:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        done = {**arguments.get("done", {}), **result.get("phases", {})}
        lines = tell(done, address(arguments.get("front_door"), ports), self._task.check_mode)
        return {**result, "sent_bytes": sent, "lines": lines}

    def _supply(self, arguments: dict[str, Any], host: dict[str, Any], archive: str, wheels_dir: str) -> tuple[int, str]:
        """Send what the host lacks, if it has room for it; return how many bytes that is, and what was wrong or nothing."""
        manifest, home = arguments["manifest"], Layout(arguments["application"]).home
        files = missing(manifest, host, archive, wheels_dir)
        try:
            wanted = arguments["needed"] = needed(manifest, host, files, wheels_dir)
            problem = disk.lacking(home, home.name, wanted, host["free"]) if host["free"] else ""
            if problem or self._task.check_mode:
                return 0, problem
            with tempfile.NamedTemporaryFile(prefix="placid-bundle-") as bundle:
                sent = pack(files, bundle)
                if 0 < sent <= INLINE_BYTES:
                    arguments["bundle_content"] = base64.b64encode(bundle.read()).decode()
                elif sent:
                    arguments["bundle"] = self._send(bundle.name)
                    wanted["bytes"] -= sent  # has its room, if it lies on the same disk
                return sent, ""
        except OSError as error:
            where = error.filename or tempfile.gettempdir()
            return 0, NOT_PACKED.format(error=error.strerror or error, where=where)
        except AnsibleError as error:
            if problem := refused_by_disk(str(error)):
                return 0, NOT_SENT.format(problem=problem)
            raise

    def _send(self, bundle: str) -> str:
        """Send the bundle as a file; return its path on the host."""
        self._make_tmp_path()
        remote: str = self._connection._shell.join_path(self._connection._shell.tmpdir, "bundle.tar")
        self._transfer_file(bundle, remote)
        return remote

    def _among_several(self, arguments: dict[str, Any], several: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Switch, or go back, as what became of the other hosts asks for.

        What goes wrong becomes `problem` and fails nothing yet: the play is to go on until every host is where it belongs.
        """
        host, hosts = task_vars["inventory_hostname"], several["hosts"]
        arguments = {name: value for name, value in arguments.items() if name not in OWN}
        there = {"changed": False, "phases": {}, "release": hosts[host]["live"].get("id", "")}
        arguments |= {"provisional": True, "unconfirmed": fleet.unconfirmed(host, hosts)}
        try:
            fleet.check_whole(task_vars["ansible_play_hosts_all"], list(hosts))
            if "batch" not in several:
                return self._go_back(arguments, there, task_vars) if fleet.goes_back(host, hosts, several["outcomes"]) else there
            if host not in several["batch"] or fleet.problems(several["outcomes"]):
                earlier = several["outcomes"].get(host)
                return {**earlier, "again": True} if earlier else {**there, "waiting": True}
            if not arguments.get("release"):
                fleet.check_one_release(hosts)
            arguments["planned_on"] = there["release"]
        except PlacidError as error:
            return {"failed": True, "msg": str(error)}
        return self._attempt(arguments, there, task_vars)

    def _attempt(self, arguments: dict[str, Any], there: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            result = self._execute_module("release", arguments, task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            return {**there, "lost": True, "problem": f"the connection was lost: {error}"}
        if not result.get("failed"):
            return {**there, **result, "release": next(iter(result["phases"].values()))["release"]}
        result.pop("exception", None)  # is the message once more
        return {**there, **result, "failed": False, "changed": False, "problem": result.get("msg", "")}

    def _go_back(self, arguments: dict[str, Any], there: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if self._task.check_mode:
            return there
        arguments["deployment"] = {**arguments["deployment"], "wait": PATIENCE_SECONDS}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            result = self._attempt(arguments, there, task_vars)
            if not result.get("lost") or time.monotonic() > deadline:
                return result
            self._connection.close()
            time.sleep(PAUSE_SECONDS)
