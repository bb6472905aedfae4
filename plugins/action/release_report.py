"""Puts what the hosts said of their releases into words, on the controller: documented in modules/release_report.py."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import status
from ansible.module_utils.placid.build.ancestry import known_source, why_not_in
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.promotion import records, records_directory


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            return {**result, "changed": False, **self._report(self._task.args)}
        except PlacidError as error:
            return {**result, "failed": True, "msg": str(error)}

    def _report(self, arguments: dict[str, Any]) -> dict[str, Any]:
        hosts, environments, commit = arguments["hosts"], arguments["environments"], str(arguments.get("commit") or "")
        apps, balancers, databases = (arguments.get(key) or [] for key in ("applications", "balancers", "databases"))
        lines: list[str] = []
        for host, environment in environments.items():
            shown = f"{host} ({environment})"
            describe = status.describe_balancer if host in balancers else status.describe
            said = hosts.get(host, {})
            known = said.get("applications")
            for app in [] if known and host in databases else apps:
                lines += describe(shown, app["name"], known[app["name"]]) if known else [f"{shown} did not answer"]
            lines += status.describe_database(shown, said.get("database", {}))
        for app in apps:
            for environment in sorted(set(environments.values())):
                lines += self._records(str(environment), app["name"], int(arguments.get("runs") or 0))
        if not commit:
            return {"lines": lines}
        if len(apps) != 1:
            raise PlacidError(
                f"A commit belongs to one application. Say which: -e app={' or -e app='.join(a['name'] for a in apps)}."
            )
        servers = {host: environment for host, environment in environments.items() if host not in [*balancers, *databases]}
        live, answer = self._answer(apps[0], servers, hosts, commit, arguments["cache_dir"])
        return {"lines": [*lines, answer] if live else lines, "live": live, "answer": answer}

    def _records(self, environment: str, application: str, last: int) -> list[str]:
        """The last runs that this machine keeps a record of."""
        directory = records_directory(self._loader.get_basedir())
        known = list(islice(records(directory, environment, application), last))
        where = directory / environment / application
        return [f"from this machine ({where}):", *status.recorded(known[::-1])] if known else []

    def _answer(
        self, app: dict[str, Any], environments: dict[str, str], hosts: dict[str, Any], commit: str, cache_dir: str
    ) -> tuple[bool, str]:
        source = known_source(app["repository"], Path(self._loader.get_basedir()), cache_dir)
        reasons = {}
        for host in environments:
            known = hosts.get(host, {}).get("applications")
            live = known[app["name"]]["live"].get("commit", "") if known else ""
            reasons[host] = why_not_in(commit, live, source) if known else "did not answer"
        return status.answer(commit, " and ".join(sorted(set(environments.values()))), reasons)
