#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Refuse applications for which a host has no room."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application_room
short_description: Refuse applications for which a host has no room
description:
  - Looks for what would stand in the way, changes nothing, and fails with all that it found, each with its remedy.
options:
  applications:
    description: The applications, with C(name), C(python) and C(domains) of each.
    type: list
    elements: dict
    required: true
  memory_mb:
    description: Memory that the host must have.
    type: int
    required: true
  disk_mb:
    description: What must be free of the file system of C(/srv).
    type: int
    required: true
  web_server:
    description: What serves their sites, C(nginx) or C(apache).
    type: str
    required: true
attributes:
  check_mode: {support: full, description: It only reads.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Require room
  application_room:
    applications: [{name: guestbook, python: "3.13", domains: [guestbook.example.org]}]
    memory_mb: 512
    disk_mb: 1024
    web_server: nginx
"""

RETURN = r"""
host:
  description: What was found of memory, disk, interpreters and names.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.room import observe, problems, shadowed


def main() -> None:
    argument_spec = {
        "applications": {"type": "list", "elements": "dict", "required": True},
        "memory_mb": {"type": "int", "required": True},
        "disk_mb": {"type": "int", "required": True},
        "web_server": {"type": "str", "required": True},
    }
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    apps = module.params["applications"]
    host = observe([app["name"] for app in apps])
    found = problems(apps, host, module.params["memory_mb"], module.params["disk_mb"])
    found += shadowed(apps) if module.params["web_server"] == "apache" else []
    if found:
        module.fail_json(msg="\n".join(found))
    module.exit_json(changed=False, host=host)


if __name__ == "__main__":
    main()
