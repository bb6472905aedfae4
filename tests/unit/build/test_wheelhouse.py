"""Wheels for a target: real pip on a directory of tiny wheels, no network."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from ansible.module_utils.placid.build import pip, wheelhouse
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.store import Store, Wheel
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import WheelhouseError

from .conftest import OWN_REQUIREMENTS, MakeWheel

TARGET = Target("3.13", "x86_64", "2.41")


def gather(cache: Path, *pins: Pin, target: Target = TARGET) -> list[Wheel]:
    temporary = cache / "temporary"
    temporary.mkdir(parents=True, exist_ok=True)
    return wheelhouse.Gathering(target, Store(cache), temporary, []).gather(list(pins))


@pytest.mark.parametrize(
    ("target", "tag"),
    [
        (Target("3.13", "x86_64", "2.41"), "cp313-cp313-manylinux_2_34_x86_64"),
        (Target("3.12", "x86_64", "2.36"), "cp312-cp312-manylinux2014_x86_64"),
        (Target("3.13", "aarch64", "2.36"), "cp313-cp313-manylinux_2_17_aarch64"),
        (Target("3.11", "x86_64", "2.17"), "cp38-abi3-manylinux1_x86_64"),
    ],
)
def test_the_wheel_of_the_target_is_chosen_not_that_of_the_controller(
    cache: Path, make_wheel: MakeWheel, target: Target, tag: str
) -> None:
    others = ["cp310-cp310-manylinux2014_x86_64", "cp313-cp313-manylinux_2_42_x86_64", "cp313-cp313-musllinux_1_2_x86_64"]
    for other in [*others, "cp313-cp313-win_amd64", "cp313-cp313-macosx_11_0_arm64", tag]:
        make_wheel("thing", "1.0", other)
    assert [wheel.file for wheel in gather(cache, Pin("thing", "1.0"), target=target)] == [f"thing-1.0-{tag}.whl"]


def test_wheels_are_kept_by_content_and_need_no_network_again(
    cache: Path, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed, bare = Pin("a", "1.0", frozenset({make_wheel("a", "1.0"), "0" * 64})), Pin("b-b", "2")
    make_wheel("b_b", "2.0")
    first = gather(cache, hashed, bare)
    assert [(wheel.name, wheel.version, wheel.file) for wheel in first] == [
        ("a", "1.0", "a-1.0-py3-none-any.whl"),
        ("b-b", "2", "b_b-2.0-py3-none-any.whl"),
    ]
    assert all((cache / "wheels" / wheel.sha256 / wheel.file).stat().st_size == wheel.size for wheel in first)
    monkeypatch.setattr(wheelhouse, "Pip", None)  # not even asked
    assert gather(cache, hashed, bare) == first


def test_a_flipped_byte_in_the_store_is_noticed_and_fetched_again(cache: Path, make_wheel: MakeWheel) -> None:
    pin = Pin("a", "1.0", frozenset({make_wheel("a", "1.0")}))
    [wheel] = gather(cache, pin)
    path = cache / "wheels" / wheel.sha256 / wheel.file
    whole = path.read_bytes()
    path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    assert gather(cache, pin) == [wheel]
    assert path.read_bytes() == whole


def test_a_broken_note_of_a_choice_is_made_again(cache: Path, make_wheel: MakeWheel) -> None:
    make_wheel("a", "1.0")
    [wheel] = gather(cache, Pin("a", "1.0"))
    [note] = (cache / "choices").iterdir()
    outside = '{"name":"a","version":"1.0","file":"../x","sha256":"0","size":1}'
    for broken in ("", "{", "[]", '{"name": 1}', outside):
        note.write_text(broken)
        assert Store(cache).choice("a==1.0", TARGET.as_dict()) is None
    assert gather(cache, Pin("a", "1.0")) == [wheel]


def test_everything_that_lacks_a_wheel_is_named_at_once(cache: Path, index: Path, make_wheel: MakeWheel) -> None:
    make_wheel("good", "1.0")
    make_wheel("other", "1.0", "cp313-cp313-win_amd64")
    (index / "source-1.0.tar.gz").write_bytes(b"")
    with pytest.raises(WheelhouseError) as error:
        gather(cache, Pin("good", "1.0"), Pin("missing", "1.0"), Pin("other", "1.0"), Pin("source", "1.0"))
    assert "There is no wheel for Python 3.13 on x86_64 with glibc 2.41 of: missing==1.0, other==1.0, source==1.0." in str(
        error.value
    )
    assert "Set `builder` to a host that builds" in str(error.value)


def test_however_many_lack_a_wheel_all_are_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoWheels:
        def download(self, lines: list[str], _options: list[str], _destination: Path) -> str:
            return f"ERROR: No matching distribution found for {lines[0]}\n"

    monkeypatch.setattr(wheelhouse, "Pip", NoWheels)
    pins = [Pin(f"package-{number:02}", "1.0") for number in range(30)]
    with pytest.raises(WheelhouseError) as error:
        gather(cache, *pins)
    assert f"glibc 2.41 of: {', '.join(map(str, pins))}. Nothing is compiled" in str(error.value)


def test_a_wheel_that_is_not_what_was_locked_is_refused(cache: Path, make_wheel: MakeWheel) -> None:
    make_wheel("a", "1.0")
    with pytest.raises(WheelhouseError, match=r"is not what was locked: a==1.0.*find out which before you make the lock again"):
        gather(cache, Pin("a", "1.0", frozenset({"0" * 64})))
    assert not (cache / "wheels").exists()


def test_the_hash_is_compared_once_more_after_pip(tmp_path: Path) -> None:
    path = tmp_path / "a-1.0-py3-none-any.whl"
    path.write_bytes(b"x")
    with pytest.raises(
        WheelhouseError, match=r"a-1\.0-py3-none-any\.whl has sha256 2d711642.*which the lock does not have for a==1\.0"
    ):
        wheelhouse._checked(Pin("a", "1.0", frozenset({"0" * 64})), path)


@pytest.mark.usefixtures("index")
def test_an_index_that_does_not_answer_is_told_from_a_missing_wheel(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:hunter2@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(WheelhouseError) as error:
        gather(cache, Pin("a", "1.0"))
    assert "The package index cannot be used: " in str(error.value)
    assert "pip download --no-deps --dest /tmp a==1.0" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_what_the_user_configured_but_indexes_does_not_reach_pip(
    cache: Path, index: Path, make_wheel: MakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel("a", "1.0")
    (tmp_path / "constraints.txt").write_text("a==9\n")
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        f"[global]\nfind-links = /nowhere\n  {index}\nno-index = true\nrequire-virtualenv = true\n"
        f"[download]\nconstraint = {tmp_path}/constraints.txt\nno-binary = :all:\nplatform = win_amd64\n"
    )
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "target"))
    monkeypatch.setenv("PIP_DEST", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")
    assert [wheel.file for wheel in gather(cache, Pin("a", "1.0"))] == ["a-1.0-py3-none-any.whl"]
    assert not (tmp_path / "target").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_of_the_configuration_only_what_says_where_packages_come_from_is_kept() -> None:
    listing = (
        ":env:.find-links='/env'\n:env:.target='/x'\nglobal.find-links='/global'\nglobal.index-url='https://a/simple'\n"
        "download.index-url='https://b/simple'\ninstall.index-url='https://c/simple'\nglobal.user='true'\nnonsense\n"
    )
    made = pip.environment({"HOME": "/h", "PIP_USER": "1", "PIP_INDEX_URL": "x"}, pip.configuration(listing))
    assert made == {
        "HOME": "/h",
        "PIP_FIND_LINKS": "/env",
        "PIP_INDEX_URL": "https://b/simple",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "LC_ALL": "C.UTF-8",
    }


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("ERROR: Could not find a version\nERROR: No matching distribution found for a-b==1\n", ("missing", "a-b")),
        (
            "WARNING: Retrying (Retry(total=0)) after ConnectionError\nERROR: No matching distribution found for a==1",
            "unreachable",
        ),
        ("ERROR: HTTP error 401\nERROR: 401 Client Error: Unauthorized for url: https://x\n", "unreachable"),
        ("ERROR: OSError: No space left on device.\n", ("other", "OSError: No space left on device")),
        ("", ("other", "no message")),
    ],
)
def test_messages_of_pip_are_understood(messages: str, expected: str | tuple[str, str]) -> None:
    found = pip.explain(messages)
    assert expected in (found, found[0])


@pytest.mark.parametrize(("package", "function"), [("pip", pip.version), ("uv", wheelhouse.installer)])
def test_a_missing_tool_is_named_with_the_command_to_install_it(
    package: str, function: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(WheelhouseError, match=f"{package} is not installed beside Ansible .*Install it with: "):
        function()  # type: ignore[operator]


def test_the_installer_has_the_version_of_the_controller_and_the_hashes_of_our_lock(own_requirements: Path) -> None:
    uv = importlib.metadata.version("uv")
    assert wheelhouse.installer() == Pin("uv", uv)
    own_requirements.write_text(f"tzdata==1 \\\n    --hash=sha256:{'2' * 64}\nuv==0.0.1 \\\n    --hash=sha256:{'3' * 64}\n")
    assert wheelhouse.installer() == Pin("uv", uv)
    hashes = f" \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n    # via -r requirements.in\n"
    own_requirements.write_text(f"typing==1\nuv=={uv}{hashes}zstandard==1 \\\n    --hash=sha256:{'2' * 64}\n")
    assert wheelhouse.installer() == Pin("uv", uv, frozenset({"0" * 64, "1" * 64}))
    assert str(wheelhouse.installer()) == f"uv=={uv}"  # by which the artefact is found again


def test_the_lock_of_this_project_has_hashes_of_its_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheelhouse, "REQUIREMENTS", OWN_REQUIREMENTS)
    [pinned] = [line for line in OWN_REQUIREMENTS.read_text().splitlines() if line.startswith("uv==")]
    monkeypatch.setattr(importlib.metadata, "version", lambda _: pinned.removeprefix("uv==").rstrip(" \\"))
    assert len(wheelhouse.installer().hashes) > 10  # one for each platform


def test_a_uv_that_is_not_the_one_of_our_lock_is_refused(cache: Path, make_wheel: MakeWheel, own_requirements: Path) -> None:
    uv = importlib.metadata.version("uv")
    digest = make_wheel("uv", uv, "py3-none-manylinux_2_17_x86_64")
    own_requirements.write_text(f"uv=={uv} \\\n    --hash=sha256:{digest}\n")
    assert [wheel.sha256 for wheel in gather(cache, wheelhouse.installer())] == [digest]
    own_requirements.write_text(f"uv=={uv} \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(WheelhouseError, match=f"is not what was locked: uv=={uv}"):
        gather(cache, wheelhouse.installer())
