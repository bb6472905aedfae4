"""Whether a commit is part of the live one, as far as this machine knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.build.ancestry import commit_of, known_source, why_not_in
from ansible.module_utils.placid.build.source import open_source
from ansible.module_utils.placid.errors import SourceError

from .conftest import Repository


@pytest.mark.parametrize("url", [False, True], ids=["a path", "a mirror"])
def test_what_is_live_is_the_commit_itself_and_every_ancestor(repository: Repository, cache: Path, url: bool) -> None:
    two = repository.git("rev-parse", "v2")
    repository.git("checkout", "--quiet", "-b", "other", "v1^{commit}")
    other = repository.commit("other", b="1")
    where = f"file://{repository.path}" if url else str(repository.path)
    open_source(where, "main", cache)
    source = known_source(where, cache, "")
    for wanted in (two, two[:7].upper(), "v2", "main", "v1", repository.git("rev-parse", "v1^{commit}")[:10]):
        assert why_not_in(wanted, two, source) == "", wanted
    assert why_not_in("other", two, source) == f"runs {two[:12]}, of which {other[:12]} is no part"
    assert why_not_in("v2", repository.git("rev-parse", "v1^{commit}"), source).endswith(f"of which {two[:12]} is no part")
    assert why_not_in("nothing", two, source).startswith(f"runs {two[:12]}, and whether nothing is a part of it cannot be told: ")
    assert why_not_in("v1", "f" * 40, source).startswith("runs ffffffffffff, which ")


@pytest.mark.parametrize("repository_name", ["https://git.example.org/app.git", "/nonexistent"])
def test_without_the_repository_only_the_live_commit_is_known(repository_name: str, cache: Path) -> None:
    source = known_source(repository_name, cache, "")
    assert source is None
    assert why_not_in("0123abc", f"0123abc{'0' * 33}", source) == ""
    assert "this machine has no copy of the repository" in why_not_in("0123abd", f"0123abc{'0' * 33}", source)
    assert "no copy" in why_not_in("v1", f"0123abc{'0' * 33}", source)
    assert not cache.joinpath("repositories").exists()


@pytest.mark.parametrize("wanted", ["a", "ab", "abc", ""])
def test_a_few_letters_are_no_commit(wanted: str) -> None:
    assert why_not_in(wanted, "abc" + "0" * 37, None) != ""


def test_nothing_live_holds_no_commit() -> None:
    assert why_not_in("0123abc", "", None) == "has nothing live"


@pytest.mark.parametrize("url", [False, True], ids=["a path", "a mirror"])
def test_a_tag_means_a_commit_and_one_that_came_later_is_not_fetched(repository: Repository, cache: Path, url: bool) -> None:
    where = f"file://{repository.path}" if url else repository.path.name
    if url:
        open_source(where, "main", cache)
    source = known_source(where, repository.path.parent, str(cache))
    assert commit_of("v1", source) == repository.git("rev-parse", "v1^{commit}")
    repository.git("tag", "late")
    if not url:
        assert commit_of("late", source) == repository.git("rev-parse", "main")
    with pytest.raises(SourceError) as error:
        commit_of("late" if url else "nothing", source)
    assert ("nothing was fetched" in str(error.value)) is url
    assert " is not in " in str(error.value)


def test_without_the_repository_no_tag_is_known(cache: Path) -> None:
    with pytest.raises(SourceError, match=r"this machine has no copy of the repository"):
        commit_of("v1", known_source("/nonexistent", cache, ""))
