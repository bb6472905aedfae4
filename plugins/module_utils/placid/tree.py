"""What is in a release: one digest for a tree, be it an archive or a directory, and a safe way from one to the other.

Standard library only: it runs on the controller and on the hosts. The digest covers files and symbolic links: their
paths, whether a file is executable, and contents or targets. Directories follow from the paths, as in git.
"""

# Names are bytes here, whatever the locale. 0755 is what the directories of a release have.
# ruff: noqa: S103

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tarfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from ansible.module_utils.placid.errors import ArchiveError
from ansible.module_utils.placid.members import check_members, encode

CHUNK = 1024 * 1024


class Tree(NamedTuple):
    """A tree in two numbers."""

    sha256: str
    files: int  # files and symbolic links


class _Entry(NamedTuple):
    path: bytes
    is_link: bool
    executable: bool
    content: bytes  # hexadecimal sha256 of a file, target of a link


def _summarise(entries: Iterable[_Entry]) -> Tree:
    digest, files = hashlib.sha256(), 0
    for entry in sorted(entries):
        kind = b"link" if entry.is_link else b"file 0755" if entry.executable else b"file 0644"
        digest.update(b"%b\0%b\0%b\0" % (kind, entry.path, entry.content))
        files += 1
    return Tree(digest.hexdigest(), files)


def _executable(mode: int) -> bool:
    return bool(mode & stat.S_IXUSR)


# --- Reading ---------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[tarfile.TarFile]:
    """Open an uncompressed, seekable tar; every way in which it can be broken becomes one error."""
    try:
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            yield archive
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(f"The archive is damaged or cut short ({error}): deploy the version again.") from error


def _members(archive: tarfile.TarFile, stream: BinaryIO) -> list[tarfile.TarInfo]:
    """All members, checked. At a broken header tarfile stops as if the archive ended: so look for its real end."""
    members = archive.getmembers()
    stream.seek(archive.offset)
    if stream.read(2 * tarfile.BLOCKSIZE) != bytes(2 * tarfile.BLOCKSIZE):
        raise tarfile.ReadError("no end of archive")
    check_members(members)
    return members


def _contents(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = archive.extractfile(member)
    if source is None:
        raise tarfile.ReadError(f"{member.name!r} has no content")
    remaining = member.size
    while remaining:
        chunk = source.read(min(CHUNK, remaining))
        if not chunk:
            raise tarfile.ReadError(f"{member.name!r} ends early")
        remaining -= len(chunk)
        yield chunk


def digest_tar(stream: BinaryIO) -> Tree:
    """Check the members of an uncompressed, seekable tar and digest its tree."""
    with _opened(stream) as archive:
        members = _members(archive, stream)
        return _summarise([_tar_entry(archive, member) for member in members if not member.isdir()])


def _tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo, write_to: int | None = None) -> _Entry:
    if member.issym():
        return _Entry(encode(member.name), True, False, encode(member.linkname))
    digest = hashlib.sha256()
    for chunk in _contents(archive, member):
        digest.update(chunk)
        if write_to is not None:
            view = memoryview(chunk)
            while view:
                view = view[os.write(write_to, view) :]
    return _Entry(encode(member.name), False, _executable(member.mode), digest.hexdigest().encode())


def digest_directory(directory: str | os.PathLike[str], ignore: Collection[str] = ()) -> Tree:
    """Digest an unpacked tree; `ignore` names what was added at its top (static, venv, release.json, .placid)."""
    ignored = {encode(name) for name in ignore}
    return _summarise(_directory_entries(os.fsencode(directory), b"", ignored))


def _directory_entries(root: bytes, below: bytes, ignored: Collection[bytes]) -> Iterator[_Entry]:
    with os.scandir(os.path.join(root, below)) as found:
        for item in found:
            path = os.path.join(below, item.name)
            if item.name in ignored:
                continue
            if item.is_symlink():
                yield _Entry(path, True, False, os.readlink(item.path))
            elif item.is_dir():
                yield from _directory_entries(root, path, ())
            elif item.is_file():
                with open(item.path, "rb") as source:
                    digest = hashlib.sha256()
                    while chunk := source.read(CHUNK):
                        digest.update(chunk)
                    status = os.fstat(source.fileno())
                yield _Entry(path, False, _executable(status.st_mode), digest.hexdigest().encode())
            else:
                where = os.fsdecode(item.path)
                raise ArchiveError(f"{where} is a device, a pipe or a socket: no release has one, remove it.")


# --- Unpacking -------------------------------------------------------------------------------------------------------


def unpack(stream: BinaryIO, destination: str | os.PathLike[str]) -> Tree:
    """Unpack an uncompressed, seekable tar into a missing or empty `destination`, and digest what was written.

    Every member is checked before the first byte is written. Modes become 0755 and 0644, owners those of the caller.
    Links are made last, so that nothing is written through one. What was written is removed again on any failure.
    """
    root = os.fsencode(destination)
    with _opened(stream) as archive:
        members = _members(archive, stream)
        try:
            if os.path.islink(root) or (os.path.isdir(root) and os.listdir(root)):
                raise ArchiveError(f"{os.fsdecode(root)} is not an empty directory: remove it, then deploy again.")
            os.makedirs(root, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"Cannot unpack into {os.fsdecode(root)}: {error.strerror}.") from error
        try:
            return _summarise(_write_all(archive, members, root))
        except BaseException as error:
            shutil.rmtree(root, ignore_errors=True)
            if isinstance(error, OSError):
                raise ArchiveError(f"Cannot unpack into {os.fsdecode(root)}: {error.strerror}.") from error
            raise


def _write_all(archive: tarfile.TarFile, members: list[tarfile.TarInfo], root: bytes) -> Iterator[_Entry]:
    made: set[bytes] = {b""}
    os.chmod(root, 0o755)  # nosec B103: the application and the web server read it
    for member in members:
        path = encode(member.name)
        _make_directories(root, path if member.isdir() else os.path.dirname(path), made)
        if member.isreg():
            yield _write_file(archive, member, os.path.join(root, path))
    for member in members:
        if member.issym():
            os.symlink(encode(member.linkname), os.path.join(root, encode(member.name)))
            yield _tar_entry(archive, member)


def _make_directories(root: bytes, path: bytes, made: set[bytes]) -> None:
    if path in made:
        return
    _make_directories(root, os.path.dirname(path), made)
    os.mkdir(os.path.join(root, path))
    os.chmod(os.path.join(root, path), 0o755)  # nosec B103: they read it, whatever the umask
    made.add(path)


def _write_file(archive: tarfile.TarFile, member: tarfile.TarInfo, path: bytes) -> _Entry:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        entry = _tar_entry(archive, member, write_to=descriptor)
        os.fchmod(descriptor, 0o755 if entry.executable else 0o644)
        os.utime(descriptor, (member.mtime, member.mtime))
    finally:
        os.close(descriptor)
    return entry
