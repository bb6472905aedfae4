#!/usr/bin/python
"""Make a directory hold exactly these symbolic links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: directory_links
short_description: Make a directory hold exactly these symbolic links
description:
  - Makes the links that lack, points those elsewhere that lead to another place, and removes all others.
  - Files and directories that are no links stay as they are.
attributes:
  check_mode:
    support: full
    description: Says what would be done. A directory that is not there yet counts as one that holds nothing.
  diff_mode:
    support: full
    description: Lists the links before and after.
options:
  path:
    description: The directory, absolute. It is not made.
    type: path
    required: true
  links:
    description: What each link leads to, by the link's name.
    type: dict
    required: true
author: Placid
"""

EXAMPLES = r"""
- name: Load these modules and no others
  directory_links:
    path: /etc/apache2/mods-enabled
    links: {headers.load: ../mods-available/headers.load}
"""

RETURN = r"""
made:
  description: Names of the links that were made or point elsewhere now.
  returned: always
  type: list
  elements: str
removed:
  description: Names of the links that were removed.
  returned: always
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import links
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import replace_link


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "links": {"type": "dict", "required": True}},
        supports_check_mode=True,
    )
    directory, wanted = Path(module.params["path"]), module.params["links"]
    present = links.found(directory)
    todo = links.plan(present, wanted)
    try:
        if not module.check_mode:
            if todo.make and not directory.is_dir():
                raise PlacidError(f"There is no directory {directory} for the links. Make it before, or install what brings it.")
            for name, target in todo.make.items():
                if (directory / name).exists() and name not in present:
                    raise PlacidError(
                        f"{directory / name} is no link, so it is left as it is. Look what it is, and move it away."
                    )
                replace_link(directory / name, target)
            for name in todo.remove:
                (directory / name).unlink()
    except (PlacidError, OSError) as error:
        module.fail_json(msg=str(error))
    diff = {"before": links.lines(present), "after": links.lines(wanted), "before_header": str(directory)}
    made, removed = list(todo.make), list(todo.remove)
    module.exit_json(changed=bool(made or removed), made=made, removed=removed, diff=diff)


if __name__ == "__main__":
    main()
