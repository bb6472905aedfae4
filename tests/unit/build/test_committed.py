"""Wheels and sdists that the repository itself carries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible.module_utils.placid.build.builder import build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.errors import PlacidError, WheelhouseError

from .conftest import Repository, names, write_sdist, write_wheel


def test_wheels_and_sdists_of_the_commit_are_installed(bare_request: Request, repository: Repository) -> None:
    house = repository.path / "requirements"
    house.mkdir()
    digest = write_wheel(house, "near", "1.0")
    write_wheel(house, "bare", "1.0")
    write_sdist(house, "tar", "1.0")
    lock = f"./near-1.0-py3-none-any.whl --hash=sha256:{digest}\nrequirements/bare-1.0-py3-none-any.whl\n"
    repository.write(".gitattributes", "*.whl export-ignore\n")  # they need not be in the release
    repository.commit(**{"requirements/lock.txt": lock, "apps.txt": "near-1.0-py3-none-any.whl\ntar-1.0.tar.gz\n"})
    made = build(replace(bare_request, lock="requirements/lock.txt"))
    assert [wheel["name"] for wheel in made.manifest["wheels"]] == ["bare", "near"]
    assert made.manifest["wheels"][1]["sha256"] == digest
    assert made.warnings == []
    with pytest.raises(WheelhouseError, match=r"of: tar==1\.0\. Nothing is compiled"):
        build(replace(bare_request, lock="apps.txt"))
    built = replace(bare_request, lock="apps.txt", builder="local")
    assert names(built) == ["near==1.0", "tar==1.0"]
    repository.commit(a="3")
    assert names(replace(built, builder="")) == ["near==1.0", "tar==1.0"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("./near-1.0-py3-none-any.whl", "which is not in the commit. Commit it: git add --force ./near"),
        ("twice-1.0-py3-none-any.whl", "is there 2 times: a/twice-1.0-py3-none-any.whl, b/twice-1.0-py3-none-any.whl."),
        (f"a/twice-1.0-py3-none-any.whl --hash=sha256:{'0' * 64}", "which requirements.txt does not have for it"),
        ("old-1.0-cp39-cp39-win_amd64.whl", "is for cp39-cp39-win_amd64, not for Python 3.13"),
    ],
)
def test_files_that_cannot_be_used_are_refused(bare_request: Request, repository: Repository, line: str, message: str) -> None:
    for directory in ("a", "b"):
        (repository.path / directory).unlink(missing_ok=True)
        (repository.path / directory).mkdir()
        write_wheel(repository.path / directory, "twice", "1.0")
    write_wheel(repository.path / "a", "old", "1.0", "cp39-cp39-win_amd64")
    repository.commit(**{"requirements.txt": f"{line}\n"})
    write_wheel(repository.path, "near", "1.0")
    with pytest.raises(PlacidError) as error:
        build(bare_request)
    assert message in str(error.value)
