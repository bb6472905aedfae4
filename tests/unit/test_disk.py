"""Whether a disk has room for a release, told before anything is sent or written."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import disk
from ansible.module_utils.placid.disk import BLOCK, SPARE

from unit.plugins import load

action = load("action/release.py")
SOURCE = {"size": 1000, "unpacked_size": 10**6, "files": 7}
TREE = {"bytes": SPARE["bytes"] + 2 * (10**6 + 7 * BLOCK), "inodes": SPARE["inodes"] + 3 * 7}


def wheel(path: Path, files: dict[str, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in files.items():
            archive.writestr(name, b"0" * size)
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Three files of five blocks, in five directories: that of the package, two in it, its metadata and the top."""
    return wheel(tmp_path / "p.whl", {"p/__init__.py": 1, "p/a/b/c.py": 3 * BLOCK, "p.dist-info/RECORD": BLOCK})


@pytest.mark.parametrize(
    ("sent", "wheels", "installer", "more"),
    [
        pytest.param(0, 0, False, {"bytes": 0, "inodes": 0}, id="only the tree"),
        pytest.param(5000, 0, False, {"bytes": 10_000, "inodes": 0}, id="what is sent, and what comes out of it"),
        pytest.param(0, 1, False, {"bytes": 2 * 10 * BLOCK, "inodes": 16}, id="a wheel"),
        pytest.param(0, 2, True, {"bytes": 5 * 10 * BLOCK, "inodes": 40}, id="wheels and what installs them"),
    ],
)
def test_what_a_release_takes_is_what_it_unpacks_to(
    package: Path, sent: int, wheels: int, installer: bool, more: dict[str, int]
) -> None:
    found = disk.needed(SOURCE, sent, [package] * wheels, package if installer else None)
    assert found == {what: TREE[what] + more[what] for what in TREE}


def test_what_a_wheel_takes_is_what_the_disk_gives(package: Path, tmp_path: Path) -> None:
    """Counted on a real file system of such blocks; the wheel's top is site-packages, which is there once."""
    target = tmp_path / "unpacked"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(target)
    made = [target, *target.rglob("*")]
    size, inodes = disk.unpacked(package)
    assert inodes == len(made)
    assert size >= sum(path.stat().st_blocks * 512 for path in made if path.is_file())


ENOUGH: dict[str, int | None] = {"bytes": TREE["bytes"], "inodes": TREE["inodes"]}


@pytest.mark.parametrize(
    ("left", "has"),
    [
        pytest.param(ENOUGH, "", id="just enough"),
        pytest.param({**ENOUGH, "inodes": None}, "", id="a file system that counts no inodes"),
        pytest.param({**ENOUGH, "bytes": TREE["bytes"] - 1}, "101 MB and 10021 inodes", id="a byte too few"),
        pytest.param({**ENOUGH, "inodes": TREE["inodes"] - 1}, "101 MB and 10020 inodes", id="an inode too few"),
        pytest.param({"bytes": 0, "inodes": None}, "0 MB", id="full, without inodes to count"),
    ],
)
def test_a_disk_that_is_too_small_is_told_with_what_to_do(left: dict[str, int | None], has: str) -> None:
    said = disk.lacking(Path("/srv/guestbook"), "guestbook", TREE, left)
    takes = "101 MB" if left["inodes"] is None else "101 MB and 10021 inodes"
    expected = (
        f"/srv/guestbook has {has} free, and this release may need {takes}. Make room there, or lower apps[guestbook].keep; "
        "nothing was written."
    )
    assert said == (expected if has else "")


def test_what_is_free_is_what_the_file_system_says(tmp_path: Path) -> None:
    found, real = disk.free(tmp_path), os.statvfs(tmp_path)
    assert (found["inodes"] is None) == (real.f_files == 0)
    assert abs((found["bytes"] or 0) - real.f_bavail * real.f_frsize) < 2**30


@pytest.mark.parametrize(
    ("host", "wheels"),
    [
        pytest.param({"free": ENOUGH, "venvs": []}, True, id="no virtual environment yet"),
        pytest.param({"free": ENOUGH, "venvs": ["e" * 16]}, False, id="it is there"),
        pytest.param({"free": None, "venvs": ["e" * 16]}, True, id="leftovers, of which it may be one"),
    ],
)
def test_a_virtual_environment_that_is_there_takes_nothing(tmp_path: Path, host: dict[str, Any], wheels: bool) -> None:
    names = [{"sha256": each * 64, "file": f"{each}.whl"} for each in "ab"]
    for name in names:
        wheel(tmp_path / name["sha256"] / name["file"], {"x.py": 1})
    (tmp_path / "source").write_bytes(b"1234")
    manifest = {"source": SOURCE, "venv_digest": "e" * 64, "wheels": names[:1], "installer": names[1]}
    found = action.needed(manifest, host, {"source.tar.zst": str(tmp_path / "source")}, str(tmp_path))
    assert found["bytes"] == TREE["bytes"] + 8 + (3 * 2 * BLOCK if wheels else 0)
