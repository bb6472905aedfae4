"""Submodules go into the archive at the commit that was recorded, wherever it can be had."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible.module_utils.placid.build.source import open_source
from ansible.module_utils.placid.build.submodules import find
from ansible.module_utils.placid.errors import SourceError

from .conftest import MakeRepository, Repository
from .test_archive import content, make


@pytest.fixture
def nested(make_repository: MakeRepository) -> Repository:
    """app/libs/outer is a submodule with a submodule `inner`, both named by relative URLs."""
    inner, outer, app = (make_repository(name) for name in ("inner", "outer", "app"))
    inner.commit(deep="inner")
    outer.git("submodule", "--quiet", "add", "../inner", "inner")
    outer.commit(middle="outer")
    app.git("submodule", "--quiet", "add", "../outer", "libs/outer")
    app.commit(top="app")
    return app


EXPECTED = {"top": "app", "libs/outer/middle": "outer", "libs/outer/inner/deep": "inner"}


def files(made: tarfile.TarFile) -> dict[str, str]:
    return {path: text for path, text in content(made).items() if not path.endswith(".gitmodules")}


def test_submodules_come_at_their_recorded_commit_from_their_urls(nested: Repository, tmp_path: Path) -> None:
    nested.git("submodule", "--quiet", "deinit", "--all", "--force")
    (nested.path / ".git" / "modules").rename(tmp_path / "unused")
    (tmp_path / "outer" / "middle").write_text("later")
    subprocess.run(["git", "-C", str(tmp_path / "outer"), "commit", "--quiet", "-am", "later"], check=True)
    assert files(make(nested, nested.git("rev-parse", "HEAD"), tmp_path)[0]) == EXPECTED


def test_submodules_come_from_what_the_work_tree_has(nested: Repository, tmp_path: Path) -> None:
    nested.git("submodule", "--quiet", "update", "--init", "--recursive")
    for name in ("inner", "outer"):
        (tmp_path / name).rename(tmp_path / f"{name}-away")
    assert files(make(nested, nested.git("rev-parse", "HEAD"), tmp_path)[0]) == EXPECTED


def test_submodules_of_a_url_come_from_mirrors(nested: Repository, tmp_path: Path) -> None:
    url, commit = f"file://{nested.path}", nested.git("rev-parse", "HEAD")
    parts = find(open_source(url, commit, tmp_path / "cache"), commit, "", tmp_path / "cache")
    assert [(part.path, part.source.mirror) for part in parts] == [("libs/outer", True), ("libs/outer/inner", True)]
    parts = find(open_source(url, commit, tmp_path / "cache"), commit, "libs", tmp_path / "cache")
    assert [part.path for part in parts] == ["outer", "outer/inner"]


def test_a_missing_submodule_is_named_with_its_commit_and_url(nested: Repository, tmp_path: Path) -> None:
    commit = nested.git("rev-parse", "HEAD")
    recorded = nested.git("rev-parse", "HEAD:libs/outer")
    (nested.path / ".git" / "modules" / "libs" / "outer").rename(tmp_path / "unused")
    (tmp_path / "outer").rename(tmp_path / "away")
    with pytest.raises(SourceError) as error:
        make(nested, commit, tmp_path)
    expected = f"Submodule libs/outer of {nested.path} at commit {recorded}, from {tmp_path}/outer, cannot be had."
    assert str(error.value).startswith(expected)


def test_a_submodule_commit_that_was_never_pushed_is_named(nested: Repository, tmp_path: Path) -> None:
    nested.git("update-index", "--cacheinfo", f"160000,{'1' * 40},libs/outer")
    nested.git("commit", "--quiet", "--message", "unpushed")
    with pytest.raises(SourceError, match=f"at commit {'1' * 40}, from {tmp_path}/outer, is missing.* Push it"):
        make(nested, nested.git("rev-parse", "HEAD"), tmp_path)


def test_a_submodule_without_a_url_is_named(nested: Repository, tmp_path: Path) -> None:
    nested.git("rm", "--quiet", "--cached", ".gitmodules")
    nested.git("commit", "--quiet", "--message", "no .gitmodules")
    with pytest.raises(SourceError, match=r"Submodule libs/outer of .* has no URL in \.gitmodules"):
        make(nested, nested.git("rev-parse", "HEAD"), tmp_path)


def test_a_repository_elsewhere_cannot_name_a_path_on_this_machine(nested: Repository, tmp_path: Path) -> None:
    nested.write(".gitmodules", f'[submodule "x"]\n\tpath = libs/outer\n\turl = {tmp_path}/outer\n')
    commit = nested.commit()
    with pytest.raises(SourceError, match="is a path on this machine in a repository that is not"):
        find(open_source(f"file://{nested.path}", commit, tmp_path / "cache"), commit, "", tmp_path / "cache")
