"""Writing files so that a reader, or a host that loses power, finds the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
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


@contextlib.contextmanager
def prepared_link(path: Path, target: str) -> Iterator[Callable[[], None]]:
    """Make a symbolic link beside its place; what is yielded puts it there by rename(2), which needs no room on the disk.

    A directory in its place is beside it afterwards, as NAME.directory-…: the two change their names in one step. What a killed
    run left does no harm.
    """
    directory = tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(directory) / path.name

    def put() -> None:
        if path.is_dir() and not path.is_symlink():
            beside = path.with_name(f"{path.name}.directory-{os.urandom(4).hex()}")
            os.rename(temporary, beside)
            exchange(beside, path)
        else:
            os.rename(temporary, path)
        sync_directory(path.parent)

    try:
        temporary.symlink_to(target)
        yield put
    finally:
        temporary.unlink(missing_ok=True)
        os.rmdir(directory)


def replace_link(path: Path, target: str) -> None:
    """Point the symbolic link at target by rename(2)."""
    with prepared_link(path, target) as put:
        put()


def exchange(one: Path, other: Path) -> None:
    """Let two names change places, whatever they name, by renameat2(2); Python has no function for it. Raises OSError."""
    here, both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if ctypes.CDLL(None, use_errno=True).renameat2(here, os.fsencode(one), here, os.fsencode(other), both):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))


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
