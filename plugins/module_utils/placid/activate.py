"""Making a release live without a visitor noticing, and putting things back when it is not well.

New processes start beside the old ones, on a socket of their own. Once they answer, one rename(2) sends the web server's
next connection to them; the old ones finish what they have and stop. What must be done is found from what runs, so a run
that was killed is taken up by the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.placid import dotenv, probe, settle, systemd
from ansible.module_utils.placid.application import slots
from ansible.module_utils.placid.daemons import daemons
from ansible.module_utils.placid.errors import ActivationError, HalfUndoneError
from ansible.module_utils.placid.front_door import FrontDoor
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import process_environment
from ansible.module_utils.placid.settings_file import SettingsFile
from ansible.module_utils.placid.switch import Switch, Switched, all_of

#: Seconds in which old processes that are well take up the requests that wait for them.
DRAIN_SECONDS = 30.0
HEADER = "Written by Placid from the settings and secrets of the inventory; a change made here is lost."


@dataclass
class Activation:
    """One release that is to be live with these settings.

    spec: its release.json. settings: the whole environment, secrets included. becomes: the event that the run is to end with.
    After `run`: `changed`, `reasons` why something was to do, `settings_changed` and `steps` in seconds.
    """

    layout: Layout
    spec: Mapping[str, Any]
    settings: Mapping[str, str]
    front_door: FrontDoor
    becomes: str = ""
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
        self.file = SettingsFile(self.layout)
        self.last = Switched.read(self.layout, self.spec["id"])

    def plan(self) -> None:
        """Find what there is to do, changing nothing."""
        before = dotenv.parse(self.file.text() or "")
        names = sorted({*before, *self.settings})
        self.settings_changed = [name for name in names if before.get(name) != self.settings.get(name)]
        self.reasons = self._reasons()
        self.changed = bool(self.reasons or self.content != self.file.content)

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
                f"There is no {self.layout.unit_file(missing[0])} for the process {self.slots[missing[0]]['process']}. Where it "
                "is new in the inventory, run ansible-playbook site.yml for this host first. Where the inventory has it no more, "
                f"deploy the version again: ansible-playbook deploy.yml -e version={self.spec['commit'][:12]}"
            )
        self.file.put_back()
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
        if not self.layout.current.is_symlink():
            return [f"{self.layout.current} is a directory"]
        if not self.last.seen or self.last.instance != self.live_instance:
            return ["a run was cut short before it saw visitors being served"]
        units = [self.layout.unit(slot, self.last.instance) for slot in self.slots]
        environment, file = {**self.settings, **process_environment(self.layout, self.spec)}, self.file.live
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
        """Start the new processes beside the old ones, web before the others, and wait until all are well and warm."""
        begun = time.monotonic()
        systemd.stop([self.layout.unit(slot, other) for slot, other in self.running if other != self.live_instance])
        web = self.layout.unit("web", instance)
        units = self._units(instance, overlap=True)
        try:
            self.file.try_out(self.content)
            systemd.start([unit for unit in units if unit == web])
            self.daemons.start(self.group, self.spec["id"])
            if self.visited:
                self._probe(instance)
            systemd.start([unit for unit in units if unit != web])
            self._settle(units)
            if self.visited:
                self._warm(instance)
        except BaseException as error:
            self._undo(error, lambda: systemd.stop(units), self.file.put_back, lambda: self.daemons.rest(self.group))
            raise
        self.steps["start"] = round(time.monotonic() - begun, 2)

    def _door(self, instance: str) -> FrontDoor:
        """The way to the new processes, while visitors do not get to them yet."""
        other = {"group": self.group} if self.daemons else {"socket": self.layout.socket(instance)}
        return replace(self.front_door, **other)

    def _probe(self, instance: str) -> None:
        """Ask the new processes for what must be well."""
        health, unit, door = self.spec["health_check"], self.layout.unit("web", instance), self._door(instance)
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

    def _warm(self, instance: str) -> None:
        """Let every process answer once, now that each has loaded: of one after the other, the first would answer them all."""
        unit = self.layout.unit("web", instance)
        group = systemd.control_group(systemd.states([unit])[unit])
        pids = self.daemons.processes(self.group) or systemd.processes(group)
        self._door(instance).warm([self.spec["health_check"]["path"], *self.front_door.smoke], 2 * len(pids))

    def _smoke(self, where: str, door: FrontDoor, instance: str, health: Mapping[str, Any] | None = None) -> None:
        problem = door.problem(health) if self.visited else ""
        if problem:
            serves = "What was live before serves. " if self.live else ""
            changed = f", the settings that changed ({', '.join(self.settings_changed)})" if self.settings_changed else ""
            advice = f"{serves}Mend the application{changed}, or apps[{self.layout.name}].health_check or .smoke."
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
        beside, exclusive = (self._units(instance, overlap) for overlap in (True, False))
        alone = {slot for slot, process in self.slots.items() if not process["overlap"]}
        replaced = [self.layout.unit(*each) for each in self.running if each[0] in alone and each[1] == self.live_instance]
        switch = Switch(self.layout, self.daemons, self.live, self.spec["id"], self.group)
        with switch.undoable() as switch_back:
            try:
                Switched(instance, self.becomes).write(self.layout, self.spec["id"])
                switch.make(instance)
                self._smoke("Through the web server", self.front_door, instance, self.spec["health_check"])
                systemd.stop(replaced)
                systemd.start(exclusive)
                self._settle(exclusive)
                self._prove(beside)
                Switched(instance, self.becomes, seen=True).write(self.layout, self.spec["id"])
            except BaseException as error:
                self._undo(
                    error,
                    switch_back,
                    lambda: self.last.write(self.layout, self.spec["id"]),
                    lambda: probe.drain(str(self.layout.socket(instance))),
                    lambda: systemd.stop([*beside, *exclusive]),
                    self.file.put_back,
                    lambda: systemd.start(replaced),
                    lambda: self.daemons.rest(self.group),
                )
                raise
        self.steps["switch"] = round(time.monotonic() - begun, 2)

    @staticmethod
    def _undo(error: BaseException, *steps: Callable[[], object]) -> None:
        if failed := all_of(*steps):
            raise HalfUndoneError(
                f"{error}\nNot all that was live could be put back, either: {failed}. Mend that, and type the same command again."
            ) from None

    def _retire(self) -> None:
        """Let what is not live finish its requests, and tell it to stop; `let_end` of the phase `record` waits for it."""
        begun = time.monotonic()
        old = [(slot, instance) for slot, instance in systemd.running(self.layout.name) if instance != self.live_instance]
        for slot, instance in old:
            if slot == "web":
                probe.drain(str(self.layout.socket(instance)), DRAIN_SECONDS)
        systemd.order_stop([self.layout.unit(slot, instance) for slot, instance in old])
        resting = self.daemons.other(self.spec["id"])
        if self.daemons.at_work(resting):
            self.daemons.rest(resting)
            self.changed = True
        self.file.forget()
        self.changed = self.changed or bool(old)
        self.steps["drain"] = round(time.monotonic() - begun, 2)
