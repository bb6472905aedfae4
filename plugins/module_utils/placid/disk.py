"""Whether a host's disk has room for a release: asked before anything of it is sent, and again before any of it is written."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

#: What stays free beside what is known: collectstatic and build commands write, too, and how much only they know.
SPARE = {"bytes": 100 * 2**20, "inodes": 10_000}
BLOCK = 4096  # of the usual file systems: a file takes whole ones


def needed(source: Mapping[str, Any], sent: int, wheels: Iterable[Path], installer: Path | None) -> dict[str, int]:
    """Bytes and inodes that staging a release takes at its height.

    source: the manifest's. sent: bytes that the host lacks. wheels: what its virtual environment is made of, where it lacks that.
    """
    # The bundle and what comes out of it; the tar and the tree, or later the tree and its bytecode.
    total = SPARE["bytes"] + 2 * sent + 2 * (source["unpacked_size"] + BLOCK * source["files"])
    # As many directories as files at most, and as much bytecode.
    inodes = SPARE["inodes"] + 3 * source["files"]
    # uv unpacks a wheel and copies it into the virtual environment; after that, there is bytecode in the room of the first.
    for path, times in [*((wheel, 2) for wheel in wheels), *([(installer, 1)] if installer else [])]:
        size, entries = unpacked(path)
        total, inodes = total + times * size, inodes + times * entries
    return {"bytes": total, "inodes": inodes}


def unpacked(wheel: Path) -> tuple[int, int]:
    """Bytes and inodes that a wheel's files and directories take, by its own table of contents."""
    with zipfile.ZipFile(wheel) as archive:
        files = [member for member in archive.infolist() if not member.is_dir()]
    directories = {parent for member in files for parent in Path(member.filename).parents}
    whole = sum(-(-member.file_size // BLOCK) for member in files) + len(directories)
    return BLOCK * whole, len(files) + len(directories)


def free(directory: Path) -> dict[str, int | None]:
    """Bytes and inodes that a file system has left; None for inodes where it does not count them."""
    found = os.statvfs(directory)
    return {"bytes": found.f_bavail * found.f_frsize, "inodes": found.f_favail if found.f_files else None}


def lacking(home: Path, application: str, wanted: Mapping[str, int], left: Mapping[str, int | None]) -> str:
    """Why a disk has no room for a release; nothing where it has."""
    if all(left[what] is None or wanted[what] <= left[what] for what in wanted):  # type: ignore[operator]
        return ""
    has, takes = (
        f"{(each['bytes'] or 0) // 2**20} MB" + ("" if left["inodes"] is None else f" and {each['inodes']} inodes")
        for each in (left, wanted)
    )
    return (
        f"{home} has {has} free, and this release may need {takes}. Make room there, or lower apps[{application}].keep; "
        "nothing was written."
    )
