"""Builds an artefact on the controller: see the documentation in modules/artefact.py."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
MODULE_UTILS = str(Path(__file__).resolve().parents[1] / "module_utils")
if MODULE_UTILS not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(MODULE_UTILS)

MISSING = "{name} is not installed beside Ansible. Install the project's pinned tools with: pip install -r requirements.txt"
NO_BUILDER = (
    "No wheel is to be had of: {0}. `builder` of the application is {1}, but of the inventory's group builders there is {2} that "
    "runs no application. Add {1} to that group and type ansible-playbook site.yml -l {1}; or correct `builder`."
)


class ActionModule(ActionBase):
    """Runs wholly on the controller: it opens no connection to the host that it is run for."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        started = time.monotonic()
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "application": {"type": "str", "required": True},
                "repository": {"type": "str", "required": True},
                "version": {"type": "str", "required": True},
                "subdirectory": {"type": "str", "default": ""},
                "lock": {"type": "str", "default": "requirements.txt"},
                "lock_missing": {"type": "str", "default": "refuse", "choices": ["refuse", "generate"]},
                "extras": {"type": "list", "elements": "str", "default": []},
                "groups": {"type": "list", "elements": "str", "default": []},
                "test": {"type": "list", "elements": "str", "default": []},
                "builder": {"type": "str", "default": ""},
                "builders": {"type": "list", "elements": "str", "default": []},
                "target": {
                    "type": "dict",
                    "required": True,
                    "options": {
                        "python": {"type": "str", "required": True},
                        "machine": {"type": "str", "required": True},
                        "glibc": {"type": "str", "required": True},
                    },
                },
                "cache_dir": {"type": "path", "required": True},
                "since": {"type": "str"},
                "previous_requirements": {"type": "str", "default": ""},
            }
        )
        try:
            from ansible.module_utils.placid import command
            from ansible.module_utils.placid.build.builder import build
            from ansible.module_utils.placid.build.from_source import BuildNeededError
            from ansible.module_utils.placid.build.request import Request
            from ansible.module_utils.placid.build.source import located
            from ansible.module_utils.placid.build.target import Target
            from ansible.module_utils.placid.errors import PlacidError
        except ModuleNotFoundError as error:
            return result | {"failed": True, "msg": MISSING.format(name=error.name)}
        # Paths are relative to the playbook, as everywhere in Ansible.
        here = Path(self._loader.get_basedir())
        builders = arguments.pop("builders")
        arguments["cache"] = Path(here, arguments.pop("cache_dir"))
        arguments["repository"] = located(arguments["repository"], here)
        log: list[str] = []
        try:
            arguments["target"] = Target(**arguments["target"])
            made = build(Request(**arguments), log)
        except BuildNeededError as needed:
            if arguments["builder"] not in builders:
                return result | {
                    "failed": True,
                    "msg": NO_BUILDER.format(needed, arguments["builder"], ", ".join(builders) or "no host"),
                }
            to_build = [source.as_dict() for source in needed.sources]
            seconds = round(time.monotonic() - started, 3)
            return result | {"changed": False, "version": arguments["version"], "to_build": to_build, "seconds": seconds}
        except PlacidError as error:
            return result | {"failed": True, "msg": str(error), "output": command.written, "log": log}
        except OSError as error:
            message = f"Cannot build the artefact: {error}. Check the disk and {here}."
            return result | {"failed": True, "msg": message, "output": command.written, "log": log}
        return result | {
            "changed": made.changed,
            "commit": made.manifest["commit"],
            "version": arguments["version"],
            "archive": str(made.archive),
            "manifest": made.manifest,
            "manifest_file": str(made.manifest_file),
            "wheels_dir": str(arguments["cache"] / "wheels"),
            "plan": made.plan,
            "log": made.log,
            "output": command.written,
            "warnings": made.warnings,
            "to_build": [],
            "seconds": round(time.monotonic() - started, 3),
        }
