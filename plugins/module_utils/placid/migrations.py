"""An application's migrations, asked of its own code on the host."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible.module_utils.placid import django_migrations
from ansible.module_utils.placid.command import run_as, written
from ansible.module_utils.placid.errors import PlacidError

#: Seconds for a database that is starting, for another run's migrations, and for a table's lock. Who wants a table that a
#: migration waits for waits, too: so that is short, and tried again after a pause in which they get it.
PATIENCE = {"database_wait": 60, "lock_wait": 60, "lock_timeout": 3, "lock_tries": 5, "lock_pause": 2}


class MigrationError(PlacidError):
    """A migration that was not applied, or not taken back; and what the database had before, and has since it failed."""

    def __init__(self, message: str, before: list[str], after: list[str]) -> None:
        super().__init__(message)
        self.before, self.after = before, after
        _, self.taken_back = difference(before, after)


def difference(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """What was applied and what was taken back, between what a database had and what it has."""
    return sorted({*after} - {*before}), sorted({*before} - {*after})


def run(mode: str, user: str, release: Path, environment: Mapping[str, str], what: str, **argument: Any) -> dict[str, Any]:
    """Plan, migrate or reverse with a release's code; the result is that of `django_migrations.work`.

    Raises CommandError when the application did not come so far, MigrationError when a migration failed.
    """
    result = _ask(mode, user, release, environment, what, argument)
    if result is None:
        raise PlacidError(
            f"{what} failed: the application ended Python before Django had answered. Run manage.py migrate by hand."
        )
    if result["error"]:
        before, after = result["applied_before"], result["applied_after"]
        applied, back = difference(before, after)
        word, done = ("Taken back", back) if mode == "reverse" else ("Applied", applied)
        raise MigrationError(
            f"{what} failed: {result['error']}. {word} before it failed: {', '.join(done) or 'nothing'}. {_advice(result)}",
            before,
            after,
        )
    return result


def _advice(result: Mapping[str, Any]) -> str:
    if "holders" not in result:
        return "Mend the migration and deploy the commit that mends it."
    who = ", ".join(result["holders"]) or "nobody any more"
    return (
        f"A table was in use all the time. At work in the database: {who}. Wait for them, or end them as postgres with "
        "SELECT pg_terminate_backend(<process>), and type the same command again."
    )


class Checked(NamedTuple):
    """What one start of the application told: the plan, or None where the database did not answer, and what was checked."""

    plan: dict[str, Any] | None
    silenced: list[str]  # messages of the check that the settings leave out
    unmigrated: dict[str, list[str]]  # what a migration is missing for, by application


def check(user: str, release: Path, environment: Mapping[str, str], level: str, models: bool) -> Checked:
    """Run `manage.py check --deploy`, hold the models against their migrations and plan, all in one process.

    Raises CommandError when the check fails.
    """
    argument = {"check": level, "models": models, "database_wait": 0}
    found = _ask("plan", user, release, environment, "manage.py check --deploy", argument) or {"error": "nothing was said"}
    silenced, unmigrated = found.pop("silenced", []), found.pop("unmigrated", {})
    return Checked(None if found["error"] else found, silenced, unmigrated)


def nothing_to_do(plan: Mapping[str, Any] | None) -> bool:
    """Whether a database has exactly the migrations that a release knows."""
    return plan is not None and not plan["pending"] and set(plan["applied_before"]) <= set(plan["known"])


def _ask(
    mode: str, user: str, release: Path, environment: Mapping[str, str], what: str, argument: Mapping[str, Any]
) -> dict[str, Any] | None:
    argument = {**PATIENCE, **argument}
    output = run_as(
        user,
        [str(release / "venv/bin/python"), "-", mode, json.dumps(argument)],
        release,
        environment,
        what,
        stdin=inspect.getsource(django_migrations),
    )
    told = [line for line in output.splitlines() if line.startswith(django_migrations.RESULT)]
    if not told:
        return None
    written[what]["stdout"] = written[what]["stdout"].rpartition("\n" + django_migrations.RESULT)[0]
    result: dict[str, Any] = json.loads(told[-1].removeprefix(django_migrations.RESULT))
    return result
