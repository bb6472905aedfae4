"""Tags of deployments: real git, and a remote that may refuse them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.build.source import open_source
from ansible.module_utils.placid.build.tag import tag
from ansible.module_utils.placid.errors import SourceError

from .conftest import MakeRepository, Repository

NAME = "push/staging/shop/20260102T030405Z-3f786850"


def test_a_commit_is_tagged_where_it_came_from(repository: Repository, cache: Path) -> None:
    url, commit = f"file://{repository.path}", repository.git("rev-parse", "v1^{commit}")
    source = open_source(url, commit, cache)
    assert tag(source, commit, NAME, "ada@desk", 'deploy v1 "# the footer"\n')
    assert repository.git("rev-parse", f"{NAME}^{{commit}}") == commit
    shown = repository.git("for-each-ref", "--format=%(objecttype) %(taggername) %(contents)", f"refs/tags/{NAME}")
    assert shown == 'tag ada@desk deploy v1 "# the footer"'
    assert not tag(open_source(url, "main", cache), commit, NAME, "bob@desk", "again\n")


def test_a_checkout_pushes_to_where_it_was_cloned_from(repository: Repository, cache: Path, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", str(repository.path), str(tmp_path / "clone"))
    commit = repository.git("rev-parse", "main")
    assert tag(open_source(str(tmp_path / "clone"), commit, cache), commit, NAME, "ada@desk", "deploy main\n")
    assert repository.git("rev-parse", f"{NAME}^{{commit}}") == commit


def test_a_repository_without_a_remote_has_the_tag_itself(repository: Repository, cache: Path) -> None:
    commit = repository.git("rev-parse", "main")
    assert tag(open_source(str(repository.path), commit, cache), commit, NAME, "ada@desk", "deploy main\n")
    assert repository.git("rev-parse", f"{NAME}^{{commit}}") == commit


def test_a_tag_that_is_refused_is_tried_again(make_repository: MakeRepository, cache: Path) -> None:
    remote = make_repository("remote")
    commit = remote.commit("one", a="1")
    hook = remote.write(".git/hooks/update", "#!/bin/sh\necho 'error: no tags from you' >&2\nexit 1\n")
    hook.chmod(0o755)
    source = open_source(f"file://{remote.path}", commit, cache)
    with pytest.raises(SourceError, match=f"^{NAME} cannot be pushed to file:///.*: .*no tags from you"):
        tag(source, commit, NAME, "ada@desk", "deploy\n")
    hook.unlink()
    assert tag(source, commit, NAME, "ada@desk", "deploy\n")
