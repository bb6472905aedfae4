"""What a deployment would change."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.build import plan
from ansible.module_utils.placid.build.git import Git

from .conftest import MakeRepository, Repository


@pytest.fixture
def app(make_repository: MakeRepository) -> Repository:
    return make_repository("history")


def history(app: Repository, since: str, commit: str, subdirectory: str = "") -> dict[str, object]:
    return plan.history(Git(app.path / ".git", "app"), since, commit, subdirectory)


def test_packages_added_removed_and_changed_are_told_apart() -> None:
    previous = "a==1 --hash=sha256:0\nb==1 --hash=sha256:0\nc==1 --hash=sha256:0\n"
    current = "a==1 --hash=sha256:1\nb==2 --hash=sha256:0\nd==1 --hash=sha256:0"
    assert plan.package_changes(previous, current) == {
        "added": ["d==1"],
        "removed": ["c==1"],
        "changed": [{"name": "b", "from": "1", "to": "2"}],
    }
    assert plan.package_changes("", "a==1") == {"added": ["a==1"], "removed": [], "changed": []}


def test_commits_are_newest_first_with_the_migrations_between(app: Repository) -> None:
    first = app.commit("first", **{"blog/migrations/0001_initial.py": "1"})
    second = app.commit("second", **{"blog/migrations/0002_title.py": "2", "blog/migrations/__init__.py": ""})
    third = app.commit(
        "third", **{"blog/migrations/0001_initial.py": "edited", "migrations/0003.py": "", "migrations/x/y.py": ""}
    )
    found = history(app, first, third)
    assert found == {
        "direction": "forward",
        "commits": [
            {"commit": third, "author": "Ada", "date": "2026-01-31T12:00:00Z", "subject": "third"},
            {"commit": second, "author": "Ada", "date": "2026-01-31T12:00:00Z", "subject": "second"},
        ],
        "lost": [],
        "more": {"commits": 0, "lost": 0},
        "migrations": ["blog/migrations/0002_title.py", "migrations/0003.py"],
        "migrations_removed": [],
    }


def test_direction_says_how_two_commits_relate(app: Repository) -> None:
    first = app.commit("first", **{"a/migrations/0001.py": "1"})
    second = app.commit("second", **{"a/migrations/0002.py": "2"})
    app.git("checkout", "--quiet", "-b", "side", first)
    side = app.commit("side", **{"a/migrations/0002_side.py": "3"})
    expected: dict[tuple[str, str], tuple[str, list[str], list[str], list[str], list[str]]] = {
        ("", second): ("first", [], [], [], []),
        (second, second): ("same", [], [], [], []),
        (first, second): ("forward", [second], [], ["a/migrations/0002.py"], []),
        (second, first): ("backward", [], [second], [], ["a/migrations/0002.py"]),
        (second, side): ("diverged", [side], [second], ["a/migrations/0002_side.py"], ["a/migrations/0002.py"]),
        ("0" * 40, second): ("diverged", [], [], [], []),
    }
    for (since, commit), (direction, new, lost, added, removed) in expected.items():
        found = history(app, since, commit)
        assert found["direction"] == direction
        assert [each["commit"] for each in found["commits"]] == new  # type: ignore[attr-defined]
        assert [each["commit"] for each in found["lost"]] == lost  # type: ignore[attr-defined]
        assert (found["migrations"], found["migrations_removed"]) == (added, removed)


def test_only_the_subdirectory_counts(app: Repository) -> None:
    first = app.commit("first", **{"site/a": "1", "other/a": "1"})
    wanted = app.commit("wanted", **{"site/migrations/0001.py": ""})
    last = app.commit("elsewhere", **{"other/migrations/0001.py": "", "sites/migrations/0001.py": ""})
    found = history(app, first, last, "site")
    assert [commit["commit"] for commit in found["commits"]] == [wanted]  # type: ignore[attr-defined]
    assert found["migrations"] == ["migrations/0001.py"]


def test_fifty_commits_are_enough_and_the_rest_is_counted(app: Repository) -> None:
    first = app.commit("first")
    tree, commit = app.git("rev-parse", "HEAD^{tree}"), first
    for number in range(52):
        commit = app.git("commit-tree", tree, "-p", commit, "-m", str(number))
    for found, shown in ((history(app, first, commit), "commits"), (history(app, commit, first), "lost")):
        assert [entry["subject"] for entry in found[shown]] == [str(number) for number in range(51, 1, -1)]  # type: ignore[attr-defined]
        assert found["more"] == {"commits": 0, "lost": 0, shown: 2}
    assert history(app, first, commit, "site")["more"] == {"commits": 0, "lost": 0}


def test_control_characters_of_a_message_do_not_reach_the_terminal(app: Repository) -> None:
    first = app.commit("first")
    last = app.commit("red \033[31malert\n\nbody")
    assert history(app, first, last)["commits"][0]["subject"] == "red \ufffd[31malert"  # type: ignore[index]
    described = plan.describe_commit(Git(app.path / ".git", "app"), last)
    assert (described["subject"], described["committed_at"]) == ("red \ufffd[31malert", "2026-01-31T12:00:00Z")


def test_a_commit_is_described_by_the_nearest_tag_that_is_not_of_a_deployment(app: Repository, tmp_path: Path) -> None:
    app.commit("first")
    app.git("tag", "v1")
    commit = app.commit("second")
    app.git("tag", "--annotate", "push/production/shop/20260102T030405Z-3f786850", "--message", "deployed")
    git = Git(tmp_path / "history" / ".git", "app")
    assert plan.describe_commit(git, commit)["describe"] == f"v1-1-g{commit[:12]}"
