#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Dump PostgreSQL databases a last time, and remove them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_absent
short_description: Dump PostgreSQL databases a last time, and remove them
description:
  - Lets the owner, the role of the same name, in no more, ends its sessions, dumps the database into
    C(/var/backups/placid/NAME), and removes database and role.
  - A dump that cannot be taken leaves the database as it is. A run that was killed is finished by the next one.
options:
  names:
    description: Names of the databases.
    type: list
    elements: str
    required: true
attributes:
  check_mode: {support: full, description: Says which there are.}
  diff_mode: {support: full, description: Lists what is removed.}
author: Placid
"""

EXAMPLES = r"""
- name: Remove a database
  database_absent:
    names: [guestbook]
"""

RETURN = r"""
dumps:
  description: The files with the last dumps.
  returned: success
  type: list
  elements: str
  sample: [/var/backups/placid/guestbook/20260102T030405Z-last.dump]
removed:
  description: What was there, a line each; empty when nothing was to do.
  returned: success
  type: list
  elements: str
  sample: [database guestbook, role guestbook]
"""

from pathlib import Path
from typing import IO

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.application_checks import APPLICATION_NAME
from ansible.module_utils.placid.command import run_as
from ansible.module_utils.placid.dump import store
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout


def ask(query: str, name: str = "") -> list[str]:
    """The lines that the server answers its administrator; in the query :'name' and :"name" are the name, quoted."""
    argv = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", f"--set=name={name}"]
    return run_as("postgres", [*argv, "--dbname=postgres"], Path("/"), {}, "Asking PostgreSQL", stdin=query).split()


def there(name: str) -> list[str]:
    """Which of the two there is."""
    names = {"database": ask("SELECT datname FROM pg_database"), "role": ask("SELECT rolname FROM pg_roles")}
    return [f"{kind} {name}" for kind, found in names.items() if name in found]


def dump(name: str) -> str:
    def write(file: IO[bytes]) -> None:
        what = f"Dumping {name} before it is removed"
        run_as("postgres", ["pg_dump", "--format=custom", name], Path("/"), {}, what, timeout=6 * 3600, stdout=file)

    layout = Layout(name)
    return str(layout.dumps / store(layout, "last", write)["dump"])


def remove(name: str, found: list[str]) -> list[str]:
    """Remove what was found; the dump, where there was a database."""
    dumps = []
    if f"role {name}" in found:
        ask('ALTER ROLE :"name" NOLOGIN', name)
    if f"database {name}" in found:
        ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'name'", name)
        dumps.append(dump(name))
        ask('DROP DATABASE :"name" WITH (FORCE)', name)
    if f"role {name}" in found:
        ask('DROP ROLE :"name"', name)
    return dumps


def main() -> None:
    argument_spec = {"names": {"type": "list", "elements": "str", "required": True}}
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    removed: list[str] = []
    dumps: list[str] = []
    try:
        for name in module.params["names"]:
            if not APPLICATION_NAME.fullmatch(name) or name == "postgres":
                raise PlacidError(f"{name!r} is no name of an application's database. Give one of lower-case letters and digits.")
            found = there(name)
            removed += found
            if not module.check_mode:
                dumps += remove(name, found)
    except PlacidError as error:
        module.fail_json(msg=str(error))
    diff = {"prepared": "".join(f"{each} is removed\n" for each in removed)}
    module.exit_json(changed=bool(removed), removed=removed, dumps=dumps, diff=diff)


if __name__ == "__main__":
    main()
