"""Writing files so that a reader, or a host that loses power, finds the old content or the new, never a part."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(path: Path) -> None:
    """Bring everything that was written to the file system of a path to the disk, before a marker says that it is there."""
    subprocess.run(["sync", "--file-system", str(path)], check=True)


def replace_file(path: Path, content: bytes, mode: int = 0o644, gid: int = -1) -> None:
    """Put content at path by rename(2); group gid if not -1."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), -1, gid)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):  # a disk that is full does not say which
            error.filename = error.filename or str(path)
        raise
    sync_directory(path.parent)


def replace_link(path: Path, target: str) -> None:
    """Point the symbolic link at target by rename(2); what a killed run left beside it does no harm.

    Raises IsADirectoryError when path is a real directory.
    """
    directory = tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(directory) / path.name
    try:
        temporary.symlink_to(target)
        os.rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        os.rmdir(directory)
    sync_directory(path.parent)


def remove_marked(directory: Path, marker: str) -> None:
    """Remove a directory, the file that says it is complete first: a run that is killed leaves nothing that looks complete."""
    (directory / marker).unlink(missing_ok=True)
    shutil.rmtree(directory)


def chown_tree(root: Path, uid: int, gid: int) -> None:
    """Give a tree to an owner, without following links."""
    os.lchown(root, uid, gid)
    for directory, names, files in os.walk(root):
        for name in names + files:
            os.lchown(os.path.join(directory, name), uid, gid)
