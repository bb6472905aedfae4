"""Decide on the controller, once for all hosts, what a deployment or a rollback is going to do."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid import plan, schema, support
from ansible.module_utils.placid.build.ancestry import commit_of, known_source
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.promotion import FORCE, PRODUCTION, SOURCE, UNASKED, prove, records, records_directory


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            planned = self._plan(self._task.args)
            ask = self._flag("confirm") and not self._task.check_mode
            if ask:
                self._confirm(planned["lines"])
            return {**result, "changed": False, **planned, "confirmed": ask}
        except PlacidError as error:
            return {**result, "failed": True, "msg": str(error)}

    def _plan(self, arguments: dict[str, Any]) -> dict[str, Any]:
        app, hosts, fate = arguments["application"], arguments["hosts"], str(arguments.get("migrations") or "refuse")
        if fate not in schema.FATES:
            raise PlacidError(f"migrations is {fate!r}. Say -e migrations= with one of: {', '.join(schema.FATES)}.")
        if "rollback_to" in arguments:
            target = plan.rollback_target(arguments["rollback_to"], hosts, self._commit_of)
            spec = next(iter(hosts.values()))["releases"][target]
            return {"release": spec, "lines": plan.rollback(spec, app, hosts, fate), "promotion": ""}
        artefact = arguments["artefact"]
        manifest, now = artefact["manifest"], datetime.datetime.now(datetime.UTC)
        spec = plan.release(app, manifest, hosts, now)
        lines = plan.describe(spec, manifest, artefact.get("plan") or {}, hosts, app, fate)
        live = all(info["live"].get("id") == spec["id"] for info in hosts.values())
        more = [self._support(manifest, now.date(), live), promotion := self._promotion(arguments, manifest, live)]
        return {"release": spec, "lines": [*lines, *filter(None, more)], "promotion": promotion}

    def _commit_of(self, name: str) -> str:
        arguments, here = self._task.args, Path(self._loader.get_basedir())
        return commit_of(name, known_source(arguments["application"]["repository"], here, arguments["cache_dir"]))

    def _flag(self, name: str) -> bool:
        value = self._task.args.get(name) or False
        try:
            return bool(boolean(value))
        except TypeError:
            raise PlacidError(f"{name} is {value!r}. Give true or false.") from None

    def _support(self, manifest: dict[str, Any], today: datetime.date, live: bool) -> str:
        ended = support.ended(manifest["requirements"], today)
        if ended and not live and self._flag("require_supported"):
            raise PlacidError(f"The lock's {ended}. Upgrade it, or go on all the same: -e require_supported=false.")
        return ended

    def _promotion(self, arguments: dict[str, Any], manifest: dict[str, Any], live: bool) -> str:
        force = str(arguments.get("promote") or "")
        if force not in ("", FORCE):
            raise PlacidError(f"promote is {force!r}. Only -e promote={FORCE} means anything: go on without a run in staging.")
        if live:
            return ""
        if not self._flag("require_promoted"):
            return UNASKED if arguments.get("environment") == PRODUCTION else ""
        directory = records_directory(self._loader.get_basedir())
        known = records(directory, SOURCE, arguments["application"]["name"])
        return prove(known, manifest, bool(force), str(directory / SOURCE / arguments["application"]["name"]))

    def _confirm(self, lines: list[str]) -> None:
        """Show the plan and go on for a yes only. Raises PlacidError for anything else, and where nobody can answer."""
        text = "\n".join(f"  {line}" for line in lines)
        try:
            answer = self._display.prompt_until(f"{text}\n\nDo that? Type yes, or anything else to change nothing", private=False)
        except AnsiblePromptNoninteractive:
            raise PlacidError(
                "confirm asks a person, and there is no terminal. See the plan with --check --diff, then type the same without "
                "-e confirm=true. Nothing was changed."
            ) from None
        except AnsiblePromptInterrupt:
            raise PlacidError("Interrupted instead of confirmed. Nothing was changed.") from None
        if answer.decode(errors="replace").strip().lower() != "yes":
            raise PlacidError("Not confirmed. Nothing was changed.")
