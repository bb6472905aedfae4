"""Send what a host lacks of an artefact, in one file, and let the module of the same name install it."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase


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


class ActionModule(ActionBase):
    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        archive, wheels_dir, host = arguments.pop("archive"), arguments.pop("wheels_dir"), arguments.pop("host")
        there = arguments["release"]["id"] in host["releases"]
        files = {} if self._task.check_mode or there else missing(arguments["manifest"], host, archive, wheels_dir)
        sent = 0
        if files:
            if not self._connection._shell.tmpdir:
                self._make_tmp_path()
            with tempfile.NamedTemporaryFile(prefix="placid-bundle-") as bundle:
                with tarfile.open(fileobj=bundle, mode="w:") as tar:
                    for name, path in files.items():
                        tar.add(path, name, recursive=False)
                bundle.flush()
                sent = os.path.getsize(bundle.name)
                remote = self._connection._shell.join_path(self._connection._shell.tmpdir, "bundle.tar")
                self._transfer_file(bundle.name, remote)
            arguments["bundle"] = remote
        result = self._execute_module("release_stage", arguments, task_vars=task_vars)
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return {**result, "sent_bytes": sent}
