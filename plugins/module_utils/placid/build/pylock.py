"""Reads a pylock.toml (PEP 751)."""

from __future__ import annotations

import posixpath
import tomllib
from typing import Any, cast

from ansible.module_utils.placid.build.lock import Lock, Pin, file_pin, git_origin
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError
from packaging import pylock
from packaging.markers import Environment
from packaging.utils import canonicalize_name, parse_wheel_filename

EXPORT = "uv export --format pylock.toml -o pylock.toml"


def parse(content: bytes, name: str, target: Target, extras: list[str], groups: list[str]) -> Lock:
    """Choose what is for the target. Of a package with wheels, exactly the best one; an sdist only where there is none."""
    try:
        read = pylock.Pylock.from_dict(tomllib.loads(content.decode()))
    except (ValueError, pylock.PylockValidationError) as error:  # which those of TOML and UTF-8 are
        raise LockError(f"{name} is not a pylock.toml that can be read: {error}. Make it again with: {EXPORT}") from error
    _check_names(name, "extras", extras, read.extras or [])
    _check_names(name, "groups", groups, read.dependency_groups or [])
    lock = Lock()
    for package, chosen in _select(read, name, target, extras, groups):
        lock.pins.append(_pin(package, chosen, f"{name}, package {package.name}"))
    lock.pins.sort(key=lambda pin: pin.name)
    return lock


def _check_names(name: str, option: str, wanted: list[str], known: Any) -> None:
    for unknown in sorted({canonicalize_name(each) for each in wanted} - {canonicalize_name(each) for each in known}):
        raise LockError(
            f"{option} holds {unknown}, which {name} was not locked with. It has: {', '.join(known) or 'none'}. Correct "
            f"{option}, or make the lock again with it."
        )


def _select(read: pylock.Pylock, name: str, target: Target, extras: list[str], groups: list[str]) -> list[tuple[Any, Any]]:
    """The patch version of the hosts' interpreter is not known: the lock may ask for the first or for a late one."""
    for patch in (0, 99):
        try:
            environment = cast("Environment", target.markers(patch))
            wanted = {*(read.default_groups or []), *groups}
            return list(read.select(environment=environment, tags=target.tags(), extras=extras, dependency_groups=wanted))
        except pylock.PylockSelectError as error:
            reason = error
    raise LockError(
        f"{name} does not fit {target}: {reason}. Lock again for that interpreter and platform, with sources where there "
        f"are no wheels: {EXPORT}"
    )


def _pin(package: pylock.Package, chosen: object, where: str) -> Pin:
    if isinstance(chosen, pylock.PackageVcs):
        if chosen.type != "git" or not chosen.url:
            raise LockError(f"{where}: comes from {chosen.type}; only git and a URL are known. Build a wheel and commit that.")
        subdirectory = f"#subdirectory={chosen.subdirectory}" if chosen.subdirectory else ""
        return Pin(package.name, "", git=git_origin(f"git+{chosen.url}@{chosen.commit_id}{subdirectory}", package.name, where))
    if isinstance(chosen, pylock.PackageDirectory):
        return Pin(package.name, "", directory=posixpath.normpath(posixpath.join(chosen.path, chosen.subdirectory or "")))
    if not isinstance(chosen, pylock.PackageWheel | pylock.PackageSdist | pylock.PackageArchive):
        raise LockError(f"{where}: is of a kind that is not known. Make the lock again with: {EXPORT}")
    digest = chosen.hashes.get("sha256", "").lower()
    if not digest:
        raise LockError(f"{where}: has no sha256. Make the lock again with: {EXPORT}")
    if chosen.path:
        return file_pin(chosen.path, frozenset({digest}), where)
    if isinstance(chosen, pylock.PackageArchive):
        raise LockError(f"{where}: comes from the URL of an archive, not from an index. Commit the file and lock its path.")
    version = package.version
    if version is None and isinstance(chosen, pylock.PackageWheel):
        version = parse_wheel_filename(chosen.filename)[1]
    if version is None:
        raise LockError(f"{where}: has no version. Make the lock again with: {EXPORT}")
    return Pin(package.name, str(version), frozenset({digest}))
