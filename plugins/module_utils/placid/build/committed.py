"""The wheels, sdists and packages that the repository carries itself."""

from __future__ import annotations

import posixpath
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

from ansible.module_utils.placid.build.archive import LFS_POINTER
from ansible.module_utils.placid.build.git import Entry, Git, entries, run
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file
from ansible.module_utils.placid.errors import LockError
from ansible.module_utils.placid.tree import digest_tar


def take(
    git: Git, commit: str, request: Request, pins: list[Pin], store: Store, temporary: Path, tree: Path
) -> tuple[list[Pin], dict[Pin, Path]]:
    """Take what pins name out of the commit: the pins with their true hashes, and the sources of those that are to be built.

    tree: a tar of all that is in the release, submodules included. A wheel goes to the store at once; from there on it is like
    one that was downloaded. The source of a directory is a tar, too.
    """
    known = entries(git, commit, request.subdirectory) if any(pin.path for pin in pins) else {}
    taken: list[Pin] = []
    sources: dict[Pin, Path] = {}
    for number, pin in enumerate(pins):
        if not pin.path and not pin.directory:
            taken.append(pin)
            continue
        place = temporary / f"committed-{number}"
        place.mkdir()
        if pin.directory:
            taken.append(replace(pin, tree=_pack(pin, request.lock, tree, place / "directory.tar")))
            sources[taken[-1]] = place / "directory.tar"
            continue
        path = place / posixpath.basename(pin.path)
        _extract(git, known[_find(pin, request.lock, known)], path)
        _check_file(pin, path)
        digest = digest_file(path)
        if pin.hashes and digest not in pin.hashes:
            raise LockError(
                f"{pin.path} has sha256 {digest} in commit {commit[:12]}, which {request.lock} does not have for it. Make "
                "the lock again if you trust that file."
            )
        exact = replace(pin, hashes=frozenset({digest}), path="")
        taken.append(exact)
        if path.suffix != ".whl":
            sources[exact] = path
        elif not store.choice(exact.line(), request.target.as_dict()):
            request.target.check_fits(path.name, f"{pin.path} of the commit")
            wheel = Wheel(pin.name, pin.version, path.name, digest, path.stat().st_size)
            store.add(wheel, path)
            store.remember(exact.line(), request.target.as_dict(), wheel)
    return taken, sources


def _check_file(pin: Pin, path: Path) -> None:
    """Refuse what only has the name of a wheel or an sdist."""
    with path.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise LockError(
                f"{pin.path} is a git-lfs pointer, not the file itself (git-lfs is not supported). Take it out of git-lfs in "
                f".gitattributes, add the file with: git add --renormalize {path.name}, where it lies, and commit."
            )
    if path.suffix == ".whl" and not zipfile.is_zipfile(path):
        raise LockError(
            f"{pin.path} is no wheel: it is not a zip file, or was cut. Get it again with: pip download --no-deps {pin}, or "
            "build it with: pip wheel --no-deps <its source>, and commit that."
        )


def _find(pin: Pin, lock: str, known: dict[str, Entry]) -> str:
    """Where a file lies: by its path from the lock or from the top; a bare name may lie anywhere, but only once."""
    files = [path for path, entry in known.items() if entry.kind == "blob" and not entry.is_link]
    for directory in (posixpath.dirname(lock), ""):
        path = posixpath.normpath(posixpath.join(directory, pin.path))
        if path in files:
            return path
    named = [path for path in files if posixpath.basename(path) == pin.path]
    if len(named) == 1:
        return named[0]
    if named:
        raise LockError(f"{lock} names {pin.path}, which is there {len(named)} times: {', '.join(named)}. Write its path.")
    raise LockError(f"{lock} names {pin.path}, which is not in the commit. Commit it: git add --force {pin.path}")


def _pack(pin: Pin, lock: str, tree: Path, path: Path) -> str:
    """Write what is below a directory into a tar of its own; return the digest of its tree."""
    with tarfile.open(tree, encoding="utf-8", errors="surrogateescape") as whole:
        members = list(whole)
        for directory in (posixpath.dirname(lock), ""):
            below = posixpath.normpath(posixpath.join(directory, pin.directory)) + "/"
            inside = [member for member in members if member.name.startswith(below)]
            if inside:
                break
        else:
            raise LockError(
                f"{lock} names {pin.directory}, of which nothing is in the release. Commit that directory, or write its path "
                f"from {lock} or from the top; .gitattributes must not leave it out."
            )
        with path.open("w+b") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as packed:
                for member in inside:
                    content = whole.extractfile(member) if member.isfile() else None
                    packed.addfile(member.replace(name=member.name.removeprefix(below), deep=False), content)
            return digest_tar(file).sha256


def _extract(git: Git, entry: Entry, path: Path) -> None:
    with path.open("wb") as file:
        done = run([f"--git-dir={git.directory}", "cat-file", "blob", entry.object], output=file)
    if done.returncode:
        raise LockError(f"{path.name} cannot be read from {git.name}. See: git --git-dir={git.directory} fsck")
