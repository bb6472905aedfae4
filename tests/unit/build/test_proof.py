"""An application's own tests, before any host is touched."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.module_utils.placid import command
from ansible.module_utils.placid.build import proof
from ansible.module_utils.placid.build.builder import build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.errors import ProofError

from .conftest import Repository

COUNT = "sh check.sh 'two words'"


@pytest.fixture
def request_with_tests(bare_request: Request, repository: Repository, tmp_path: Path) -> Request:
    """An application whose tests write down where they ran, and what was there."""
    check = f"pwd > {tmp_path}/where; ls -A > {tmp_path}/there; echo $# $1; echo again >> {tmp_path}/times\n"
    repository.commit(**{"requirements.txt": "", "check.sh": check})
    repository.write("untracked")
    return replace(bare_request, test=[COUNT, "test -f check.sh"])


def test_what_was_archived_is_tested_once(request_with_tests: Request, repository: Repository, tmp_path: Path) -> None:
    build(replace(request_with_tests, test=[]))
    command.written.clear()
    made = build(request_with_tests)
    assert made.log[-1] == f"Tested: {COUNT}; test -f check.sh"
    assert (tmp_path / "there").read_text().split() == ["a", "check.sh", "requirements.txt"]
    assert command.written[f"test {COUNT}"]["stdout"] == "1 two words\n"
    assert not Path((tmp_path / "where").read_text().strip()).exists()
    (repository.path / "untracked").unlink()
    repository.commit("the same files")
    assert build(request_with_tests).log[-1].startswith("Tested before, on the same files: ")
    assert (tmp_path / "times").read_text() == "again\n"
    repository.commit(a="3")
    build(request_with_tests)
    build(replace(request_with_tests, test=[COUNT]))
    assert (tmp_path / "times").read_text() == "again\n" * 3


def test_what_fails_is_told_and_tried_again(request_with_tests: Request, repository: Repository) -> None:
    failing = replace(request_with_tests, test=["sh fails.sh"])
    repository.commit(**{"fails.sh": "echo one is not two; exit 3\n"})
    for _ in range(2):
        with pytest.raises(ProofError, match=r"^The test 'sh fails\.sh' ended with 3; no host .*\n.*\n  one is not two$"):
            build(failing)
    with pytest.raises(ProofError, match=r"(?s)'no-such-program x' ended with 127; .*no-such-program"):
        build(replace(failing, test=["no-such-program x"]))


def test_what_belongs_to_this_tool_does_not_reach_the_tests() -> None:
    ours = f"{sys.prefix}/bin"
    before = {"PATH": f"{ours}:/usr/bin", "ANSIBLE_VAULT_PASSWORD_FILE": "x", "VIRTUAL_ENV": "y", "PYTHONPATH": "z", "HOME": "/h"}
    assert proof.environment(before) == {"PATH": f"/usr/bin:{ours}", "HOME": "/h"}
