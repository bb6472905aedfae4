"""What is sent to a host, and what the host takes."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid.errors import ArchiveError, WheelhouseError
from ansible.module_utils.placid.interpreters import pythons
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.phases.ask import names
from ansible.module_utils.placid.phases.stage import unpack_bundle
from ansible.module_utils.placid.virtual_environment import VirtualEnvironment

from unit.plugins import load

action = load("action/release.py")
missing, tell = action.missing, action.tell


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(name: str) -> dict[str, Any]:
    return {"sha256": digest(name.encode()), "file": f"{name}-1.0-py3-none-any.whl", "size": len(name)}


DJANGO, REDIS, UV = wheel("django"), wheel("redis"), wheel("uv")
MANIFEST: dict[str, Any] = {
    "source": {"file": "0123.tar.zst", "sha256": digest(b"source")},
    "venv_digest": "0123456789abcdef" * 4,
    "wheels": [DJANGO, REDIS],
    "installer": UV,
}
SOURCE = {"source.tar.zst": "/cache/0123.tar.zst"}


def sent(*wheels: dict[str, Any]) -> dict[str, str]:
    return {f"wheels/{each['sha256']}/{each['file']}": f"/cache/wheels/{each['sha256']}/{each['file']}" for each in wheels}


@pytest.mark.parametrize(
    ("host", "files"),
    [
        pytest.param({}, SOURCE | sent(DJANGO, REDIS, UV), id="a new host"),
        pytest.param({"artefacts": ["0123.tar.zst"]}, sent(DJANGO, REDIS, UV), id="the archive is there"),
        pytest.param({"artefacts": ["4567.tar.zst"]}, SOURCE | sent(DJANGO, REDIS, UV), id="another archive is there"),
        pytest.param({"wheels": [DJANGO["sha256"], UV["sha256"]]}, SOURCE | sent(REDIS), id="some wheels are there"),
        pytest.param({"venvs": ["0123456789abcdef"]}, SOURCE, id="the virtual environment is there"),
        pytest.param({"venvs": ["0123456789abcdee"]}, SOURCE | sent(DJANGO, REDIS, UV), id="another one is there"),
        pytest.param({"artefacts": ["0123.tar.zst"], "venvs": ["0123456789abcdef"]}, {}, id="everything is there"),
    ],
)
def test_only_what_a_host_lacks_is_sent(host: dict[str, list[str]], files: dict[str, str]) -> None:
    has = {"artefacts": [], "wheels": [], "venvs": [], **host}
    assert missing(MANIFEST, has, "/cache/0123.tar.zst", "/cache/wheels") == files


def test_what_is_sent_is_what_the_host_unpacks(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"source")
    with (tmp_path / "bundle").open("w+b") as bundle:
        size = action.pack({"source.tar.zst": str(tmp_path / "source")}, bundle)
        assert size == len(bundle.read())
    unpack_bundle(tmp_path / "bundle", MANIFEST, tmp_path / "incoming")
    assert (tmp_path / "incoming" / "source.tar.zst").read_bytes() == b"source"
    with (tmp_path / "nothing").open("w+b") as bundle:
        assert action.pack({}, bundle) == 0


@pytest.mark.parametrize(("changed", "check", "line"), [(True, False, "live: R"), (False, True, "would be live: R (as before)")])
def test_the_end_of_a_run_says_what_is_live_and_how_long_it_took(changed: bool, check: bool, line: str) -> None:
    phases = {
        "build": {"seconds": 0.26},
        "activate": {"release": "R", "changed": changed, "seconds": 1},
        "record": {"seconds": 0},
    }
    assert tell(phases, "http://x/", check) == [line, "look: http://x/", "seconds: build 0.3, activate 1.0, record 0.0"]


@pytest.mark.parametrize(("check", "line"), [(False, "migrations applied: a.1"), (True, "migrations that would be applied: a.1")])
def test_the_end_of_a_run_says_what_became_of_the_schema(check: bool, line: str) -> None:
    phases = {
        "migrate": {"applied": ["a.1"], "reversed": [], "kept": ["b.2"], "dump": "", "seconds": 1},
        "activate": {"release": "R", "changed": True, "seconds": 1},
        "record": {"seconds": 0},
    }
    assert tell(phases, "http://x/", check)[2:4] == [line, line.replace("applied: a.1", "kept: b.2")]


def test_the_end_of_a_run_names_what_the_settings_silence() -> None:
    done = {"activate": {"release": "R", "changed": True, "seconds": 1}, "record": {"seconds": 0}}
    lines = tell({"stage": {"seconds": 1, "silenced": ["models.W042", "security.W004"]}, **done}, "http://x/", False)
    assert lines[2:-1] == ["check --deploy: the settings silence models.W042, security.W004 (SILENCED_SYSTEM_CHECKS)"]


def test_the_end_of_a_run_names_the_libraries_that_the_host_lacks() -> None:
    done = {"activate": {"release": "R", "changed": True, "seconds": 1}, "record": {"seconds": 0}}
    lines = tell({"stage": {"seconds": 1, "lacking": ["libGL.so.1 (cv2/cv2.abi3.so)"]}, **done}, "http://x/", False)
    assert lines[2] == (
        "libraries that this host lacks: libGL.so.1 (cv2/cv2.abi3.so); their Debian packages belong into apps[].packages"
    )


@pytest.mark.parametrize("phases", [{}, {"ask": {}}, {"activate": {}}, {"activate": {}, "record": {"failed": True}}])
def test_before_the_end_nothing_is_said(phases: dict[str, Any]) -> None:
    assert tell(phases, "http://x/", False) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("scp: write remote bundle.tar: No space left on device", "No space left on device"),
        ("mkdir: cannot create directory: Read-only file system", "Read-only file system"),
        ("Permission denied (publickey).", ""),
    ],
)
def test_a_disk_that_takes_nothing_is_told_from_what_else_went_wrong(text: str, found: str) -> None:
    assert action.refused_by_disk(f"Failed to send it. The output was: {text}, exit 1") == found


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return tmp_path / "bundle.tar"


def pack(bundle: Path, *members: tuple[str, bytes] | tarfile.TarInfo) -> None:
    with tarfile.open(bundle, "w:") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))


def test_a_bundle_is_unpacked(bundle: Path, tmp_path: Path) -> None:
    (name,) = sent(DJANGO)
    pack(bundle, ("source.tar.zst", b"source"), (name, b"django"))
    unpack_bundle(bundle, MANIFEST, tmp_path / "incoming")
    assert (tmp_path / "incoming" / "source.tar.zst").read_bytes() == b"source"
    assert (tmp_path / "incoming" / name).read_bytes() == b"django"


def test_a_bundle_without_an_archive_is_unpacked_too(bundle: Path, tmp_path: Path) -> None:
    (name,) = sent(UV)
    pack(bundle, (name, b"uv"))
    unpack_bundle(bundle, MANIFEST, tmp_path / "incoming")
    assert os.listdir(tmp_path / "incoming") == ["wheels"]


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "member",
    [
        ("../outside", b"x"),
        ("/etc/cron.d/x", b"x"),
        ("wheels/../../outside", b"x"),
        ("extra", b"x"),
        ("./source.tar.zst", b"source"),
        (f"wheels/{DJANGO['sha256']}/other.whl", b"x"),
        (f"wheels/{DJANGO['sha256']}/{REDIS['file']}", b"x"),
        special("source.tar.zst", tarfile.DIRTYPE),
        special("source.tar.zst", tarfile.FIFOTYPE),
        special("source.tar.zst", tarfile.CHRTYPE),
        special("link", tarfile.SYMTYPE, "source.tar.zst"),
    ],
    ids=lambda member: member.name + str(member.type) if isinstance(member, tarfile.TarInfo) else member[0],
)
def test_what_the_manifest_does_not_know_is_refused(
    bundle: Path, tmp_path: Path, member: tuple[str, bytes] | tarfile.TarInfo
) -> None:
    pack(bundle, *([("source.tar.zst", b"source")] if "link" in str(member) else []), member)
    with pytest.raises(ArchiveError) as error:
        unpack_bundle(bundle, MANIFEST, tmp_path / "incoming")
    name = member.name if isinstance(member, tarfile.TarInfo) else member[0]
    assert str(error.value) == f"The bundle holds {name!r}, which the manifest does not know. Deploy the version again."
    assert sorted(os.listdir(tmp_path)) in (["bundle.tar"], ["bundle.tar", "incoming"])


def test_an_archive_that_is_not_the_manifests_is_refused(bundle: Path, tmp_path: Path) -> None:
    pack(bundle, ("source.tar.zst", b"sourcf"))
    with pytest.raises(ArchiveError) as error:
        unpack_bundle(bundle, MANIFEST, tmp_path / "incoming")
    assert str(error.value) == "The source archive arrived damaged. Deploy the version again."


def test_a_bundle_that_was_cut_short_is_refused(bundle: Path, tmp_path: Path) -> None:
    pack(bundle, ("source.tar.zst", b"source" * 1000))
    bundle.write_bytes(bundle.read_bytes()[:2000])
    with pytest.raises(ArchiveError) as error:
        unpack_bundle(bundle, MANIFEST, tmp_path / "incoming")
    assert str(error.value) == "The bundle arrived damaged: unexpected end of data. Deploy the version again."


@pytest.mark.parametrize("where", ["arrived", "stored"])
def test_a_wheel_that_is_not_the_manifests_is_refused_and_removed(tmp_path: Path, where: str) -> None:
    layout = Layout("guestbook", tmp_path)
    directory = tmp_path / "sent" if where == "arrived" else layout.wheels
    damaged = directory / DJANGO["sha256"] / DJANGO["file"]
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"djangq")
    with pytest.raises(WheelhouseError) as error:
        VirtualEnvironment(layout, MANIFEST).make(tmp_path / "sent")
    assert str(error.value) == (
        f"The wheel {DJANGO['file']} on the host is {digest(b'djangq')} and not {DJANGO['sha256']} as the manifest says. 2 more "
        "are wrong, too. What is wrong was removed: deploy the version again, and it is sent anew."
    )
    assert not damaged.exists()
    has = {"artefacts": [], "venvs": [], "wheels": names(layout.wheels)}
    assert set(sent(DJANGO)) <= set(missing(MANIFEST, has, "/cache/0123.tar.zst", "/cache/wheels"))


def test_the_interpreters_of_a_host_are_told_apart_from_their_helpers(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.13", "python3.13-config", "python2.7", "xpython3.9", "python3.11m", "pip3.11"):
        (tmp_path / name).write_text("")
    assert pythons(tmp_path) == ["3.11", "3.13"]
    assert pythons(tmp_path / "absent") == []
