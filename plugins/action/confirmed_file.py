"""Has a host replace a file and confirms that over a connection of its own: documented in modules/confirmed_file.py."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

#: How much later than it was told a busy host may bring the old file back. Seconds.
MARGIN = 30
SECONDS = 60


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self._variables = task_vars or {}
        try:
            begun = self._module()
        except AnsibleConnectionFailure as error:
            begun = {"confirm": "lost", "changed": True, "lost": str(error)}
        if not begun.get("confirm") or begun.get("failed"):
            return {**result, **begun}
        # From here on: the host began to count before it answered, or before it was lost.
        confirmed = self._confirm(begun["confirm"], time.monotonic() + int(self._task.args.get("seconds", SECONDS)) + MARGIN)
        if not confirmed.get("failed"):
            return {**result, **begun}
        return {**result, **begun, "failed": True, "msg": confirmed["msg"]}

    def _module(self, **more: str) -> dict[str, Any]:
        answer = self._execute_module("confirmed_file", {**self._task.args, **more}, task_vars=self._variables)
        return dict(answer)

    def _anew(self) -> None:
        """Drop the connection, so that the next step comes in as somebody new."""
        try:
            self._connection.reset()
        except AnsibleError:
            self._connection.close()

    def _confirm(self, token: str, until: float) -> dict[str, Any]:
        """Say over new connections, as long as there is time, that the change is well; or find the old file back."""
        path, host = self._task.args["path"], self._variables.get("inventory_hostname", "the host")
        cause = back = ""
        while not back:
            self._anew()
            try:
                answer = self._module(confirm=token)
            except AnsibleConnectionFailure as error:
                cause = " ".join(str(error).split())
                if time.monotonic() > until:
                    back = f"{host} is not to be reached now either: look at it over its console."
                time.sleep(1)
            else:
                if not cause or not answer.get("failed"):
                    return answer
                back = f"The host brought the old {path} back by itself and is to be reached as before."
        return {
            "failed": True,
            "msg": f"With the new {path} nobody could come in to {host} any more ({cause}). {back} "
            "Correct the variables that the file is made from, look at it with --check --diff, and run this again.",
        }
