"""Making live again what was live before a switch that did not come about on every host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.placid import systemd
from ansible.module_utils.placid.activate import Activation
from ansible.module_utils.placid.daemons import daemons
from ansible.module_utils.placid.errors import ActivationError
from ansible.module_utils.placid.front_door import FrontDoor
from ansible.module_utils.placid.layout import Layout


class GoingBack(Activation):
    """An activation that a health page does not stop: one release on all hosts goes before a well one on some.

    What was not well stands in `reasons`. Processes that do not start at all end it as they end any other.
    """

    def _probe(self, instance: str) -> None:
        try:
            super()._probe(instance)
        except ActivationError as error:
            self.reasons.append(str(error))

    def _prove(self, units: list[str]) -> None:
        try:
            super()._prove(units)
        except ActivationError as error:
            self.reasons.append(str(error))

    def _smoke(self, where: str, door: FrontDoor, instance: str, health: Mapping[str, Any] | None = None) -> None:
        try:
            super()._smoke(where, door, instance, health)
        except ActivationError as error:
            self.reasons.append(str(error))


def withdraw(layout: Layout) -> None:
    """Make nothing live again, as before a first deployment."""
    layout.current.unlink(missing_ok=True)
    systemd.stop([layout.unit(slot, instance) for slot, instance in systemd.running(layout.name)])
    served = daemons(layout)
    for group in served.groups:
        served.rest(group)
    layout.settings.unlink(missing_ok=True)
    for socket in layout.run.glob("web-*.sock"):
        socket.unlink()
