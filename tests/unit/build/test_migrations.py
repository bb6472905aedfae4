"""The migrations that a commit and its packages bring."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ansible.module_utils.placid.build import migrations
from ansible.module_utils.placid.build.git import Git

from .conftest import MakeRepository


def test_those_of_a_commit_are_found_below_its_subdirectory(make_repository: MakeRepository) -> None:
    app = make_repository("tree")
    files = {"site/blog/migrations/0001_initial.py": "", "site/blog/migrations/__init__.py": "", "shop/migrations/0001.py": ""}
    commit = app.commit("all", **files)
    git = Git(app.path / ".git", "app")
    assert migrations.of_tree(git, commit, "site") == ["blog/migrations/0001_initial.py"]
    assert migrations.of_tree(git, commit, "") == ["shop/migrations/0001.py", "site/blog/migrations/0001_initial.py"]


def test_those_of_wheels_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        for name in ("auth/migrations/0001_initial.py", "auth/migrations/__init__.py", "auth/models.py"):
            wheel.writestr(name, "")
    assert migrations.of_wheels([tmp_path / "a.whl"]) == ["auth/migrations/0001_initial.py"]
