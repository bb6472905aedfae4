#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Write into the ledger what a deployment came to, and remove what is not needed any more."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_record
short_description: Record that the live release is good, and remove old releases
description:
  - Writes the outcome of a deployment, a rollback or a change of settings into the host's ledger and frees the lock.
  - Removes releases beyond the number to keep, never the live one, the previous good one, or one that a process still works in.
options:
  application:
    description: Name of the application.
    type: str
    required: true
  release:
    description: Id of the release that is live.
    type: str
    required: true
  event:
    description: What happened.
    type: str
    choices: [deployed, rolled back, settings]
    required: true
  happened:
    description: Whether this run changed something; if not, and the ledger knows the release as good, nothing is written.
    type: bool
    default: true
  keep:
    description: How many good releases to keep, the live one included.
    type: int
    default: 5
  details:
    description: More to write into the ledger's line, such as the migrations that were kept.
    type: dict
    default: {}
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
  check_mode: {support: full, description: Says which releases would be removed.}
  diff_mode: {support: none, description: The removed releases are returned.}
author: Placid
"""

EXAMPLES = r"""
- name: Record the deployment
  release_record:
    application: guestbook
    release: 20260102T030405Z-0123abcd
    event: deployed
    deployment: "{{ plan.deployment }}"
"""

RETURN = r"""
pruned:
  description: Ids of the releases that were removed.
  returned: success
  type: list
  elements: str
seconds:
  description: Seconds that the work on the host took.
  returned: success
  type: float
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import ledger
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import DEPLOYMENT, layout_of, locked, record, run
from ansible.module_utils.placid.prune import prune
from ansible.module_utils.placid.stage import complete

SPEC = {
    "release": {"type": "str", "required": True},
    "event": {"type": "str", "choices": ["deployed", "rolled back", "settings"], "required": True},
    "happened": {"type": "bool", "default": True},
    "keep": {"type": "int", "default": 5},
    "details": {"type": "dict", "default": {}},
}


def work(module: AnsibleModule) -> dict[str, Any]:
    if module.check_mode and not Layout(module.params["application"]).releases.is_dir():
        return {"changed": True, "pruned": []}
    layout = layout_of(module)
    release, event, keep = module.params["release"], module.params["event"], module.params["keep"]
    if module.check_mode:
        return {"changed": module.params["happened"], "pruned": prune(layout, keep, dry_run=True)}
    with locked(module, layout, last=True):
        good = ledger.good_releases(ledger.read(layout.ledger))
        write = module.params["happened"] or release not in good
        if write:
            spec = complete(layout, release) or {}
            record(module, layout, event, release, commit=spec.get("commit", ""), **module.params["details"])
        pruned = prune(layout, keep)
        if pruned:
            record(module, layout, "pruned", release, removed=pruned)
    return {"changed": write or bool(pruned), "pruned": pruned}


def main() -> None:
    run(work, SPEC, DEPLOYMENT)


if __name__ == "__main__":
    main()
