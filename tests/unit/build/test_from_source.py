"""What has no wheel is built once on the controller, where that is allowed; real pip, real git, no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.build import from_source
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.build.wheelhouse import Gathering
from ansible.module_utils.placid.errors import WheelhouseError

from .conftest import MakeRepository, MakeWheel, source_files, write_sdist

TARGET = Target("3.13", "x86_64", "2.41")


def gather(cache: Path, *pins: Pin, builder: str = "local", log: list[str] | None = None) -> list[Wheel]:
    temporary = cache / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    return Gathering(TARGET, Store(cache), temporary, [] if log is None else log, builder).gather(list(pins))


def git_pin(make_repository: MakeRepository, name: str = "remote", within: str = "") -> Pin:
    repository = make_repository(name)
    commit = repository.commit(**{f"{within}{file}": content for file, content in source_files("far", "2.0").items()})
    fragment = f"#subdirectory={within.rstrip('/')}" if within else ""
    return Pin("far", "", git=f"git+file://{repository.path}@{commit}{fragment}")


def test_an_sdist_is_built_once_and_its_wheel_used_again_whatever_the_lock_says_of_it(
    cache: Path, index: Path, make_wheel: MakeWheel
) -> None:
    digest = write_sdist(index, "source", "1.0")
    log: list[str] = []
    wheels = gather(
        cache, Pin("other", "1.0", frozenset({make_wheel("other", "1.0")})), Pin("source", "1.0", frozenset({digest}))
    )
    assert [wheel.file for wheel in wheels] == ["other-1.0-py3-none-any.whl", "source-1.0-py3-none-any.whl"]
    assert digest_file(Store(cache).path(wheels[1])) == wheels[1].sha256
    again = gather(cache, Pin("source", "1.0", frozenset({digest, "0" * 64})), Pin("source", "1.0"), log=log)
    assert again == [wheels[1], wheels[1]]
    assert "Found the wheel that was built of source==1.0 before: source-1.0-py3-none-any.whl" in log
    assert gather(cache, Pin("source", "1.0"), builder="") == [wheels[1]]


@pytest.mark.usefixtures("index")
def test_a_commit_of_a_git_repository_is_built_once(cache: Path, make_repository: MakeRepository) -> None:
    pin = git_pin(make_repository)
    [wheel] = gather(cache, pin)
    assert (wheel.name, wheel.version, wheel.file) == ("far", "2.0", "far-2.0-py3-none-any.whl")
    assert gather(cache, Pin("far", "", git=pin.git.replace("file:///", "file:////"))) == [wheel]
    [below] = gather(cache, git_pin(make_repository, "other", "python/"))
    assert below.sha256 != wheel.sha256


def test_without_a_builder_everything_to_build_is_named_and_nothing_is_run(
    cache: Path, index: Path, make_repository: MakeRepository
) -> None:
    pin = git_pin(make_repository)
    write_sdist(index, "bare", "1.0")
    hashed = Pin("hashed", "1.0", frozenset({write_sdist(index, "hashed", "1.0")}))
    with pytest.raises(WheelhouseError) as error:
        gather(cache, pin, Pin("bare", "1.0"), hashed, builder="")
    assert f"with glibc 2.41 of: bare==1.0, {pin}, hashed==1.0. Nothing is compiled on the hosts. Set `builder: local`" in str(
        error.value
    )
    assert not (cache / "wheels").exists()


def test_a_wheel_that_runs_only_on_the_controller_is_refused(cache: Path, index: Path) -> None:
    write_sdist(index, "source", "1.0", "cp311-cp311-linux_x86_64")
    with pytest.raises(WheelhouseError, match=r"is for cp311-cp311-linux_x86_64, not for Python 3\.13 on x86_64"):
        gather(cache, Pin("source", "1.0"))
    assert not (cache / "wheels").exists()


def test_an_sdist_with_another_hash_is_refused_before_it_is_built(
    cache: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sdist(index, "source", "1.0")
    monkeypatch.setattr(from_source.Builder, "_build", None)
    with pytest.raises(WheelhouseError, match="is not what was locked: "):
        gather(cache, Pin("source", "1.0", frozenset({"0" * 64})))


def test_a_source_that_is_another_package_is_refused(cache: Path, make_repository: MakeRepository, index: Path) -> None:
    assert index.exists()
    pin = Pin("near", "", git=git_pin(make_repository).git)
    with pytest.raises(
        WheelhouseError, match=r"The source of near @ git\+file.* makes far-2\.0-py3-none-any\.whl, another package"
    ):
        gather(cache, pin)


@pytest.mark.usefixtures("index")
def test_what_is_nowhere_is_named_with_a_command_to_see_why(cache: Path) -> None:
    with pytest.raises(WheelhouseError, match=r"nowhere==1\.0 has no wheel .* there is no source of it .*--no-binary nowhere"):
        gather(cache, Pin("nowhere", "1.0"))
