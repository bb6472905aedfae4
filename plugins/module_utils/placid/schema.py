"""What a deployment would do to the database's schema, as far as it can be told without running the new code.

Pure. The files of a commit and of its packages name migrations; what was applied tells the database, or a host's ledger. An
application's label is taken to be the name of the directory that holds its `migrations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DATABASE, LEDGER, NOBODY = "database", "ledger", ""


@dataclass
class Schema:
    """Migrations as app_label.name. pending: to be applied. unknown: applied, and not known to the commit. source: who told.

    certain: the code is what is live, so that Django will find no others. Other code may install an application of a package
    that does not change, and whose files are not read. early: new in the commit, and applied already, as by a run that failed
    afterwards.
    """

    pending: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    source: str = NOBODY
    certain: bool = False
    early: list[str] = field(default_factory=list)


def migration(path: str) -> str:
    """The migration that a file holds, as app_label.name; nothing where no directory gives it a label."""
    parts = path.removesuffix(".py").split("/")
    return f"{parts[-3]}.{parts[-1]}" if len(parts) >= 3 else ""


def _label(name: str) -> str:
    return name.partition(".")[0]


def applied(hosts: Iterable[Mapping[str, Any]]) -> tuple[set[str], str]:
    """What is applied, and who says so: a database that answered, else the ledgers of all hosts together."""
    told = [info.get("migrations") or {} for info in hosts]
    for each in told:
        if each.get("source") == DATABASE:
            return set(each["applied"]), DATABASE
    known = [set(each["applied"]) for each in told if each.get("source") == LEDGER]
    return set().union(*known), LEDGER if known else NOBODY


def schema(changes: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> Schema:
    """changes: the `plan` of the artefact. hosts: what each said when it was asked."""
    now, source = applied(hosts)
    first, same = not any(info["live"] for info in hosts), changes.get("direction") == "same"
    added = {migration(path) for path in changes.get("migrations") or []} - {""}
    files = {migration(path) for path in changes.get("migration_files") or []} - {""} | added
    if source == NOBODY:
        return Schema(sorted(files if first else added), [], NOBODY, same)
    labels = {_label(each) for each in now}
    # A file that is old, of a label that the database has never heard of, is of an application that is not installed.
    pending = sorted(each for each in files - now if first or each in added or _label(each) in labels)
    ours = {_label(each) for each in files} | {_label(migration(path)) for path in changes.get("migrations_removed") or []}
    unknown = sorted(each for each in now - files if _label(each) in ours)
    return Schema(pending, unknown, source, same, sorted(added & now))


_TOLD = {
    DATABASE: "",
    LEDGER: " by the ledger, the database was not asked",
    NOBODY: " by the files alone: neither database nor ledger told what is applied",
}

#: What becomes of migrations that the live release knows and the next one does not, by what was said of them.
FATES = {
    "refuse": "refused unless -e migrations=keep or -e migrations=reverse is said",
    "keep": "kept (-e migrations=keep)",
    "reverse": "taken back, with what they hold (-e migrations=reverse)",
}


def describe(found: Schema, first: bool, packages: bool, fate: str) -> list[str]:
    """The schema's part of the plan. first: nothing is live yet. packages: some that are installed change. fate: one of FATES."""
    told = _TOLD[found.source]
    lines = [f"migration pending{told}: {each}" for each in found.pending]
    if first:
        return [*lines, "migrations of packages come on top"]
    if not lines:
        where = "" if found.certain else " in the commit and in packages that change"
        lines = [f"migrations: none pending{where}{told}"]
    if not found.certain:
        lines.append("Django itself is asked after staging: it may find more, of packages that do not change")
    if packages and found.source == NOBODY:
        lines.append("packages that change may bring migrations, too")
    lines += [f"migration of the database that this version does not know: {each}" for each in found.unknown]
    return [*lines, f"those that the live release knows are {FATES[fate]}"] if found.unknown else lines


def way_back(found: Schema, fate: str) -> str:
    """What a rollback to what is live now will meet; nothing where that depends on what is still to be said of migrations."""
    if found.unknown and fate == "reverse":
        return f"not before a deployment has applied again what is taken back of {', '.join(found.unknown)}"
    only = "only with -e migrations=keep or -e migrations=reverse, because of"
    if found.pending:
        return f"{only} the migrations that are pending"
    if found.early:
        return f"{only} migrations that are applied, and new in this version: {', '.join(found.early)}"
    if found.unknown and fate == "refuse":
        return ""
    return f"free: no migration is in between{'' if found.certain else ', unless Django finds one'}"


def bring_back(taken: Sequence[str], live: str, commit: str) -> str:
    """What to type where the release that is live needs migrations that were taken back, as the end of a message."""
    if not taken:
        return ""
    again = f"ansible-playbook deploy.yml -e version={commit[:12]}"
    return f"\n{live} is live still and needs {', '.join(taken)}. To apply them again: {again}"
