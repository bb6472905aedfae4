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
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import application, fleet
from ansible.module_utils.placid.errors import PlacidError

ENVIRONMENTS = ("sandbox", "staging", "production")


def check(arguments: dict[str, Any]) -> None:
    """Raise what can be said of a run before any host is asked."""
    environments, wait = arguments.get("environments") or [], str(arguments.get("lock_wait") or 0)
    confirm = str(arguments.get("confirm", False))
    if arguments.get("version") == "":
        raise PlacidError("Say which commit, tag or branch to deploy: ansible-playbook deploy.yml -e version=<sha|tag|branch>")
    if environments and (len(environments) > 1 or environments[0] not in ENVIRONMENTS):
        raise PlacidError(
            f"These hosts are of {' and '.join(filter(None, environments)) or 'no environment'}. Name one environment: "
            "ansible-playbook -i inventories/staging … (every host belongs to the group sandbox, staging or production, which "
            "sets app_environment)."
        )
    if not wait.replace(".", "", 1).isdigit():
        raise PlacidError(f"lock_wait is {wait!r}. Give the seconds to wait for another deployment to end: -e lock_wait=300.")
    if confirm.lower() not in BOOLEANS_FALSE:
        raise PlacidError(
            f"confirm is {confirm!r}, and this playbook asks nobody; deploy.yml and rollback.yml do. Type the same without "
            "-e confirm; --check shows what would be done."
        )


def with_comment(purpose: str, comment: str) -> str:
    """What is done and why, in one line that a terminal shows."""
    words = "".join(character if character.isprintable() else " " for character in comment).split()
    return f'{purpose} "{" ".join(words)}"' if words else purpose


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = self._task.args
        try:
            fleet.check_whole(arguments.get("hosts") or [], (task_vars or {}).get("ansible_play_hosts_all", []))
            check(arguments)
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
        environment = str(next(iter(arguments.get("environments") or []), ""))
        shown = application.public(app)
        known = {"application": shown, "network": arguments.get("network") or {}}
        return {**result, "changed": False, **known, "environment": environment, "deployment": deployment}
