"""Making live again, with its settings, what was live before a switch that did not come about on every host."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import dotenv, provisional
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.front_door import FrontDoor
from ansible.module_utils.placid.going_back import GoingBack, withdraw
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import discard, environment_of, layout_of, locked, mask, record
from ansible.module_utils.placid.phases.record import let_end
from ansible.module_utils.placid.releases import complete


def run(module: AnsibleModule) -> dict[str, Any]:
    layout = layout_of(module)
    environment_of(module)
    if module.check_mode:
        return {"changed": False, "release": layout.live_release() or ""}
    with locked(module, layout, last=True):
        before = provisional.read(layout)
        if before is None or not (module.params["unconfirmed"] or before.token == module.params["deployment"]["token"]):
            return {"changed": False, "release": layout.live_release() or ""}
        given_up = {module.params["release"], layout.live_release() or ""} - {"", before.release}
        reasons = go_back(module, layout, before)
        provisional.drop(layout)
        for release in [each for each in given_up if layout.release(each).exists()]:
            discard(module, layout, release, "activate", "")  # the host that could not switch says why
        if not given_up:  # a change of settings
            record(module, layout, "failed", before.release, phase="activate")
    return {"changed": True, "release": before.release, "reasons": reasons}


def go_back(module: AnsibleModule, layout: Layout, before: provisional.Before) -> list[str]:
    if not before.release:
        withdraw(layout)
        return []
    spec = complete(layout, before.release)
    if spec is None:
        raise PlacidError(f"The release {before.release} is not complete on this host any more. Deploy its version again.")
    settings = dotenv.parse(before.settings or "")
    mask(module, settings)
    activation = GoingBack(layout, spec, settings, FrontDoor(**module.params["front_door"]))
    activation.run()
    let_end(layout)
    return activation.reasons
