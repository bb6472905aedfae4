"""Send what a host lacks of an artefact, in one file, and let the module of the same name do the phases."""

from __future__ import annotations

import base64
import os
import tarfile
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from ansible.plugins.action import ActionBase

#: A bundle that is not larger travels with the arguments.
INLINE_BYTES = 1_000_000


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


def tell(phases: Mapping[str, Any], address: str, check: bool) -> list[str]:
    """What is live, and how long each phase took, at the end of a run; before that, nothing."""
    if "restore" in phases:
        return list(phases["restore"].get("lines", []))
    if phases.get("record", {"failed": True}).get("failed"):
        return []
    live = phases["activate"]
    seconds = ", ".join(f"{name} {phase['seconds']:.1f}" for name, phase in phases.items())
    dump = phases.get("migrate", {}).get("dump")
    saved = [f"dump, put back by: ansible-playbook restore.yml -e dump={dump}"] if dump else []
    return [
        f"{'would be live' if check else 'live'}: {live['release']}{'' if live['changed'] else ' (as before)'}",
        f"look: {address}",
        *saved,
        f"seconds: {seconds}",
    ]


class ActionModule(ActionBase):
    TRANSFERS_FILES = False  # seldom, and then run() makes the directory for it: each way to a host and back takes time

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        archive, wheels_dir, host = (arguments.pop(name, None) for name in ("archive", "wheels_dir", "host"))
        address, sent = arguments.pop("address", ""), 0
        if arguments.pop("confirmed", False):
            arguments["planned_on"] = (host or {}).get("live", {}).get("id", "")
        if "stage" in arguments["phases"] and not self._task.check_mode and arguments["release"] not in host["releases"]:
            files = missing(arguments["manifest"], host, archive, wheels_dir)
            with tempfile.NamedTemporaryFile(prefix="placid-bundle-") as bundle:
                sent = pack(files, bundle)
                if 0 < sent <= INLINE_BYTES:
                    arguments["bundle_content"] = base64.b64encode(bundle.read()).decode()
                elif sent:
                    arguments["bundle"] = self._send(bundle.name)
        result = self._execute_module("release", arguments, task_vars=task_vars)
        if self._connection._shell.tmpdir:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        lines = tell({**arguments.get("done", {}), **result.get("phases", {})}, address, self._task.check_mode)
        return {**result, "sent_bytes": sent, "lines": lines}

    def _send(self, bundle: str) -> str:
        """Send the bundle as a file; return its path on the host."""
        self._make_tmp_path()
        remote: str = self._connection._shell.join_path(self._connection._shell.tmpdir, "bundle.tar")
        self._transfer_file(bundle, remote)
        return remote
