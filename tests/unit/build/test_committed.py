"""Wheels and sdists that the repository itself carries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible.module_utils.placid.build.builder import build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.errors import LockError, PlacidError, WheelhouseError

from .conftest import MakeRepository, Repository, names, source_files, write_sdist, write_wheel

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


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


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("near-1.0-py3-none-any.whl", POINTER, "is a git-lfs pointer, not the file itself (git-lfs is not supported). Take it"),
        ("near-1.0.tar.gz", POINTER, "is a git-lfs pointer, not the file itself"),
        ("near-1.0-py3-none-any.whl", "<html>", "is no wheel: it is not a zip file, or was cut. Get it again with: pip download"),
    ],
)
@pytest.mark.parametrize("locked", ["", f" --hash=sha256:{'0' * 64}"])
def test_what_only_has_the_name_of_a_wheel_is_refused(
    bare_request: Request, repository: Repository, file: str, content: str, message: str, locked: str
) -> None:
    attributes = "*.whl export-ignore\n*.gz export-ignore\n"  # what is in the release is looked at there
    repository.commit(**{f"wheels/{file}": content, "requirements.txt": f"{file}{locked}\n", ".gitattributes": attributes})
    with pytest.raises(LockError) as error:
        build(bare_request)
    assert f"{file} {message}" in str(error.value)


def test_directories_of_the_commit_and_of_its_submodules_are_built_once_for_what_is_in_them(
    bare_request: Request, repository: Repository, make_repository: MakeRepository
) -> None:
    inner = make_repository("inner")
    inner.commit(**{f"python/{file}": text for file, text in source_files("deep", "1.0").items()})
    repository.git("submodule", "--quiet", "add", inner.path.as_uri(), "vendor/deep")
    near = {f"vendor/near/{file}": text for file, text in source_files("near", "2.0").items()}
    lock = "./vendor/near/\nvendor/deep/python ; python_version > '3'\nvendor/old ; python_version < '3'\n"
    repository.commit(**near, **{"requirements.txt": lock})
    with pytest.raises(WheelhouseError, match=r"of: \./vendor/near/, vendor/deep/python\. Nothing is compiled on the hosts"):
        build(bare_request)
    built = build(replace(bare_request, builder="local"))
    assert [wheel["file"] for wheel in built.manifest["wheels"]] == ["deep-1.0-py3-none-any.whl", "near-2.0-py3-none-any.whl"]
    repository.commit(**{"other": "", "requirements/lock.txt": "../vendor/near\n"})
    elsewhere = build(replace(bare_request, lock="requirements/lock.txt"))
    assert elsewhere.manifest["wheels"] == built.manifest["wheels"][1:]
    repository.commit(**{"vendor/near/README": "more"})
    with pytest.raises(WheelhouseError, match=r"of: \./vendor/near/\. Nothing"):
        build(bare_request)


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ("./vendor/far\n", "names ./vendor/far, of which nothing is in the release. Commit that directory"),
        ("../app/vendor/near\n", "names ../app/vendor/near, of which nothing is in the release"),
        ("./vendor/left\n", ".gitattributes must not leave it out"),
        ("./vendor/near\n./vendor/twin\n", "requirements.txt installs near twice: as ./vendor/near and as ./vendor/twin. Keep"),
    ],
)
@pytest.mark.usefixtures("index")
def test_directories_that_cannot_be_installed_are_refused(
    bare_request: Request, repository: Repository, lock: str, message: str
) -> None:
    places = [f"vendor/{name}" for name in ("near", "twin", "left")]
    sources = {f"{place}/{file}": text for place in places for file, text in source_files("near", "1.0").items()}
    repository.commit(**sources, **{".gitattributes": "vendor/left export-ignore\n", "requirements.txt": lock})
    with pytest.raises(LockError) as error:
        build(replace(bare_request, builder="local"))
    assert message in str(error.value)
