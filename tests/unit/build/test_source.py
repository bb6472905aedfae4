"""Which commit a version means, in a work tree, a bare repository and a mirror of a URL."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible.module_utils.placid.build import git, source
from ansible.module_utils.placid.errors import SourceError

from .conftest import MakeRepository, Repository, resolve


def test_every_way_to_name_a_commit_gives_its_full_id(repository: Repository, cache: Path) -> None:
    one, two = repository.git("rev-parse", "v1^{commit}"), repository.git("rev-parse", "HEAD")
    expected = {"main": two, "v1": one, "v2": two, one: one, one.upper(): one, one[:8]: one, two[:12].upper(): two}
    assert {version: resolve(repository.path, version, cache) for version in expected} == expected


@pytest.mark.parametrize(
    "version",
    ["", "-x", "--upload-pack=x", "a b", "a..b", "a;b", "a\nb", "HEAD^", "v1~1", "a:b", "@{u}", "a/", "a.lock", "x" * 201],
)
def test_an_odd_version_is_refused_before_git_sees_it(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match="cannot be a version: it must be a commit, a tag or a branch"):
        source.resolve(source.Source(git.Git(Path("/nowhere"), "x"), "x"), version)


def test_an_unknown_version_is_answered_with_the_nearest_names(repository: Repository, cache: Path) -> None:
    for name in ("release-1", "release-2", "release-3"):
        repository.git("branch", name)
    with pytest.raises(SourceError) as error:
        resolve(repository.path, "relaese-2", cache)
    assert "Version relaese-2 is not in " in str(error.value)
    assert "The nearest names are: release-2, release-" in str(error.value)
    assert f"git -C {repository.path} log --oneline --all" in str(error.value)


def test_a_repository_with_a_remote_says_how_to_fetch(repository: Repository, cache: Path) -> None:
    repository.git("remote", "add", "origin", "https://git.example.org/app.git")
    with pytest.raises(SourceError, match=f"git -C {repository.path} fetch --tags origin"):
        resolve(repository.path, "nothing", cache)


def test_an_empty_repository_says_that_it_has_no_names(make_repository: MakeRepository, cache: Path) -> None:
    with pytest.raises(SourceError, match="It has no tag and no branch yet"):
        resolve(make_repository("empty").path, "main", cache)


def test_a_tag_and_a_branch_of_one_name_are_ambiguous_unless_they_agree(repository: Repository, cache: Path) -> None:
    repository.git("branch", "v2", "refs/tags/v2")
    assert resolve(repository.path, "v2", cache) == repository.git("rev-parse", "main")
    one = repository.git("rev-parse", "v1^{commit}")
    repository.git("branch", "v1", "main")
    with pytest.raises(SourceError) as error:
        resolve(repository.path, "v1", cache)
    two = repository.git("rev-parse", "main")
    assert f"Version v1 is ambiguous in {repository.path}: tag v1 is {one}, branch v1 is {two}." in str(error.value)


def test_an_ambiguous_short_commit_lists_the_candidates(repository: Repository, cache: Path) -> None:
    """Two commits whose ids begin alike are searched for here, which is quicker than to have git make them."""
    seen: dict[str, str] = {}
    tree, number, first, second = repository.git("rev-parse", "HEAD^{tree}"), 0, "", ""
    while not first:
        number += 1
        text = f"tree {tree}\nauthor A <a> {number} +0000\ncommitter A <a> {number} +0000\n\nx\n"
        second = hashlib.sha1(f"commit {len(text)}\0{text}".encode(), usedforsecurity=False).hexdigest()
        first = seen.get(second[:4], "")
        seen.setdefault(second[:4], text)
    commits = []
    for content in (first, text):
        repository.write("object", content)
        commits.append(repository.git("hash-object", "-t", "commit", "-w", "object"))
    assert commits[1] == second
    with pytest.raises(SourceError) as error:
        resolve(repository.path, second[:4], cache)
    assert f"Version {second[:4]} is ambiguous" in str(error.value)
    assert all(f"a commit is {commit}" in str(error.value) for commit in commits)


@pytest.mark.parametrize(("revision", "kind"), [("v1", "tag"), ("HEAD^{tree}", "tree"), ("HEAD:a", "blob")])
def test_a_full_id_of_another_object_is_refused(repository: Repository, cache: Path, revision: str, kind: str) -> None:
    with pytest.raises(SourceError, match=f"is a {kind} in .*, not a commit"):
        resolve(repository.path, repository.git("rev-parse", revision), cache)


def test_a_full_commit_that_is_not_there_is_refused(repository: Repository, cache: Path) -> None:
    with pytest.raises(SourceError, match=f"Commit {'0' * 40} is not in "):
        resolve(repository.path, "0" * 40, cache)


def test_a_tag_of_a_file_is_refused(repository: Repository, cache: Path) -> None:
    repository.git("tag", "file", "HEAD:a")
    with pytest.raises(SourceError, match=r"Tag file of .* does not lead to a commit"):
        resolve(repository.path, "file", cache)


def test_a_branch_of_origin_is_used_where_there_is_no_local_one(
    repository: Repository, make_repository: MakeRepository, cache: Path
) -> None:
    clone = make_repository("clone")
    clone.git("remote", "add", "origin", str(repository.path))
    repository.git("branch", "feature")
    clone.git("fetch", "--quiet", "origin")
    assert resolve(clone.path, "feature", cache) == repository.git("rev-parse", "feature")
    own = clone.commit("own")
    opened = source.open_source(str(clone.path), "main", cache)
    assert source.resolve(opened, "main") == own
    assert "origin/main is" in opened.warnings[0]


def test_head_is_what_is_checked_out_and_not_what_origin_has(
    repository: Repository, make_repository: MakeRepository, tmp_path: Path, cache: Path
) -> None:
    clone = make_repository("clone")
    clone.git("remote", "add", "origin", str(repository.path))
    clone.git("fetch", "--quiet", "origin")
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    own = clone.commit("own")
    assert resolve(clone.path, "HEAD", cache) == own != repository.git("rev-parse", "HEAD")
    clone.git("checkout", "--quiet", "--detach", "origin/main")
    clone.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    assert resolve(clone.path, "HEAD", cache) == repository.git("rev-parse", "main")
    assert resolve(tmp_path / "linked", "HEAD", cache) == own


def test_the_head_of_an_empty_repository_is_unknown(make_repository: MakeRepository, cache: Path) -> None:
    with pytest.raises(SourceError, match=r"Version HEAD is not in .* It has no tag and no branch yet"):
        resolve(make_repository("empty").path, "HEAD", cache)


def test_a_shallow_repository_says_how_to_get_the_rest(repository: Repository, tmp_path: Path, cache: Path) -> None:
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(tmp_path / "shallow"))
    one = repository.git("rev-parse", "v1^{commit}")
    with pytest.raises(SourceError, match=r"is shallow; get the rest of its history with: git -C .* fetch --unshallow"):
        resolve(tmp_path / "shallow", one, cache)


def test_a_bare_repository_and_a_linked_work_tree_are_read(repository: Repository, tmp_path: Path, cache: Path) -> None:
    repository.git("clone", "--quiet", "--bare", str(repository.path), str(tmp_path / "bare.git"))
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    expected = repository.git("rev-parse", "main")
    assert resolve(tmp_path / "bare.git", "main", cache) == resolve(tmp_path / "linked", "main", cache) == expected


def test_a_directory_below_a_repository_is_not_one(repository: Repository, cache: Path) -> None:
    (repository.path / "below").mkdir()
    with pytest.raises(SourceError, match=r"below is not a git repository .* what lies below it as `subdirectory`"):
        resolve(repository.path / "below", "main", cache)


def test_a_missing_repository_is_named(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no repository at .*/nothing"):
        resolve(tmp_path / "nothing", "main", cache)


def test_surroundings_of_a_hook_do_not_lead_git_astray(
    repository: Repository, make_repository: MakeRepository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository("other")
    other.commit("other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / "index"))
    assert resolve(repository.path, "main", cache) == repository.git("rev-parse", "main")


def test_git_runs_without_prompts_and_without_the_callers_variables() -> None:
    kept = git.environment({"HOME": "/h", "GIT_DIR": "x", "GIT_INDEX_FILE": "y", "GIT_ASKPASS": "z", "LC_ALL": "de_DE"})
    assert kept == {
        "HOME": "/h",
        "GIT_ASKPASS": "z",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=30",
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }


def test_git_that_is_not_installed_is_said_so(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="git is not installed on this machine"):
        resolve(tmp_path, "main", cache)
