"""Decide on the controller, once for all hosts, what a deployment or a rollback is going to do."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import plan
from ansible.module_utils.placid.errors import PlacidError


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            return {**result, "changed": False, **self._plan(self._task.args)}
        except PlacidError as error:
            return {**result, "failed": True, "msg": str(error)}

    @staticmethod
    def _plan(arguments: dict[str, Any]) -> dict[str, Any]:
        app, hosts = arguments["application"], arguments["hosts"]
        if "rollback_to" in arguments:
            target = plan.rollback_target(arguments["rollback_to"], hosts)
            spec = next(iter(hosts.values()))["releases"][target]
            return {"release": spec, "lines": [f"{app['name']} goes back to {target} (commit {spec['commit'][:12]})"]}
        artefact = arguments["artefact"]
        spec = plan.release(app, artefact["manifest"], hosts, datetime.datetime.now(datetime.UTC))
        lines = plan.describe(spec, artefact["manifest"], artefact.get("plan") or {}, hosts)
        return {"release": spec, "lines": lines}
