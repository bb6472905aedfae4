"""Tags the commit of a deployment, on the controller: documented in modules/commit_tag.py."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid.build.source import located, open_source
from ansible.module_utils.placid.build.tag import tag
from ansible.module_utils.placid.errors import PlacidError


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        started = time.monotonic()
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments, here = self._task.args, Path(self._loader.get_basedir())
        name, commit, deployment = arguments["name"], arguments["commit"], arguments["deployment"]
        try:
            source = open_source(located(arguments["repository"], here), commit, Path(here, arguments["cache_dir"]))
            made = tag(source, commit, name, deployment["who"], f"{deployment['purpose']}\n")
        except PlacidError as error:  # the site is live all the same
            return result | {"changed": False, "tag": "", "warnings": [str(error)]}
        lines = [f"tagged: {name}"] if made else []
        return result | {"changed": made, "tag": name, "lines": lines, "seconds": round(time.monotonic() - started, 3)}
