"""What has no wheel is built once on the controller, where that is allowed; real pip, real git, no network."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible.module_utils.placid.build import checkout, from_source
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.build.wheelhouse import Gathering
from ansible.module_utils.placid.errors import WheelhouseError

from .conftest import MakeRepository, MakeWheel, source_files, write_sdist, write_wheel

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
    assert f"with glibc 2.41 of: bare==1.0, {pin}, hashed==1.0. Nothing is compiled on the hosts. Set `builder` to" in str(
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
    monkeypatch.setattr(from_source.Builder, "_make", None)
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


def handed_over(cache: Path, *pins: Pin) -> list[from_source.Source]:
    with pytest.raises(from_source.BuildNeededError) as needed:
        gather(cache, *pins, builder="b1")
    return needed.value.sources


def test_a_builder_is_handed_all_that_is_to_be_built_and_nothing_of_it_is_run_here(
    cache: Path, index: Path, make_repository: MakeRepository, make_wheel: MakeWheel
) -> None:
    digest = write_sdist(index, "source", "1.0", before="raise SystemExit\n")
    pins = [git_pin(make_repository), Pin("other", "1.0", frozenset({make_wheel("other", "1.0")})), Pin("source", "1.0")]
    far, source = handed_over(cache, *pins)
    assert (source.name, source.version, source.shown, source.line) == ("source", "1.0", "source==1.0", "source==1.0")
    assert source.key == f"sdist sha256:{digest}"
    assert (Path(source.origin).name, digest_file(Path(source.origin))) == ("source-1.0.tar.gz", digest)
    assert far.key == f"git {pins[0].git.rpartition('@')[2]} far"
    assert Path(far.origin).suffix == ".tar"
    assert gather(cache, pins[1], builder="") == gather(cache, pins[1])  # what has a wheel is kept meanwhile


def test_what_a_builder_built_is_found_by_its_source_and_by_the_line_of_the_lock(
    cache: Path, index: Path, tmp_path: Path
) -> None:
    digest = write_sdist(index, "source", "1.0")
    [source] = handed_over(cache, Pin("source", "1.0"))
    write_wheel(tmp_path, "source", "1.0", "cp313-cp313-linux_x86_64")
    path = tmp_path / "source-1.0-cp313-cp313-linux_x86_64.whl"
    wheel = from_source.check_built(source, path, TARGET, "b1", native=True)
    from_source.keep(Store(cache), TARGET, source, wheel, path)
    (index / "source-1.0.tar.gz").rename(tmp_path / "away")
    assert gather(cache, Pin("source", "1.0"), builder="b1") == [wheel]
    (tmp_path / "away").rename(index / "source-1.0.tar.gz")
    assert gather(cache, Pin("source", "1.0", frozenset({digest})), builder="b1") == [wheel]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("source-1.0-cp312-cp312-linux_x86_64.whl", "on b1 is source-1.0-cp312-cp312-linux_x86_64.whl, which is for cp312"),
        ("source-1.0-cp313-cp313-linux_aarch64.whl", "which is for cp313-cp313-linux_aarch64, not for Python 3.13 on x86_64"),
        ("other-1.0-py3-none-any.whl", "The source of source==1.0 makes other-1.0-py3-none-any.whl, another package"),
        ("source-2.0-py3-none-any.whl", "another package"),
        ("..", "The source of source==1.0 makes '..', which is no wheel"),
    ],
)
def test_what_a_builder_sends_is_looked_at(tmp_path: Path, file: str, message: str) -> None:
    source = from_source.Source("source", "1.0", "source==1.0", "source==1.0", "sdist sha256:0", "")
    with pytest.raises(WheelhouseError) as error:
        from_source.check_built(source, tmp_path / file, TARGET, "b1", native=True)
    assert message in str(error.value)


def test_a_lock_may_mean_the_source_of_what_has_wheels_too(cache: Path, index: Path, make_wheel: MakeWheel) -> None:
    make_wheel("source", "1.0")
    digest = write_sdist(index, "source", "1.0")
    [source] = handed_over(cache, Pin("source", "1.0", frozenset({digest})))
    assert source.key == f"sdist sha256:{digest}"
    with pytest.raises(WheelhouseError, match=r"There is no wheel .* of: source==1\.0\."):
        gather(cache, Pin("source", "1.0", frozenset({digest})), builder="")
    with pytest.raises(WheelhouseError, match=r"is not what was locked: source==1\.0"):
        gather(cache, Pin("source", "1.0", frozenset({"0" * 64})), builder="b1")


def test_everything_that_cannot_be_had_is_named_before_anything_is_built(cache: Path, index: Path) -> None:
    write_sdist(index, "changed", "1.0")
    write_sdist(index, "good", "1.0")
    pins = [Pin("good", "1.0"), Pin("nowhere", "1.0"), Pin("neither", "1.0")]
    with pytest.raises(WheelhouseError, match=r"(?s)nowhere==1\.0 has no wheel .*neither==1\.0 has no wheel"):
        gather(cache, *pins, builder="b1")


def test_a_checkout_for_a_builder_has_tags_and_submodules_but_no_other_branch(
    cache: Path, make_repository: MakeRepository, tmp_path: Path
) -> None:
    inner, outer = make_repository("inner"), make_repository("outer")
    inner.commit(inside="1")
    outer.git("submodule", "--quiet", "add", inner.path.as_uri(), "sub")
    commit = outer.commit(file="1")
    outer.git("tag", "v7")
    outer.git("checkout", "--quiet", "-b", "private")
    private = outer.commit(secret="1")
    directory = tmp_path / "packed"
    directory.mkdir()
    path = checkout.pack(f"git+{outer.path.as_uri()}@{commit}#subdirectory=sub", cache, directory)
    tree = tmp_path / "tree"
    with tarfile.open(path) as archive:
        archive.extractall(tree, filter="data")
    assert sorted(each.name for each in tree.iterdir()) == [".git", ".gitmodules", "file", "sub"]
    assert (tree / "sub" / "inside").read_text() == "1"

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", tree, *words], capture_output=True, text=True, check=False)

    assert git("describe", "--tags").stdout == "v7\n"
    assert git("cat-file", "-e", private).returncode != 0
    assert [each for each in tree.rglob("*") if each.is_file() and str(cache).encode() in each.read_bytes()] == []
