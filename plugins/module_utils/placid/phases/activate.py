"""Making a release live without a visitor noticing; what fails is put back, and a release that was never good removed."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import dotenv, dump, ledger, provisional
from ansible.module_utils.placid.activate import Activation
from ansible.module_utils.placid.errors import HalfUndoneError, PlacidError
from ansible.module_utils.placid.front_door import FrontDoor
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import discard, environment_of, layout_of, locked, mask, nothing_live, record
from ansible.module_utils.placid.releases import complete
from ansible.module_utils.placid.switch import Switched


def run(module: AnsibleModule) -> dict[str, Any]:
    layout = Layout(module.params["application"])
    release = module.params["release"] or layout.live_release()
    if not release:
        raise nothing_live(layout)
    spec = complete(layout, release)
    if spec is None and module.check_mode:
        return {"changed": True, "release": release, "instance": "", "reasons": [f"{release} is not staged"], "steps": {}}
    if spec is None:
        raise PlacidError(f"The release {release} is not complete on this host. Deploy its version again.")
    layout = layout_of(module)
    settings = environment_of(module)
    front_door = FrontDoor(**module.params["front_door"])
    if front_door.certificate and not os.path.exists(front_door.certificate):
        raise PlacidError(
            f"There is no {front_door.certificate}: TLS is new in the inventory. Run ansible-playbook site.yml here first."
        )
    if module.check_mode:
        activation = Activation(layout, spec, settings, front_door)
        activation.plan()
    else:
        with locked(module, layout):
            activation = Activation(layout, spec, settings, front_door, becomes(module, layout, release))
            mask(module, dotenv.parse(activation.file.text() or ""))  # what the processes of before have may be in their log
            activate(module, layout, activation, release)
    names = "".join(f"{name}\n" for name in activation.settings_changed)
    return {
        "changed": activation.changed or (module.check_mode and to_end(activation)),
        "release": release,
        "instance": activation.live_instance,
        "reasons": activation.reasons,
        "settings_changed": activation.settings_changed,
        "steps": activation.steps,
        "diff": {"before": "", "after": names, "before_header": "settings", "after_header": "settings that change"},
    }


def activate(module: AnsibleModule, layout: Layout, activation: Activation, release: str) -> None:
    kept = False
    if module.params["provisional"]:
        activation.plan()
        token, unconfirmed = module.params["deployment"]["token"], module.params["unconfirmed"]
        kept = activation.changed and provisional.keep(layout, token, unconfirmed)
    try:
        activation.run()
    except PlacidError as error:
        if kept and not isinstance(error, HalfUndoneError):
            provisional.drop(layout)
        discard(module, layout, release, "activate", error)
        migrated = module.params["done"].get("migrate", {})
        if migrated.get("reversed"):  # imported late: that phase is done already, and a change of settings has none
            from ansible.module_utils.placid.phases.migrate import still_needed

            raise PlacidError(
                f"{error}{still_needed(layout, migrated['reversed'])}{dump.advice(migrated.get('dump', ''))}"
            ) from None
        raise
    if activation.changed:
        record(module, layout, "activated", release, settings=activation.settings_changed, steps=activation.steps)


def becomes(module: AnsibleModule, layout: Layout, release: str) -> str:
    """The event that the run ends with; a change of settings is to end what made the release live, too, if that was cut short."""
    event = str(module.params["event"])
    if event != "settings" or ledger.good_releases(ledger.read(layout.ledger))[-1:] == [release]:
        return event
    return Switched.read(layout, release).becomes or ledger.GOOD


def to_end(activation: Activation) -> bool:
    """Whether processes run that are not those of the live release."""
    others = [instance for _, instance in activation.running if instance != activation.live_instance]
    return bool(others) or activation.daemons.at_work(activation.group)
