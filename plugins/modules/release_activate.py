#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Make a release live."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_activate
short_description: Make a release of an application live without a visitor noticing
description:
  - Writes the settings file, starts the release's processes beside those that run, asks the new web process for its health
    page with a real Host and scheme header, switches with one rename, asks the smoke paths through the web server, and lets
    the old processes finish.
  - When anything is not well, the release that was live before serves on, with the settings it had, and a release that was
    never good is removed.
  - What is to do is found from the processes that run, so a run that was killed is taken up by the next, and a second run
    changes nothing.
options:
  application:
    description: Name of the application.
    type: str
    required: true
  release:
    description: Id of the release; the live one when it is empty.
    type: str
    default: ""
  settings:
    description: Environment of the application.
    type: dict
    default: {}
  secrets:
    description: The part of the environment that is secret.
    type: dict
    default: {}
  front_door:
    description: How visitors reach the application on this host.
    type: dict
    required: true
    suboptions:
      host: {description: The name they ask for., type: str, required: true}
      port: {description: Port of the web server., type: int, default: 80}
      scheme: {description: Scheme that the application is told., type: str, choices: [http, https], default: http}
      certificate: {description: The file that the web server is to show over TLS; empty for plain HTTP., type: str, default: ""}
      smoke: {description: Paths that must not answer with a server's error., type: list, elements: str, default: []}
  deployment:
    description: The deployment that this is a step of, as M(release_plan) returns it.
    type: dict
    required: true
    suboptions:
      token: {description: Names one run., type: str, required: true}
      who: {description: User and controller., type: str, required: true}
      purpose: {description: What is deployed., type: str, required: true}
      since: {description: When it began in UTC., type: str, required: true}
      wait: {description: Seconds to wait for another deployment to end., type: float, default: 0}
attributes:
  check_mode: {support: full, description: Says what would be done and why.}
  diff_mode: {support: partial, description: Names of the settings that change; never a value.}
author: Placid
"""

EXAMPLES = r"""
- name: Make the release live
  release_activate:
    application: guestbook
    release: 20260102T030405Z-0123abcd
    front_door: {host: guestbook.example.org, smoke: [/]}
    deployment: "{{ plan.deployment }}"
"""

RETURN = r"""
release:
  description: Id of the release that is live.
  returned: success
  type: str
instance:
  description: Name of the processes' units behind the @.
  returned: success
  type: str
reasons:
  description: Why there was something to do.
  returned: success
  type: list
  elements: str
settings_changed:
  description: Names of the settings that changed.
  returned: success
  type: list
  elements: str
steps:
  description: Seconds that C(start), C(switch) and C(drain) took.
  returned: success
  type: dict
seconds:
  description: Seconds that the work on the host took.
  returned: success
  type: float
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.activate import Activation, FrontDoor
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import DEPLOYMENT, SETTINGS, discard, environment_of, layout_of, locked, record, run
from ansible.module_utils.placid.stage import complete

SPEC = {
    "release": {"type": "str", "default": ""},
    "front_door": {
        "type": "dict",
        "required": True,
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 80},
            "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
            "certificate": {"type": "str", "default": ""},
            "smoke": {"type": "list", "elements": "str", "default": []},
        },
    },
}


def work(module: AnsibleModule) -> dict[str, Any]:
    layout = Layout(module.params["application"])
    release = module.params["release"] or layout.live_release()
    if not release:
        raise PlacidError(
            f"Nothing of {layout.name} is live on this host. Deploy first: ansible-playbook deploy.yml -e version=…"
        )
    spec = complete(layout, release)
    if spec is None and module.check_mode:
        return {"changed": True, "release": release, "instance": "", "reasons": [f"{release} is not staged"], "steps": {}}
    if spec is None:
        raise PlacidError(f"The release {release} is not complete on this host. Deploy its version again.")
    layout = layout_of(module)
    settings = environment_of(module)
    front_door = FrontDoor(**module.params["front_door"])
    if front_door.certificate and not os.path.exists(front_door.certificate) and not module.check_mode:
        raise PlacidError(
            f"There is no {front_door.certificate}: TLS is new in the inventory. Run ansible-playbook site.yml here first."
        )
    if module.check_mode:
        activation = Activation(layout, spec, settings, front_door)
        activation.plan()
    else:
        with locked(module, layout):
            activation = Activation(layout, spec, settings, front_door)
            activate(module, layout, activation, release)
    names = "".join(f"{name}\n" for name in activation.settings_changed)
    return {
        "changed": activation.changed,
        "release": release,
        "instance": activation.live_instance,
        "reasons": activation.reasons,
        "settings_changed": activation.settings_changed,
        "steps": activation.steps,
        "diff": {"before": "", "after": names, "before_header": "settings", "after_header": "settings that change"},
    }


def activate(module: AnsibleModule, layout: Layout, activation: Activation, release: str) -> None:
    try:
        activation.run()
    except PlacidError:
        discard(module, layout, release, "activate")
        raise
    if activation.changed:
        record(module, layout, "activated", release, settings=activation.settings_changed, steps=activation.steps)


def main() -> None:
    run(work, SPEC, SETTINGS, DEPLOYMENT)


if __name__ == "__main__":
    main()
