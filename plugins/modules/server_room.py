#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Refuse a server for which a host has no room."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_room
short_description: Refuse a server for which a host has no room
description:
  - Looks for what would stand in the way, changes nothing, and fails with all that it found, each with its remedy.
options:
  server:
    description: The server's name, for the messages.
    type: str
    required: true
  ports:
    description: The ports that it is to have.
    type: list
    elements: int
    required: true
  programs:
    description: Programs that may have them already, such as the server itself.
    type: list
    elements: str
    default: []
  unless:
    description: What is there once the server is. Then nothing is asked.
    type: path
  replaces:
    description: A directory with the sites of the server that this one takes the place of. They are Placid's or Debian's own.
    type: path
attributes:
  check_mode: {support: full, description: It only reads.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Require the ports, and that nobody else has sites with Apache
  server_room:
    server: nginx
    ports: [80, 443]
    programs: [nginx, apache2]
    replaces: /etc/apache2/sites-enabled
"""

RETURN = r"""
listening:
  description: The program that has each of the ports.
  returned: success
  type: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.server_room import foreign_sites, listening, problems


def main() -> None:
    argument_spec = {
        "server": {"type": "str", "required": True},
        "ports": {"type": "list", "elements": "int", "required": True},
        "programs": {"type": "list", "elements": "str", "default": []},
        "unless": {"type": "path"},
        "replaces": {"type": "path"},
    }
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    given = module.params
    if given["unless"] and Path(given["unless"]).exists():
        module.exit_json(changed=False, listening={})
    has = listening(given["ports"])
    found = problems(given["server"], given["ports"], given["programs"], has)
    found += foreign_sites(Path(given["replaces"]), given["server"]) if given["replaces"] else []
    if found:
        module.fail_json(msg="\n".join(found))
    module.exit_json(changed=False, listening=has)


if __name__ == "__main__":
    main()
