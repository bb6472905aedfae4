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
    assert schema.describe(schema.Schema([], [], "database", certain=True), first=False, packages=False) == [
        "migrations: none pending",
        "rollback afterwards: free: no migration is in between",
    ]


@pytest.mark.parametrize(("direction", "certain"), [("same", True), ("forward", False), ("diverged", False)])
def test_a_plan_of_other_code_may_be_completed_by_django(direction: str, certain: bool) -> None:
    assert schema.schema({**changes(), "direction": direction}, [host(ALL)]).certain is certain


def test_a_plan_says_who_told_and_what_a_rollback_will_cost() -> None:
    django = "Django itself is asked after staging: it may find more, of packages that do not change"
    assert schema.describe(schema.Schema([], [], "database"), first=False, packages=True) == [
        "migrations: none pending in the commit and in packages that change",
        django,
        "rollback afterwards: free: no migration is in between, unless Django finds one",
    ]
    told = schema.describe(schema.Schema(["a.2"], [], "ledger"), first=False, packages=False)
    assert told[1] == django
    assert told[0] == "migration pending by the ledger, the database was not asked: a.2"
    assert "-e migrations=keep" in told[-1]
    told = schema.describe(schema.Schema([], [], ""), first=False, packages=True)
    assert told[:3] == [
        "migrations: none pending in the commit and in packages that change by the files alone: neither database nor ledger told "
        "what is applied",
        django,
        "packages that change may bring migrations, too",
    ]
    told = schema.describe(schema.Schema([], ["a.3"], "database"), first=False, packages=False)
    assert told[2] == "migration of the database that this version does not know: a.3"
    assert "that the live release knows are refused unless" in told[3]
    assert (
        schema.describe(schema.Schema([], [], ""), first=True, packages=True)[-1]
        == "rollback: there will be nothing to go back to"
    )
