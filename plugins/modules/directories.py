#!/usr/bin/python
"""Make several directories in one step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: directories
short_description: Make several directories in one step
description:
  - A task costs a third of a second over SSH, whatever it does; each application has eight directories. Each is made where it is
    missing, the directories above it too, and gets its owner, group and mode. What it holds stays as it is.
  - A link to a directory counts as that directory.
attributes:
  check_mode:
    support: full
    description: Says which directories would be made or changed. Owners and groups need not exist yet.
  diff_mode:
    support: full
    description: Names the directories that change.
options:
  directories:
    description: The directories, those above others first.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {description: The directory., type: path, required: true}
      owner: {description: Its owner., type: str, default: root}
      group: {description: Its group., type: str, default: root}
      mode: {description: "Its mode, octal digits.", type: str, default: "0755"}
author: Placid
"""

EXAMPLES = r"""
- name: Make its directories
  directories:
    directories:
      - path: /srv/guestbook
      - {path: /var/lib/guestbook, owner: guestbook, group: www-data, mode: "0710"}
"""

RETURN = r"""
directories:
  description: The directories that were made or changed, or would be.
  type: list
  elements: str
  returned: always
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

SPEC = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0755"},
}


def make(module: AnsibleModule, path: str, owner: str, group: str, mode: str) -> bool:
    """Make one directory what it is to be; say whether that changes anything."""
    there = os.path.isdir(path)
    if not there and os.path.lexists(path):
        module.fail_json(msg=f"{path} is no directory. Look what it is, and move it away.")
    if not there and module.check_mode:
        return True
    os.makedirs(path, exist_ok=True)
    path = os.path.realpath(path)
    changed = module.set_owner_if_different(path, owner, not there)
    changed = module.set_group_if_different(path, group, changed)
    return bool(module.set_mode_if_different(path, mode, changed))


def main() -> None:
    """Run the module."""
    wanted: dict[str, Any] = {"type": "list", "elements": "dict", "required": True, "options": SPEC}
    module = AnsibleModule(argument_spec={"directories": wanted}, supports_check_mode=True)
    os.umask(0o022)
    changed = [each["path"] for each in module.params["directories"] if make(module, **each)]
    told = "".join(f"{path}\n" for path in changed)
    diff = {"before": "", "after": told, "before_header": "directories", "after_header": "directories that change"}
    module.exit_json(changed=bool(changed), directories=changed, diff=diff)


if __name__ == "__main__":
    main()
