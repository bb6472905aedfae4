"""Mirrors of repositories that are named by a URL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils.placid.build import source
from ansible.module_utils.placid.errors import SourceError

from .conftest import Repository, resolve


def test_a_mirror_follows_moved_branches_moved_tags_and_deletions(repository: Repository, cache: Path) -> None:
    url = f"file://{repository.path}"
    repository.git("branch", "gone")
    assert resolve(url, "gone", cache) == repository.git("rev-parse", "main")
    repository.git("branch", "--delete", "gone")
    repository.commit("amended")
    repository.git("tag", "--force", "v2")
    assert resolve(url, "main", cache) == resolve(url, "v2", cache) == repository.git("rev-parse", "main")
    with pytest.raises(SourceError, match="Push it there, then try again: git push origin"):
        resolve(url, "gone", cache)


def test_a_full_commit_that_the_mirror_has_needs_no_remote(repository: Repository, cache: Path) -> None:
    url, commit = f"file://{repository.path}", repository.git("rev-parse", "main")
    resolve(url, "main", cache)
    repository.path.rename(repository.path.with_name("away"))
    assert resolve(url, commit, cache) == commit
    hint = rf"Cannot fetch file://.* git ls-remote file://.*At the last fetch main was {commit}, .*: -e version={commit}$"
    with pytest.raises(SourceError, match=hint):
        resolve(url, "main", cache)
    with pytest.raises(SourceError, match=r"What was fetched before .*: -e version=<full commit>$"):
        resolve(url, "new", cache)


def test_head_of_a_url_is_its_default_branch(repository: Repository, cache: Path) -> None:
    url, main = f"file://{repository.path}", repository.git("rev-parse", "main")
    assert resolve(url, "HEAD", cache) == main
    repository.git("checkout", "--quiet", "-b", "other")
    other = repository.commit("other")
    assert resolve(url, "HEAD", cache) == other
    assert resolve(url, "main", cache) == main
    with pytest.raises(SourceError) as error:
        resolve(url, "HAED", cache)
    assert "HEAD" not in str(error.value)


def test_a_first_copy_that_fails_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(SourceError, match="Cannot fetch file://"):
        resolve(f"file://{tmp_path}/nothing", "main", cache)
    assert [path.suffix for path in (cache / "repositories").iterdir()] == [".lock"]


def test_a_half_made_mirror_of_a_killed_run_is_made_again(repository: Repository, cache: Path) -> None:
    url = f"file://{repository.path}"
    resolve(url, "main", cache)
    mirror = next(path for path in (cache / "repositories").iterdir() if path.is_dir())
    mirror.rename(mirror.with_suffix(".new"))
    (mirror.with_suffix(".new") / "HEAD").unlink()
    assert resolve(url, "main", cache) == repository.git("rev-parse", "main")


def test_runs_beside_each_other_share_a_mirror(repository: Repository, cache: Path) -> None:
    program = (
        "import sys, ansible.module_utils as m; m.__path__.append(sys.argv[1]); from pathlib import Path; "
        "from ansible.module_utils.placid.build import source as s; "
        "print(s.resolve(s.open_source(sys.argv[2], 'main', Path(sys.argv[3])), 'main'))"
    )
    utils = Path(__file__).parents[3] / "plugins" / "module_utils"
    command = [sys.executable, "-c", program, str(utils), f"file://{repository.path}", str(cache)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {process.communicate()[0].strip() for process in running} == {repository.git("rev-parse", "main")}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://me:hunter2@git.example.org/a.git", "The repository's URL https://***@git.example.org/a.git holds a password"),
        ("ext::sh -c x://", "is of an unknown kind"),
        ("ftp://git.example.org/a.git", "is of an unknown kind. Known are: https, http, ssh, git, file."),
    ],
)
def test_dangerous_urls_are_refused_without_showing_a_password(url: str, message: str, cache: Path) -> None:
    with pytest.raises(SourceError) as error:
        resolve(url, "main", cache)
    assert message in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("https://git.example.org/a.git", True),
        ("git@git.example.org:a.git", True),
        ("git.example.org:a.git", True),
        ("/srv/git/a.git", False),
        ("../a", False),
        ("a", False),
    ],
)
def test_urls_and_paths_are_told_apart(repository: str, expected: bool) -> None:
    assert source.is_url(repository) is expected
