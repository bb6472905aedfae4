"""Files and links that change by rename(2)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ansible.module_utils.placid.files import chown_tree, exchange, replace_file, replace_link, sync_directory


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600, 0o755])
@pytest.mark.parametrize("there", [True, False])
def test_a_file_has_its_content_and_mode_whatever_was_there(tmp_path: Path, mode: int, there: bool) -> None:
    path = tmp_path / "settings.env"
    if there:
        path.write_bytes(b"old and longer")
        path.chmod(0o666)
    mask = os.umask(0o077)
    try:
        replace_file(path, b"new", mode)
    finally:
        os.umask(mask)
    assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (b"new", mode)
    assert os.listdir(tmp_path) == ["settings.env"]


def test_who_has_a_file_open_reads_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "settings.env"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new")
        assert reader.read() == b"old"


def test_a_link_is_replaced_and_what_it_led_to_stays(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"target")
    (tmp_path / "link").symlink_to("target")
    replace_file(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"target"
    assert (tmp_path / "link").read_bytes() == b"new"
    assert not (tmp_path / "link").is_symlink()


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "taken", b"new")
    assert os.listdir(tmp_path) == ["taken"]


def test_a_disk_that_is_full_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, f"No space left on device for {descriptor}")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as error:
        replace_file(tmp_path / "settings.env", b"new")
    assert error.value.filename == str(tmp_path / "settings.env")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_has_the_group_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "settings.env"
    replace_file(path, b"secret", mode=0o640, gid=12345)
    assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) == (0, 12345, 0o640)


@pytest.mark.parametrize("old", ["releases/A", "dangling", None])
def test_a_link_is_pointed_elsewhere(tmp_path: Path, old: str | None) -> None:
    (tmp_path / "releases" / "A").mkdir(parents=True)
    link = tmp_path / "current"
    if old:
        link.symlink_to(old)
    replace_link(link, "releases/B")
    assert os.readlink(link) == "releases/B"
    assert sorted(os.listdir(tmp_path)) == ["current", "releases"]
    assert os.listdir(tmp_path / "releases" / "A") == []


def test_leftovers_of_a_killed_run_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".current.abc").mkdir()
    (tmp_path / ".current.abc" / "current").symlink_to("releases/OLD")
    (tmp_path / "current.tmp").symlink_to("releases/OLD")
    replace_link(tmp_path / "current", "releases/NEW")
    assert os.readlink(tmp_path / "current") == "releases/NEW"


def test_a_real_directory_in_the_place_of_a_link_is_kept_beside_it(tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.mkdir()
    (link / "precious").write_text("")
    replace_link(link, "releases/B")
    assert os.readlink(link) == "releases/B"
    (beside,) = tmp_path.glob("current.directory-*")
    assert sorted(tmp_path.iterdir()) == [link, beside]
    assert os.listdir(beside) == ["precious"]


def test_names_that_are_not_there_do_not_change_places(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="current"):
        exchange(tmp_path / "other", tmp_path / "current")


def test_only_a_directory_can_be_synchronised(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        sync_directory(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_tree_is_given_away_without_what_its_links_lead_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("")
    tree = tmp_path / "tree"
    (tree / "directory").mkdir(parents=True)
    (tree / "directory" / "file").write_text("")
    (tree / "link").symlink_to(outside)
    (tree / "file-link").symlink_to(outside / "file")
    chown_tree(tree, 12345, 12346)
    given = [tree, *tree.rglob("*")]
    assert len(given) == 5
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in given} == {(12345, 12346)}
    assert {path.stat().st_uid for path in (outside, outside / "file")} == {0}
