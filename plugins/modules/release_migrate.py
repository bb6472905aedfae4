#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Bring a database to the migrations of a release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_migrate
short_description: Bring an application's database to what a release needs
description:
  - Finds the migrations of the database that the live release knows and this one does not, and refuses, keeps or reverses them.
  - Applies the migrations of the release that are pending, as the application's user, under a PostgreSQL advisory lock and with a
    C(lock_timeout).
  - A release whose migration fails is removed again; what was applied before the failure is said and written into the ledger.
options:
  application:
    description: Name of the application.
    type: str
    required: true
  release:
    description: Id of the release that is to be live.
    type: str
    required: true
  unknown:
    description:
      - What becomes of migrations that the database has and the release does not know.
      - V(refuse) fails with their names, V(keep) leaves them, V(reverse) takes them back with the code of the live release.
    type: str
    choices: [refuse, keep, reverse]
    default: refuse
  apply:
    description: Whether to apply what is pending; a rollback does not.
    type: bool
    default: true
  settings:
    description: Environment of the application.
    type: dict
    default: {}
  secrets:
    description: The part of the environment that is secret.
    type: dict
    default: {}
  database_wait:
    description: Seconds to wait for a database that does not answer yet.
    type: int
    default: 60
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
  check_mode: {support: partial, description: A release that is not staged yet cannot be asked; its migrations are in the plan.}
  diff_mode: {support: none, description: The migrations are returned by name.}
author: Placid
"""

EXAMPLES = r"""
- name: Apply pending migrations
  release_migrate:
    application: guestbook
    release: 20260102T030405Z-0123abcd
    deployment: "{{ plan.deployment }}"
"""

RETURN = r"""
applied:
  description: Migrations that were applied now, as app_label.name.
  returned: success
  type: list
  elements: str
reversed:
  description: Migrations that were taken back now, as app_label.name.
  returned: success
  type: list
  elements: str
kept:
  description: Migrations of the database that the release does not know and that were left, as app_label.name.
  returned: success
  type: list
  elements: str
output:
  description:
    - What the application's programs wrote, C(stdout) and C(stderr) by step, the last 100 kB of each.
    - A failure returns it too.
  returned: when something was written
  type: dict
seconds:
  description: Seconds that the work on the host took.
  returned: success
  type: float
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import migrations
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import DEPLOYMENT, SETTINGS, discard, environment_of, layout_of, locked, record, run
from ansible.module_utils.placid.stage import complete, process_environment

SPEC = {
    "release": {"type": "str", "required": True},
    "unknown": {"type": "str", "choices": ["refuse", "keep", "reverse"], "default": "refuse"},
    "apply": {"type": "bool", "default": True},
    "database_wait": {"type": "int", "default": 60},
}


class Database:
    """An application's database as the code of its releases sees it."""

    def __init__(self, module: AnsibleModule, layout: Layout) -> None:
        self.module, self.layout, self.environment = module, layout, environment_of(module)

    def ask(self, release: str, mode: str, what: str, **argument: Any) -> dict[str, Any]:
        spec = complete(self.layout, release)
        if spec is None:
            raise PlacidError(f"The release {release} is not complete on this host. Deploy its version again.")
        environment = {**self.environment, **process_environment(self.layout, spec)}
        wait = self.module.params["database_wait"]
        directory = self.layout.release(release)
        return migrations.run(mode, self.layout.name, directory, environment, what, database_wait=wait, **argument)


def apply(module: AnsibleModule, database: Database, release: str) -> None:
    """Apply what is pending, and write down what was applied, also when a later one failed."""
    try:
        result = database.ask(release, "migrate", "Migrating the database")
    except migrations.MigrationError as error:
        done = sorted(set(error.result["applied_after"]) - set(error.result["applied_before"]))
        record(module, database.layout, "migrated", release, applied=done, failed=True)
        raise
    record(module, database.layout, "migrated", release, applied=result["pending"])


def cross(module: AnsibleModule, database: Database, release: str, plan: dict[str, Any]) -> list[str]:
    """The migrations that only the live release knows; taken back if that was asked for, refused if nothing was."""
    live, newer = database.layout.live_release(), set(plan["applied_before"]) - set(plan["known"])
    if not newer or not live or live == release:
        return []
    crossed = sorted(newer & set(database.ask(live, "plan", "Asking the live release for its migrations")["known"]))
    if crossed and module.params["unknown"] == "refuse":
        raise PlacidError(
            f"{release} does not know the migrations {', '.join(crossed)}, which the database has. If its code can live with "
            "them, say -e migrations=keep; to take them back first, with what they hold, say -e migrations=reverse."
        )
    if crossed and module.params["unknown"] == "reverse" and not module.check_mode:
        database.ask(live, "reverse", "Reversing the migrations", keep=sorted(set(plan["applied_before"]) - set(crossed)))
        record(module, database.layout, "migrated", release, reversed=crossed)
    return crossed


def migrate(module: AnsibleModule, layout: Layout, release: str) -> dict[str, Any]:
    database = Database(module, layout)
    plan = database.ask(release, "plan", "Asking the release for its migrations")
    crossed = cross(module, database, release, plan)
    pending = plan["pending"] if module.params["apply"] else []
    if pending and not module.check_mode:
        apply(module, database, release)
    taken = crossed if module.params["unknown"] == "reverse" else []
    kept = crossed if module.params["unknown"] == "keep" else []
    return {"changed": bool(pending or taken), "applied": pending, "reversed": taken, "kept": kept}


def work(module: AnsibleModule) -> dict[str, Any]:
    release = module.params["release"]
    if module.check_mode and complete(Layout(module.params["application"]), release) is None:
        return {"changed": False, "applied": [], "reversed": [], "kept": []}
    layout = layout_of(module)
    with locked(module, layout):
        try:
            return migrate(module, layout, release)
        except PlacidError:
            discard(module, layout, release, "migrate")
            raise


def main() -> None:
    run(work, SPEC, SETTINGS, DEPLOYMENT)


if __name__ == "__main__":
    main()
