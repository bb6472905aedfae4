"""Leaves a record on the controller of every run that changes what is live."""

from __future__ import annotations

import datetime
import functools
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.plugins.callback import CallbackBase
from ansible.utils.vars import load_extra_vars

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid.promotion import records_directory
from ansible.module_utils.placid.records import BEGINS, FAILED, OK, UNREACHABLE, Record

DOCUMENTATION = r"""
name: records
type: notification
short_description: Leaves a record of every deployment on the controller
description:
  - Writes C(ENVIRONMENT/APPLICATION/ID/deployment.json), and beside it what the application's programs wrote on each host, a file
    for each step and stream. All of it as the run goes, and readable by its owner only.
  - Runs in check mode leave none. A record that cannot be written is a warning, never the end of a deployment.
  - The environment variable C(PLACID_DEPLOYMENTS) says where to; C(deployments) beside the playbooks where it is not set.
requirements: [to be named in callbacks_enabled in ansible.cfg]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "records"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.playbook = Path()
        self.typed: Mapping[str, Any] = {}
        self.record: Record | None = None
        self.begun: dict[tuple[str, str], float] = {}

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self.playbook = Path(playbook._basedir, playbook._file_name)
        self.typed = load_extra_vars(playbook._loader)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self.begun[host.name, task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.task.action == BEGINS and not result.task.check_mode:
            self._finish(failed=False)
            self.record = Record(
                result.result, self.playbook.name, self.typed, functools.partial(datetime.datetime.now, datetime.UTC)
            )
            self._write({})
        else:
            self._note(result, OK)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._note(result, FAILED)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._note(result, UNREACHABLE)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._finish(failed=bool(stats.failures or stats.dark))

    def _note(self, result: Any, outcome: str) -> None:
        begun = self.begun.pop((result.host.name, result.task._uuid), time.monotonic())
        if self.record:
            seconds = time.monotonic() - begun
            self._write(self.record.note(result.task.action, result.host.name, outcome, result.result, seconds))

    def _finish(self, failed: bool) -> None:
        if self.record:
            self.record.finish(failed)
            self._write({})
            self.record = None

    def _write(self, files: dict[str, str]) -> None:
        """Write files and deployment.json into the record's directory, each whole or not at all."""
        if not self.record:
            return
        directory = records_directory(self.playbook.parent) / self.record.path
        try:
            for name, content in files.items():
                replace(directory / name, content)
            replace(directory / "deployment.json", json.dumps(self.record.content, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            self.disabled = True
            self._display.warning(f"This run leaves no whole record in {directory}: {error}. The run itself goes on.")


def replace(path: Path, content: str) -> None:
    """Put a file that only its owner may read at path by rename(2), and make the directories above it."""
    for parent in reversed([each for each in path.parents if not each.exists()]):
        parent.mkdir(mode=0o700, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
