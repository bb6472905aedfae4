"""Making a release live without a visitor noticing, and putting things back when it is not well.

New processes start beside the old ones, on a socket of their own. Once they answer, one rename(2) sends the web server's
next connection to them; the old ones finish what they have and stop. What must be done is found from what runs, so a run
that was killed is taken up by the next.
"""

from __future__ import annotations

import grp
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.placid import dotenv, probe, settle, systemd
from ansible.module_utils.placid.application import slots
from ansible.module_utils.placid.daemons import daemons
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import replace_file, replace_link
from ansible.module_utils.placid.front_door import FrontDoor
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import process_environment

HEADER = "Written by Placid from the settings and secrets of the inventory; a change made here is lost."


class ActivationError(PlacidError):
    """A release that was not well. The release that was live before serves again, with the settings it had."""


@dataclass
class Activation:
    """One release that is to be live with these settings.

    spec: its release.json. settings: the whole environment, secrets included. After `run`: `changed`, `reasons` why
    something was to do, `settings_changed` and `steps` in seconds.
    """

    layout: Layout
    spec: Mapping[str, Any]
    settings: Mapping[str, str]
    front_door: FrontDoor
    changed: bool = False
    settings_changed: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.release = self.layout.release(self.spec["id"])
        self.slots = slots(self.spec["processes"])
        self.daemons = daemons(self.layout)
        self.visited = "web" in self.slots or bool(self.daemons)
        if self.daemons:
            self.slots.pop("web", None)
        self.live = self.layout.live_release()
        self.live_instance = self.layout.instance(self.live) if self.live else None
        self.group = self.daemons.other(self.live)  # where a new release starts
        self.running = systemd.running(self.layout.name)
        self.content = dotenv.render(self.settings, HEADER).encode()
        self.old_content = self.layout.settings.read_bytes() if self.layout.settings.exists() else None
        self.old_time = self.layout.settings.stat().st_mtime_ns if self.old_content is not None else 0

    def plan(self) -> None:
        """Find what there is to do, changing nothing."""
        before = dotenv.parse(self.old_content.decode()) if self.old_content else {}
        names = sorted({*before, *self.settings})
        self.settings_changed = [name for name in names if before.get(name) != self.settings.get(name)]
        self.reasons = self._reasons()
        self.changed = bool(self.reasons or self.content != self.old_content)

    def run(self) -> None:
        """Make the release live. Raises ActivationError after putting back what was live before."""
        if self.spec.get("app_server") == "mod_wsgi" and not self.daemons:
            raise ActivationError(
                f"{self.spec['id']} is for mod_wsgi, which does not serve {self.layout.name} here. Run ansible-playbook site.yml "
                f"for this host, if apps[{self.layout.name}].app_server is mod_wsgi; else deploy the version again."
            )
        missing = [slot for slot in self.slots if not self.layout.unit_file(slot).exists()]
        if missing:
            raise ActivationError(
                f"There is no {self.layout.unit_file(missing[0])} for the process {self.slots[missing[0]]['process']}. "
                "It is new in the inventory: run ansible-playbook site.yml for this host first."
            )
        self.plan()
        if self.changed:
            instance = self._new_instance()
            self._candidates(instance)
            self._switch(instance)
            self.live_instance = instance
        self._retire()

    def _reasons(self) -> list[str]:
        if self.live != self.spec["id"]:
            return [f"{self.spec['id']} is not live"]
        if self.live_instance is None:
            return ["its processes were never started"]
        if not self.layout.current.is_symlink():
            return [f"{self.layout.current} is a directory"]
        units = [self.layout.unit(slot, self.live_instance) for slot in self.slots]
        environment, file = {**self.settings, **process_environment(self.layout, self.spec)}, self.layout.settings
        reasons = [
            systemd.failure(unit, state) or self._unproved(unit, state) or systemd.outdated(unit, state, environment, file)
            for unit, state in systemd.states(units).items()
        ]
        reasons += self.daemons.problems(self.daemons.group(self.live), self.spec["id"])
        return [reason for reason in reasons if reason]

    def _unproved(self, unit: str, state: systemd.State) -> str:
        return systemd.unproved(unit, state, self.release, (self.release / "venv").resolve())

    def _new_instance(self) -> str:
        used = [instance for _, instance in self.running] + [self.layout.instance(self.spec["id"]) or ""]
        numbers = [int(each.rpartition(".")[2]) for each in used if each.rpartition(".")[0] == self.spec["id"]]
        return f"{self.spec['id']}.{max(numbers, default=0) + 1}"

    def _units(self, instance: str, overlap: bool) -> list[str]:
        return [self.layout.unit(slot, instance) for slot, process in self.slots.items() if process["overlap"] == overlap]

    def _candidates(self, instance: str) -> None:
        """Start the new processes beside the old ones, web before the others, and wait until all are well."""
        begun = time.monotonic()
        systemd.stop([self.layout.unit(slot, other) for slot, other in self.running if other != self.live_instance])
        self._write_settings(self.content)
        web = self.layout.unit("web", instance)
        units = self._units(instance, overlap=True)
        try:
            systemd.start([unit for unit in units if unit == web])
            self.daemons.start(self.group, self.spec["id"])
            if self.visited:
                self._probe(instance)
            systemd.start([unit for unit in units if unit != web])
            self._settle(units)
        except BaseException:
            systemd.stop(units)
            self._write_settings(self.old_content)
            self.daemons.rest(self.group)
            raise
        self.steps["start"] = round(time.monotonic() - begun, 2)

    def _probe(self, instance: str) -> None:
        """Ask the new processes for what must be well, while visitors do not get to them yet."""
        health, unit = self.spec["health_check"], self.layout.unit("web", instance)
        other = {"group": self.group} if self.daemons else {"socket": self.layout.socket(instance)}
        door = replace(self.front_door, **other)
        problem = probe.wait_until_healthy(
            lambda: door.ask(health["path"]),
            health["status"],
            health["timeout"],
            broken=lambda: "" if self.daemons else systemd.early_failure(unit, systemd.states([unit])[unit]),
        )
        if problem:
            raise ActivationError(
                f"The new release is not healthy: asked for {health['path']} as {door.host}, {problem}. "
                f"Mend the application, or apps[{self.layout.name}].health_check if the question is wrong.{self._log(instance)}"
            )
        self._smoke("The new release is not healthy", door, instance)

    def _smoke(self, where: str, door: FrontDoor, instance: str, health: Mapping[str, Any] | None = None) -> None:
        problem = door.problem(health) if self.visited else ""
        if problem:
            advice = f"The release before it serves. Mend the application, or apps[{self.layout.name}].smoke."
            raise ActivationError(f"{where}: {problem}. {advice}{self._log(instance)}")

    def _log(self, instance: str) -> str:
        return self.daemons.log() if self.daemons else systemd.log(self.layout.unit("web", instance))

    def _settle(self, units: list[str]) -> None:
        """Wait until processes are up, and prove what they run."""
        groups = [systemd.control_group(state) for state in systemd.states(units).values()]
        settle.wait([group for group in groups if group])
        self._prove(units)

    def _prove(self, units: list[str]) -> None:
        for unit, state in systemd.states(units).items():
            problem = systemd.early_failure(unit, state) or self._unproved(unit, state)
            if problem:
                raise ActivationError(f"The new release does not stay up: {problem}.{systemd.log(unit)}")
        problem = self.daemons.settle(self.group, self.spec["id"])
        if problem:
            raise ActivationError(f"The new release does not stay up: {problem}.{self.daemons.log()}")

    def _switch(self, instance: str) -> None:
        """Send the web server's next connection to the new processes, and prove that visitors are served."""
        begun = time.monotonic()
        before = self.layout.instance(self.spec["id"])
        beside, exclusive = (self._units(instance, overlap) for overlap in (True, False))
        slots_before = [slot for slot, other in self.running if other == self.live_instance]
        replaced = [self.layout.unit(slot, str(self.live_instance)) for slot in slots_before if not self._overlaps(slot)]
        try:
            self._point(self.spec["id"], instance)
            self._smoke("Through the web server", self.front_door, instance, self.spec["health_check"])
            systemd.stop(replaced)
            systemd.start(exclusive)
            self._settle(exclusive)
            self._prove(beside)
        except BaseException:
            self._switch_back(before)
            probe.drain(str(self.layout.socket(instance)))
            systemd.stop([*beside, *exclusive])
            self._write_settings(self.old_content)
            systemd.start(replaced)
            self.daemons.rest(self.group)
            raise
        self.steps["switch"] = round(time.monotonic() - begun, 2)

    def _overlaps(self, slot: str) -> bool:
        return bool(self.slots.get(slot, {"overlap": True})["overlap"])

    def _point(self, release: str, instance: str) -> None:
        replace_link(self.layout.socket_link(release), str(self.layout.socket(instance)))
        self.daemons.point(release, self.group)
        if self.live and self.live != release:
            replace_link(self.layout.previous, f"releases/{self.live}")
        if self.live != release or not self.layout.current.is_symlink():
            replace_link(self.layout.current, f"releases/{release}")

    def _switch_back(self, instance_before: str | None) -> None:
        if self.live and self.live != self.spec["id"]:
            replace_link(self.layout.current, f"releases/{self.live}")
        elif self.live and instance_before:
            replace_link(self.layout.socket_link(self.live), str(self.layout.socket(instance_before)))
            self.daemons.point(self.live, self.daemons.beside(self.group))
        elif not self.live:
            self.layout.current.unlink(missing_ok=True)

    def _retire(self) -> None:
        """Let what is not live finish its requests, and tell it to stop; `let_end` of the phase `record` waits for it."""
        begun = time.monotonic()
        old = [(slot, instance) for slot, instance in systemd.running(self.layout.name) if instance != self.live_instance]
        for slot, instance in old:
            if slot == "web":
                probe.drain(str(self.layout.socket(instance)))
        systemd.order_stop([self.layout.unit(slot, instance) for slot, instance in old])
        resting = self.daemons.other(self.spec["id"])
        if self.daemons.at_work(resting):
            self.daemons.rest(resting)
            self.changed = True
        self.changed = self.changed or bool(old)
        self.steps["drain"] = round(time.monotonic() - begun, 2)

    def _write_settings(self, content: bytes | None) -> None:
        path = self.layout.settings
        if content is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != content:
            replace_file(path, content, mode=0o640, gid=grp.getgrnam(self.layout.name).gr_gid)
            if content == self.old_content:  # what runs with it still does
                os.utime(path, ns=(self.old_time, self.old_time))
