"""Choose the application that is meant and name the deployment, on the controller."""

from __future__ import annotations

import datetime
import getpass
import os
import socket
import uuid
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import application, fleet
from ansible.module_utils.placid.errors import PlacidError

ENVIRONMENTS = ("sandbox", "staging", "production")


def check(environments: list[str], version: str | None, wait: str) -> None:
    """Raise what can be said of a run before any host is asked."""
    if version == "":
        raise PlacidError("Say which commit, tag or branch to deploy: ansible-playbook deploy.yml -e version=<sha|tag|branch>")
    if environments and (len(environments) > 1 or environments[0] not in ENVIRONMENTS):
        raise PlacidError(
            f"These hosts are of {' and '.join(filter(None, environments)) or 'no environment'}. Name one environment: "
            "ansible-playbook -i inventories/staging … (every host belongs to the group sandbox, staging or production, which "
            "sets app_environment)."
        )
    if not wait.replace(".", "", 1).isdigit():
        raise PlacidError(f"lock_wait is {wait!r}. Give the seconds to wait for another deployment to end: -e lock_wait=300.")


def with_comment(purpose: str, comment: str) -> str:
    """What is done and why, in one line that a terminal shows."""
    words = "".join(character if character.isprintable() else " " for character in comment).split()
    return f'{purpose} "{" ".join(words)}"' if words else purpose


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = self._task.args
        environments = list(arguments.get("environments") or [])
        try:
            fleet.check_whole(arguments.get("hosts") or [], (task_vars or {}).get("ansible_play_hosts_all", []))
            check(environments, arguments.get("version"), str(arguments.get("lock_wait") or 0))
            app = application.select(arguments["apps"], arguments.get("name") or "")
        except PlacidError as error:
            return {**result, "failed": True, "msg": str(error)}
        now = datetime.datetime.now(datetime.UTC)
        deployment = {
            "token": uuid.uuid4().hex,
            "who": f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}",
            "purpose": with_comment(arguments["purpose"], str(arguments.get("comment") or "")),
            "since": now.isoformat(timespec="seconds"),
            "wait": float(arguments.get("lock_wait") or 0),
        }
        environment = str(environments[0]) if environments else ""
        shown = application.public(app)
        known = {"application": shown, "network": arguments.get("network") or {}}
        return {**result, "changed": False, **known, "environment": environment, "deployment": deployment}
