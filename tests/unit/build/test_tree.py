"""The tree of a release: one digest for an archive and a directory, and no member that lands outside."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from ansible.module_utils.placid.errors import ArchiveError
from ansible.module_utils.placid.tree import digest_directory, digest_tar, unpack

FILE, LINK, HARD, DIRECTORY = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
NASTY = ["a b", "-rf", "line\nbreak", "ünï", "quote'\"", "$HOME", "tab\t", "raw\udcff", "x" * 255, "d/" * 60 + "deep"]


def tar(*members: tuple[str, bytes, str, int]) -> io.BytesIO:
    """A tar of (path, type, content or target, mode)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for path, kind, content, mode in members:
            info = tarfile.TarInfo(path)
            info.type, info.mode, info.mtime = kind, mode, 1_700_000_000
            if kind in (LINK, HARD):
                info.linkname = content
            info.size = len(content) if kind == FILE else 0
            archive.addfile(info, io.BytesIO(content.encode()))
    return stream


def a_tree() -> io.BytesIO:
    return tar(
        ("z.txt", FILE, "z", 0o666),
        ("bin", DIRECTORY, "", 0o700),
        ("bin/run", FILE, "#!/bin/sh", 0o6777),
        ("bin/link", LINK, "../z.txt", 0o777),
        ("dangling", LINK, "bin/nothing", 0o777),
        *((name, FILE, name.encode("utf-8", "replace").hex(), 0o644) for name in NASTY),
    )


def test_archive_directory_and_what_was_unpacked_have_one_digest(tmp_path: Path) -> None:
    unpacked = unpack(a_tree(), tmp_path / "release")
    assert unpacked == digest_tar(a_tree()) == digest_directory(tmp_path / "release")
    assert unpacked.files == 4 + len(NASTY)


def test_order_of_members_and_bits_beyond_execution_do_not_matter() -> None:
    one = tar(("a", FILE, "1", 0o644), ("b", FILE, "2", 0o755))
    other = tar(("b", FILE, "2", 0o4700), ("a", FILE, "1", 0o600))
    assert digest_tar(one) == digest_tar(other)


@pytest.mark.parametrize(
    "changed",
    [
        ("a", FILE, "2", 0o644),
        ("a", FILE, "1", 0o755),
        ("A", FILE, "1", 0o644),
        ("a", LINK, "1", 0o644),
    ],
)
def test_content_mode_path_and_type_change_the_digest(changed: tuple[str, bytes, str, int]) -> None:
    assert digest_tar(tar(("a", FILE, "1", 0o644))).sha256 != digest_tar(tar(changed)).sha256


def test_names_that_placid_adds_are_ignored_at_the_top_only(tmp_path: Path) -> None:
    unpack(tar(("sub/venv", FILE, "1", 0o644)), tmp_path / "release")
    before = digest_directory(tmp_path / "release")
    (tmp_path / "release" / "venv").symlink_to("/elsewhere")
    assert digest_directory(tmp_path / "release", ignore=["venv"]) == before
    (tmp_path / "release" / "sub" / "venv").write_text("2")
    assert digest_directory(tmp_path / "release", ignore=["venv"]) != before


def test_modes_are_masked_whatever_the_umask_and_times_kept(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        unpack(a_tree(), tmp_path / "release")
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE((tmp_path / "release" / path).stat().st_mode) for path in ("", "bin", "bin/run", "z.txt")}
    assert modes == {"": 0o755, "bin": 0o755, "bin/run": 0o755, "z.txt": 0o644}
    assert (tmp_path / "release" / "z.txt").stat().st_mtime == 1_700_000_000


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("/etc/passwd", FILE, "", 0o644)], "'/etc/passwd' has an absolute path"),
        ([("a/../../b", FILE, "", 0o644)], "climbs out with '..'"),
        ([("./a", FILE, "", 0o644)], "is not a plain relative path"),
        ([("a//b", FILE, "", 0o644)], "is not a plain relative path"),
        ([("x" * 256, FILE, "", 0o644)], "has a name longer than 255 bytes"),
        ([("a", FILE, "", 0o644), ("b", HARD, "a", 0o644)], "'b' is a hard link"),
        ([("a", tarfile.CHRTYPE, "", 0o644)], "is a device, a pipe or another special file"),
        ([("a", tarfile.FIFOTYPE, "", 0o644)], "is a device, a pipe or another special file"),
        ([("a", FILE, "", 0o644), ("a", FILE, "", 0o644)], "'a' is there twice"),
        ([("a", FILE, "", 0o644), ("a/b", FILE, "", 0o644)], "'a/b' lies below something that is not a directory"),
        ([("a", LINK, "b", 0o644), ("a/c", FILE, "", 0o644)], "'a/c' lies below something that is not a directory"),
        ([("a", LINK, "/etc", 0o644)], "'a' is a link that leaves the tree, or never ends: '/etc'"),
        ([("d/a", LINK, "../../x", 0o644)], "'d/a' is a link that leaves the tree"),
        ([("a", LINK, "a", 0o644)], "'a' is a link that leaves the tree, or never ends"),
        # Each looks harmless alone: d/up is the root, so d/up/.. is above it.
        ([("d/up", LINK, "..", 0o644), ("d/out", LINK, "up/../x", 0o644)], "'d/out' is a link that leaves the tree"),
        ([("a", LINK, "", 0o644)], "'a' is a link to nowhere"),
    ],
)
def test_hostile_members_are_refused_before_anything_is_written(
    tmp_path: Path, members: list[tuple[str, bytes, str, int]], message: str
) -> None:
    stream = tar(("first", FILE, "1", 0o644), *members)
    with pytest.raises(ArchiveError) as error:
        unpack(stream, tmp_path / "release")
    assert message in str(error.value)
    assert not (tmp_path / "release").exists()


def test_a_long_list_of_hostile_members_is_cut() -> None:
    with pytest.raises(ArchiveError, match=r"; and 5 more\. Remove or rename"):
        digest_tar(tar(*((f"/{number}", FILE, "", 0o644) for number in range(15))))


@pytest.mark.parametrize("length", [100, 512, 1024, 1536, 2048])
def test_an_archive_cut_short_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    whole = tar(("a", FILE, "1", 0o644), ("b", FILE, "2", 0o644)).getvalue()
    with pytest.raises(ArchiveError, match="damaged or cut short"):
        unpack(io.BytesIO(whole[:length]), tmp_path / "release")
    assert not (tmp_path / "release").exists()


def test_a_broken_header_in_the_middle_is_refused() -> None:
    whole = bytearray(tar(("a", FILE, "1", 0o644), ("b", FILE, "2", 0o644)).getvalue())
    whole[1024] ^= 1
    with pytest.raises(ArchiveError, match="damaged or cut short"):
        digest_tar(io.BytesIO(bytes(whole)))


def test_a_directory_with_something_in_it_is_not_unpacked_into(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("1")
    with pytest.raises(ArchiveError, match="is not an empty directory: remove it"):
        unpack(a_tree(), tmp_path)
    assert (tmp_path / "kept").exists()


def test_a_link_is_not_unpacked_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "release").symlink_to("real")
    with pytest.raises(ArchiveError, match="is not an empty directory"):
        unpack(a_tree(), tmp_path / "release")
    assert not list((tmp_path / "real").iterdir())


def test_what_was_written_is_removed_when_writing_fails(tmp_path: Path) -> None:
    long = "/".join(["x" * 250] * 20)  # longer than the kernel's PATH_MAX
    with pytest.raises(ArchiveError, match=r"Cannot unpack into .*: File name too long"):
        unpack(tar(("a", FILE, "1", 0o644), (long, FILE, "2", 0o644)), tmp_path / "release")
    assert not (tmp_path / "release").exists()


def test_a_socket_in_a_release_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArchiveError, match="pipe is a device, a pipe or a socket"):
        digest_directory(tmp_path)
