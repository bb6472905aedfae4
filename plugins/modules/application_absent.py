#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Remove applications from a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application_absent
short_description: Remove applications from a host
description:
  - Stops an application's processes and removes its units, its site, its directories, uploads included, and its users.
  - Dumps of its database stay. The web server is not told, and database, cache and certificate are left to what made them.
  - A run that was killed is finished by the next one.
options:
  names:
    description: Names of the applications.
    type: list
    elements: str
    required: true
attributes:
  check_mode: {support: full, description: Says what would be removed.}
  diff_mode: {support: full, description: Lists what is removed.}
author: Placid
"""

EXAMPLES = r"""
- name: Remove an application
  application_absent:
    names: [guestbook]
"""

RETURN = r"""
removed:
  description: What was there, a line each; empty when nothing was to do.
  returned: success
  type: list
  elements: str
  sample: [/srv/guestbook, user guestbook]
"""

import grp
import pwd
import shutil
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import lock, systemd
from ansible.module_utils.placid.application_checks import APPLICATION_NAME
from ansible.module_utils.placid.daemons import daemons
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout

UNITS = Path("/etc/systemd/system")
SITES = ("/etc/nginx/sites-enabled", "/etc/apache2/sites-enabled")


def files(layout: Layout) -> list[Path]:
    """What of it is on the disk, in the order in which it goes: a name that ends in a dash and more is no other application's."""
    name = layout.name
    units = [*UNITS.glob(f"{name}.service*"), *UNITS.glob(f"{name}-*")]
    sites = [Path(directory, f"{name}.conf") for directory in SITES]
    trees = [layout.run, layout.settings.parent, layout.state, layout.home]
    units.append(UNITS / f"apache2.service.d/{name}.conf")
    found = [*units, *sites, Path(f"/etc/tmpfiles.d/{name}.conf"), *trees]
    return [path for path in found if path.is_symlink() or path.exists()]


def accounts(layout: Layout) -> list[tuple[str, str]]:
    """Its users and groups that are there, the one that says that the application is Placid's last."""
    users, groups = ({each[0] for each in every} for every in (pwd.getpwall(), grp.getgrall()))
    names = (layout.name, layout.build_user)
    return [(kind, name) for name in names for kind, all_of in (("user", users), ("group", groups)) if name in all_of]


def units(name: str) -> list[str]:
    """The units that systemd has loaded of it, instances included; and its pooler, which runs as its user."""
    patterns = (f"{name}.service", f"{name}-*", f"pgbouncer@{name}.service")
    listing = systemd.systemctl("list-units", "--all", "--plain", "--no-legend", *patterns)
    found = [line.split() for line in listing.splitlines() if line.strip()]
    return [words[0] for words in found if words[1] != "not-found" or words[2] != "inactive"]


def remove(layout: Layout) -> None:
    loaded, served = units(layout.name), daemons(layout)
    if loaded:
        systemd.systemctl("stop", *loaded)
    if (UNITS / f"{layout.name}.service").exists():
        systemd.systemctl("disable", f"{layout.name}.service")
    for path in files(layout):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    systemd.systemctl("daemon-reload")
    if served:  # a user who still has processes cannot be removed
        served.end()
    if loaded:
        systemd.systemctl("reset-failed", *loaded, check=False)
    for kind, name in accounts(layout):
        if (kind, name) not in accounts(layout):
            continue  # a group goes with its user
        done = subprocess.run([f"{kind}del", name], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PlacidError(
                f"{kind}del {name} failed: {done.stderr.strip()}. Look at: ps -u {name}; then type the command again."
            )


def main() -> None:
    argument_spec = {"names": {"type": "list", "elements": "str", "required": True}}
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    removed: list[str] = []
    try:
        for name in module.params["names"]:
            if not APPLICATION_NAME.fullmatch(name):
                raise PlacidError(
                    f"{name!r} is no name of an application. Give one of lower-case letters, digits and underscores."
                )
            layout = Layout(name)
            if ("user", layout.build_user) not in accounts(layout):
                continue  # files and a user of that name may be anybody's
            holder = lock.at_work(layout.lock)
            if holder:
                raise PlacidError(
                    f"{holder['who']} is at work on {name} ({holder['purpose']}). Wait for it, then type this again."
                )
            removed += [*map(str, files(layout)), *(" ".join(each) for each in accounts(layout))]
            if not module.check_mode:
                remove(layout)
    except PlacidError as error:
        module.fail_json(msg=str(error))
    diff = {"prepared": "".join(f"{each} is removed\n" for each in removed)}
    module.exit_json(changed=bool(removed), removed=removed, diff=diff)


if __name__ == "__main__":
    main()
