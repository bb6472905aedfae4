"""Ansible's own output, with a failure told once and in plain words, and lines of text printed as lines."""

from __future__ import annotations

import textwrap
from typing import Any

from ansible import constants
from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible.template import Templar, trust_as_template

DOCUMENTATION = r"""
name: placid
type: stdout
short_description: Ansible's default output with plainer failures
description:
  - Prints the message of a failed task once and as it was written; with C(-v) all that the default callback prints.
  - Prints the lines of a C(debug) message without YAML's quotes.
extends_documentation_fragment: [default_callback, result_format_callback]
requirements: [to be set as stdout_callback in ansible.cfg]
"""


#: Where a task's result holds lines for a person.
TEXT = {"ansible.builtin.debug": "msg", **dict.fromkeys(("release", "release_plan", "source_wheels", "commit_tag"), "lines")}


class CallbackModule(DefaultCallback):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "placid"

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Load what a template needs. Each task runs in a process of its own, which would have to load it again."""
        Templar().template(trust_as_template("{{ none | default('') is defined }}"))
        super().v2_playbook_on_start(playbook)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        message = result.result.get("msg")
        if self._display.verbosity or ignore_errors or result.task.loop or not isinstance(message, str):
            super().v2_runner_on_failed(result, ignore_errors)
            return
        if self._last_task_banner != result.task._uuid:
            self._print_task_banner(result.task)
        self._handle_warnings(result.result)
        text = f"fatal: [{self.host_label(result)}]: FAILED!\n{textwrap.indent(message.strip(), '  ')}"
        self._display.display(
            text, color=constants.config.get_config_value("COLOR_ERROR"), stderr=self.get_option("display_failed_stderr")
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        lines = result.result.get(TEXT.get(result.task.action, ""))
        if result.task.action != "ansible.builtin.debug" or not isinstance(lines, list) or self._display.verbosity:
            super().v2_runner_on_ok(result)
        if not lines or not isinstance(lines, list) or self._display.verbosity or result.result.get("confirmed"):
            return
        if self._last_task_banner != result.task._uuid:
            self._print_task_banner(result.task)
        self._display.display("\n".join(f"  {line}" for line in lines), color=constants.config.get_config_value("COLOR_OK"))
