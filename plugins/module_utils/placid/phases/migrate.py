"""Bringing an application's database to what a release needs.

Migrations that the live release knows and this one does not are refused, kept or reversed; what is pending is applied as the
application's user, under a PostgreSQL advisory lock and with a lock_timeout. What was done before a failure is told.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import dump, migrations, schema, settled
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import direct_environment_of, discard, layout_of, locked, record
from ansible.module_utils.placid.releases import complete, process_environment


def run(module: AnsibleModule) -> dict[str, Any]:
    release = module.params["release"]
    nothing: dict[str, Any] = {"changed": False, "applied": [], "reversed": [], "kept": [], "dump": ""}
    if migrations.nothing_to_do(module.params["done"].get("stage", {}).get("migrations")):
        return nothing
    if module.check_mode and complete(Layout(module.params["application"]), release) is None:
        return nothing
    layout = layout_of(module)
    if settled.still(layout, release, direct_environment_of(module), module.params["database_url"]):
        return nothing
    with locked(module, layout):
        try:
            return migrate(module, layout, release)
        except PlacidError as error:
            if not module.check_mode:
                discard(module, layout, release, "migrate", error)
            raise


class Database:
    """An application's database as the code of its releases sees it."""

    def __init__(self, module: AnsibleModule, layout: Layout) -> None:
        self.module, self.layout = module, layout
        self.environment = direct_environment_of(module)

    def ask(self, release: str, mode: str, what: str, **argument: Any) -> dict[str, Any]:
        spec = complete(self.layout, release)
        if spec is None:
            raise PlacidError(f"The release {release} is not complete on this host. Deploy its version again.")
        environment = {**self.environment, **process_environment(self.layout, spec)}
        return migrations.run(mode, self.layout.name, self.layout.release(release), environment, what, **argument)


def write_down(module: AnsibleModule, layout: Layout, release: str, before: list[str], after: list[str], **more: bool) -> None:
    """Write into the ledger what the database had before a change of its schema and has afterwards, and what that was."""
    applied, taken_back = migrations.difference(before, after)
    told = {"applied": applied, "reversed": taken_back, "before": before, "after": after}
    record(module, layout, "migrated", release, **told, **more)


def change(
    module: AnsibleModule, database: Database, release: str, code: str, mode: str, what: str, **argument: Any
) -> dict[str, Any]:
    """Let the code of a release change the schema for `release`, and write down what was done, also when it failed half-way."""
    try:
        result = database.ask(code, mode, what, **argument)
    except migrations.MigrationError as error:
        write_down(module, database.layout, release, error.before, error.after, failed=True)
        raise
    write_down(module, database.layout, release, result["applied_before"], result["applied_after"])
    return result


def apply(module: AnsibleModule, database: Database, release: str) -> None:
    """Apply what is pending."""
    result = change(module, database, release, release, "migrate", "Migrating the database")
    after = {**result, "pending": [], "applied_before": result["applied_after"]}
    settled.remember(database.layout, release, database.environment, after)


def cross(module: AnsibleModule, database: Database, release: str, plan: dict[str, Any]) -> list[str]:
    """The migrations that only the live release knows; refused if nothing was said of them.

    Where that was removed by hand, it may have known all that this one does not, and nobody can take them back.
    """
    live, newer = database.layout.live_release(), set(plan["applied_before"]) - set(plan["known"])
    removed = not live and database.layout.current.is_symlink()
    if not newer or live == release or not (live or removed):
        return []
    if live:
        newer &= set(database.ask(live, "plan", "Asking the live release for its migrations")["known"])
    crossed = sorted(newer)
    if removed and module.params["migrations"] != "keep":
        raise PlacidError(
            f"The database has the migrations {', '.join(crossed)}, which {release} does not know, and the release that was live "
            "is not on this host any more, so that they cannot be taken back. If its code can live with them, say "
            "-e migrations=keep; else deploy a version that knows them."
        )
    if crossed and module.params["migrations"] == "refuse":
        raise PlacidError(
            f"{release} does not know the migrations {', '.join(crossed)}, which the database has. If its code can live with "
            "them, say -e migrations=keep; to take them back first, with what they hold, say -e migrations=reverse."
        )
    return crossed


def reverse(module: AnsibleModule, database: Database, release: str, keep: list[str]) -> None:
    """Take all migrations but those of `keep` back with the code of the live release."""
    live = str(database.layout.live_release())
    change(module, database, release, live, "reverse", "Reversing the migrations", keep=keep)


def still_needed(layout: Layout, taken: list[str]) -> str:
    """What to type where migrations were taken back, and the release that needs them is live still."""
    live = layout.live_release()
    spec = complete(layout, live) if live else None
    return schema.bring_back(taken, spec["id"], spec["commit"]) if spec else ""


def save(module: AnsibleModule, database: Database, release: str) -> str:
    """Dump the database if the application wants that, and write the dump's name into the ledger before anything is migrated."""
    if not module.params["dump_before_migrate"]:
        return ""
    spec = complete(database.layout, release) or {}
    taken = dump.take(database.layout, module.params["database_url"], spec["commit"][:8])
    record(module, database.layout, "dumped", release, commit=spec["commit"], **taken)
    dump.prune(database.layout, module.params["keep_dumps"] - 1, taken["dump"])
    return str(taken["dump"])


def migrate(module: AnsibleModule, layout: Layout, release: str) -> dict[str, Any]:
    database = Database(module, layout)
    plan = database.ask(release, "plan", "Asking the release for its migrations")
    if plan["pending"] and not module.params["apply_migrations"]:  # they were taken back when this release was left
        commit = (complete(layout, release) or {})["commit"][:12]
        raise PlacidError(
            f"{release} needs the migrations {', '.join(plan['pending'])}, which the database has not, and a rollback applies "
            f"none. A deployment does: ansible-playbook deploy.yml -e version={commit}"
        )
    crossed = cross(module, database, release, plan)
    pending = plan["pending"] if module.params["apply_migrations"] else []
    taken = crossed if module.params["migrations"] == "reverse" else []
    kept = crossed if module.params["migrations"] == "keep" else []
    saved, gone = "", []
    if not module.check_mode:
        settled.remember(layout, release, database.environment, plan)
    if (pending or taken) and not module.check_mode:
        saved = save(module, database, release)
        try:
            if taken:
                reverse(module, database, release, sorted(set(plan["applied_before"]) - set(taken)))
                gone = taken
            if pending:
                apply(module, database, release)
        except PlacidError as error:
            gone = gone or getattr(error, "taken_back", [])
            raise PlacidError(f"{error}{dump.advice(saved)}{still_needed(layout, gone)}") from None
    return {"changed": bool(pending or taken), "applied": pending, "reversed": taken, "kept": kept, "dump": saved}
