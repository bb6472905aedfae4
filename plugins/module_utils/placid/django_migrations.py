"""Asking Django for its migrations, and applying them.

This source runs inside an application's own virtual environment, as the application's user: `python - MODE ARGUMENT` with
the source on standard input. It imports nothing of Placid's, and Django only when it runs. Its last line of
output is RESULT and JSON:
{"pending": [], "known": [], "applied_before": [], "applied_after": [], "error": ""}, migrations as "app_label.name"; where a
table's lock was not to be had, "holders" says who is at work in the database. Where the check was asked for, "silenced" and
"unmigrated" say what it leaves out, and which models have changed without a migration.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

RESULT = "placid-result "
#: The advisory lock that one migration run holds in an application's database ("placid" in ASCII).
LOCK_KEY = 0x706C61636964
#: PostgreSQL's lock_not_available, which ends a statement after lock_timeout.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE = "55P03"
#: Whose transactions have locks on tables for longer than a number of seconds, or nobody knows for how long.
HOLDERS = """
SELECT DISTINCT a.pid, a.usename, date_trunc('second', a.xact_start)::text
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'relation' AND l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid()
AND coalesce(a.xact_start < now() - make_interval(secs => %s), true)
ORDER BY a.pid LIMIT 5
"""


def wait_for_database(connection: Any, seconds: float) -> None:
    """Connect, and wait for a database that is still starting."""
    from django.db.utils import OperationalError

    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as error:
            if connection.vendor == "sqlite":
                raise SystemExit(
                    f"{connection.settings_dict['NAME']}, which the settings name, is an SQLite database that cannot be opened "
                    "or made. Let DATABASES read DATABASE_URL from the environment (docs/applications.md, What a project reads)"
                ) from None
            if time.monotonic() >= deadline:
                reason = str(error).strip().splitlines()[-1]
                raise SystemExit(f"the database did not answer within {seconds:.0f} seconds: {reason}") from None
        time.sleep(0.5)


@contextlib.contextmanager
def locked(connection: Any, lock_timeout: float, wait: float) -> Iterator[None]:
    """Be the only one who migrates this database, and wait for a table's lock no longer than lock_timeout seconds."""
    if connection.vendor != "postgresql":
        yield
        return
    deadline = time.monotonic() + wait
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() >= deadline:
                raise SystemExit(f"another migration of this database has been running for more than {wait:.0f} seconds")
            time.sleep(0.5)
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{int(lock_timeout * 1000)}ms"])
        # A migration may take as long as it needs: what visitors wait for is bounded by lock_timeout.
        cursor.execute("SELECT set_config('statement_timeout', '0', false)")
    try:
        yield
    finally:
        if connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def lock_timed_out(error: Exception) -> bool:
    """Whether a statement waited in vain for a lock; psycopg 3 and psycopg2 say it in different words."""
    cause = error.__cause__
    return LOCK_NOT_AVAILABLE in (getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None))


def patiently(migrate: Callable[[], object], tries: int, pause: float) -> None:
    """Migrate, and again where a table's lock was not to be had: between two tries who waits for the table has it."""
    for left in reversed(range(tries)):
        try:
            migrate()
            return
        except Exception as error:
            if not left or not lock_timed_out(error):
                raise
        time.sleep(pause)


def carry_out(calls: list[list[str]], tries: int, pause: float) -> Exception | None:
    """Run `migrate` with these arguments, one call after the other; whatever the application's code raises ends it."""
    from django.core.management import call_command

    try:
        for words in calls:
            patiently(functools.partial(call_command, "migrate", *words, interactive=False), tries, pause)
    except Exception as error:
        return error
    return None


def holders(connection: Any, seconds: float) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(HOLDERS, [seconds])
        return [f"process {pid} of {user}" + (f" since {since}" if since else "") for pid, user, since in cursor.fetchall()]


def applied(connection: Any) -> list[str]:
    from django.db.migrations.recorder import MigrationRecorder

    return sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())


def reverse_targets(loader: Any, keep: set[str], now: list[str]) -> list[list[str]]:
    """The `migrate` arguments that leave only the migrations in keep: [app_label, name or "zero"] for each that must go back."""
    targets = []
    for label in sorted({each.partition(".")[0] for each in now if each not in keep}):
        kept = [key for key in loader.graph.nodes if key[0] == label and ".".join(key) in keep]
        newest = [key[1] for key in kept if not any(child.key in kept for child in loader.graph.node_map[key].children)]
        targets.append([label, (newest or ["zero"])[0]])
    return targets


def work(mode: str, argument: dict[str, Any]) -> dict[str, Any]:
    """mode: plan, migrate or reverse (to the migrations in argument["keep"])."""
    import django
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    result: dict[str, Any] = {"pending": [], "known": [], "applied_before": [], "applied_after": [], "error": ""}
    wait_for_database(connection, argument["database_wait"])
    with locked(connection, argument["lock_timeout"], argument["lock_wait"]):
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        result["pending"] = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
        result["known"] = sorted(".".join(key) for key in executor.loader.disk_migrations)
        result["applied_before"] = result["applied_after"] = applied(connection)
        calls: list[list[str]] = [[]] if mode == "migrate" and result["pending"] else []
        concerned = result["pending"]
        if mode == "reverse":
            calls = reverse_targets(executor.loader, set(argument["keep"]), result["applied_before"])
            concerned = [each for each in result["applied_before"] if each not in argument["keep"]]
        found = [executor.loader.disk_migrations.get(tuple(each.split(".", 1))) for each in concerned]
        # What is not atomic may have done a part of its work, which it would do again.
        atomic = all(migration and migration.atomic for migration in found)
        failed = carry_out(calls, argument["lock_tries"] if atomic else 1, argument["lock_pause"])
        if calls:
            connection.close_if_unusable_or_obsolete()
            result["applied_after"] = applied(connection)
        if failed:
            result["error"] = f"{type(failed).__name__}: {failed}".strip()
            result["error"] += "" if atomic else ". Not every migration is atomic, so that a part of one may have been applied"
            if lock_timed_out(failed):
                result["holders"] = holders(connection, argument["lock_timeout"])
        left = sorted(set(result["applied_after"]) - set(argument["keep"])) if mode == "reverse" else []
        if left and not result["error"]:
            result["error"] = f"Django does not take back {', '.join(left)}, which stand on a branch of their own"
    return result


def check(level: str) -> None:
    """Run `manage.py check --deploy` in this process, which saves a second start of the application."""
    sys.argv = ["manage.py", "check", "--deploy", "--fail-level", level]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise


def silenced() -> list[str]:
    """The messages that the settings leave out of a check."""
    from django.conf import settings

    return sorted(map(str, getattr(settings, "SILENCED_SYSTEM_CHECKS", [])))


def unmigrated(tree: str) -> dict[str, list[str]]:
    """What a migration would have to do to follow the models, in words, by application.

    Applications that are installed as packages are left out: theirs are not to be mended here, and differ from their migrations
    with DEFAULT_AUTO_FIELD alone.
    """
    import django
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.migrations.state import ProjectState

    django.setup()
    loader = MigrationLoader(None, ignore_no_migrations=True)  # asks no database
    # This one asks nobody, and does not end Python where makemigrations would.
    states = loader.project_state(), ProjectState.from_apps(apps), MigrationQuestioner(dry_run=True)
    changes = MigrationAutodetector(*states).changes(graph=loader.graph)
    paths = {config.label: os.path.realpath(config.path) for config in apps.get_app_configs()}
    own = sorted(label for label in changes if os.path.join(paths.get(label, ""), "").startswith(os.path.join(tree, "")))
    return {label: [each.describe() for migration in changes[label] for each in migration.operations] for label in own}


def main(mode: str, argument: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    if "check" in argument:
        tree = os.path.realpath(os.getcwd())
        check(argument["check"])
        found = {"silenced": silenced(), "unmigrated": unmigrated(tree) if argument["models"] else {}}
    try:
        outcome = work(mode, argument)
    except (Exception, SystemExit) as error:  # the check passed, and that is what was asked first
        if "check" not in argument:
            raise
        outcome = {"error": f"{type(error).__name__}: {error}"}
    # A migration that fails leaves a line of Django's output without its end.
    print("\n" + RESULT + json.dumps({**outcome, **found}))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
