"""What a plan says of the database's schema."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid import schema

TREE = ["blog/migrations/0001_initial.py", "blog/migrations/0002_title.py", "apps/shop/migrations/0001_initial.py"]

DJANGO = ["django/contrib/auth/migrations/0001_initial.py", "django/contrib/auth/migrations/0013_new.py"]


def host(applied: str = "", source: str = "database", live: bool = True) -> dict[str, Any]:
    return {"live": {"id": "R"} if live else {}, "migrations": {"source": source, "applied": applied.split()}}


def changes(added: str = "", removed: str = "", files: list[str] | None = None) -> dict[str, Any]:
    tree = TREE if files is None else files
    return {"migrations": added.split(), "migrations_removed": removed.split(), "migration_files": tree}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("blog/migrations/0001_initial.py", "blog.0001_initial"),
        ("apps/shop/migrations/0001.py", "shop.0001"),
        ("migrations/0001.py", ""),
    ],
)
def test_the_directory_above_gives_a_migration_its_label(path: str, name: str) -> None:
    assert schema.migration(path) == name


ALL = "blog.0001_initial blog.0002_title shop.0001_initial"


@pytest.mark.parametrize(
    ("changed", "hosts", "pending", "unknown", "source"),
    [
        pytest.param(changes(), [host(ALL)], "", "", "database", id="nothing to do"),
        pytest.param(
            changes("blog/migrations/0002_title.py"), [host("blog.0001_initial")], "blog.0002_title", "", "database", id="new"
        ),
        pytest.param(changes("blog/migrations/0002_title.py"), [host(ALL)], "", "", "database", id="new, and applied already"),
        pytest.param(changes(), [host("blog.0001_initial")], "blog.0002_title", "", "database", id="not new, and never applied"),
        pytest.param(changes(), [host("", live=False)], ALL, "", "database", id="an empty database"),
        pytest.param(changes(), [host("", "", live=False)], ALL, "", "", id="an empty host"),
        pytest.param(changes(), [host(f"{ALL} blog.0003_x auth.0001")], "", "blog.0003_x", "database", id="older code"),
        pytest.param(
            changes("", "news/migrations/0001_initial.py"),
            [host(f"{ALL} news.0001_initial")],
            "",
            "news.0001_initial",
            "database",
            id="older code without a whole application",
        ),
        pytest.param(
            changes("blog/migrations/0002_title.py"),
            [host("blog.0001_initial", "ledger"), host("", "")],
            "blog.0002_title",
            "",
            "ledger",
            id="only the ledger of one host",
        ),
        pytest.param(changes("blog/migrations/0002_title.py"), [host("", "")], "blog.0002_title", "", "", id="nobody knows"),
        pytest.param(
            changes(files=[*TREE, *DJANGO, "other/migrations/0001_initial.py"]),
            [host(f"{ALL} auth.0001_initial")],
            "auth.0013_new",
            "",
            "database",
            id="a package that is installed, and one that is not",
        ),
    ],
)
def test_what_is_pending(changed: dict[str, Any], hosts: list[dict[str, Any]], pending: str, unknown: str, source: str) -> None:
    found = schema.schema(changed, hosts)
    assert (found.pending, found.unknown, found.source) == (pending.split(), unknown.split(), source)


def test_a_plan_of_the_same_code_is_certain() -> None:
    found = schema.Schema([], [], "database", certain=True)
    assert schema.describe(found, first=False, packages=False, fate="refuse") == ["migrations: none pending"]
    assert schema.way_back(found, "refuse") == "free: no migration is in between"


@pytest.mark.parametrize(("direction", "certain"), [("same", True), ("forward", False), ("diverged", False)])
def test_a_plan_of_other_code_may_be_completed_by_django(direction: str, certain: bool) -> None:
    assert schema.schema({**changes(), "direction": direction}, [host(ALL)]).certain is certain


def test_a_plan_says_who_told_and_what_django_may_add() -> None:
    django = "Django itself is asked after staging: it may find more, of packages that do not change"
    assert schema.describe(schema.Schema([], [], "database"), first=False, packages=True, fate="refuse") == [
        "migrations: none pending in the commit and in packages that change",
        django,
    ]
    assert schema.describe(schema.Schema(["a.2"], [], "ledger"), first=False, packages=False, fate="refuse") == [
        "migration pending by the ledger, the database was not asked: a.2",
        django,
    ]
    assert schema.describe(schema.Schema([], [], ""), first=False, packages=True, fate="refuse") == [
        "migrations: none pending in the commit and in packages that change by the files alone: neither database nor ledger told "
        "what is applied",
        django,
        "packages that change may bring migrations, too",
    ]
    assert schema.describe(schema.Schema(["a.1"], [], ""), first=True, packages=True, fate="refuse")[1:] == [
        "migrations of packages come on top"
    ]


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        ("refuse", "refused unless -e migrations=keep or -e migrations=reverse is said"),
        ("keep", "kept (-e migrations=keep)"),
        ("reverse", "taken back, with what they hold (-e migrations=reverse)"),
    ],
)
def test_a_plan_says_what_becomes_of_migrations_that_the_version_does_not_know(fate: str, words: str) -> None:
    told = schema.describe(schema.Schema([], ["a.3"], "database"), first=False, packages=False, fate=fate)
    assert told[2:] == [
        "migration of the database that this version does not know: a.3",
        f"those that the live release knows are {words}",
    ]


ONLY = "only with -e migrations=keep or -e migrations=reverse, because of"
FREE = "free: no migration is in between, unless Django finds one"
AGAIN = "not before a deployment has applied again what is taken back of blog.0003_x"
NEW = "blog/migrations/0002_title.py"
OLDER = f"{ALL} blog.0003_x"


@pytest.mark.parametrize(
    ("changed", "applied", "fate", "words"),
    [
        pytest.param(changes(), ALL, "refuse", FREE, id="nothing in between"),
        pytest.param(changes(NEW), "blog.0001_initial", "refuse", f"{ONLY} the migrations that are pending", id="pending"),
        pytest.param(
            changes(NEW),
            ALL,
            "refuse",
            f"{ONLY} migrations that are applied, and new in this version: blog.0002_title",
            id="applied by a run that failed afterwards",
        ),
        pytest.param(changes(), OLDER, "reverse", AGAIN, id="older code, and the schema goes back with it"),
        pytest.param(changes(NEW), "blog.0001_initial blog.0003_x", "reverse", AGAIN, id="and something is pending, too"),
        pytest.param(changes(), OLDER, "keep", FREE, id="older code beside a newer schema"),
        pytest.param(changes(), OLDER, "refuse", "", id="older code, and nothing said of migrations"),
    ],
)
def test_what_a_rollback_afterwards_will_meet(changed: dict[str, Any], applied: str, fate: str, words: str) -> None:
    assert schema.way_back(schema.schema(changed, [host(applied)]), fate) == words
