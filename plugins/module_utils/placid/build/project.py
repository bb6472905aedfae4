"""A pyproject.toml without a lock: what it asks for, from which a lock can be made."""

from __future__ import annotations

import re
import tomllib

from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.errors import LockError, UnpinnedError
from packaging.specifiers import InvalidSpecifier, SpecifierSet

LOCK = "uv lock"
NAME = re.compile(r"[A-Za-z0-9._-]+")


def unpinned(content: bytes, request: Request) -> UnpinnedError:
    """What to say of a project that pins nothing, with what it names. Raises LockError where no lock can be made of it."""
    try:
        project = tomllib.loads(content.decode("utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LockError(f"{request.lock} is not TOML that can be read: {error}. Correct it.") from error
    dynamic = {"dependencies", "optional-dependencies"} & set(project.get("dynamic", []))
    if dynamic or "name" not in project:
        what = f"only its build knows its {' and '.join(sorted(dynamic))}" if dynamic else "it has no table [project]"
        raise LockError(
            f"No lock can be made of {request.lock}: {what}. Make the lock with its own tool, and name that as `lock`."
        )
    check_python(project.get("requires-python", ""), request)
    names = [found[0] for line in project.get("dependencies", []) if (found := NAME.match(line))]
    return UnpinnedError(
        f"{request.lock} pins nothing: what it needs may be another version tomorrow. Make a lock with: {LOCK}, commit it and "
        "name uv.lock as `lock`; or begin with lock_missing: generate",
        names,
    )


def check_python(requires: str, request: Request) -> None:
    """Refuse what a project or its lock is not made for, judged by its requires-python."""
    try:
        supported = SpecifierSet(requires)
    except InvalidSpecifier as error:
        raise LockError(f"{request.lock}: requires-python cannot be understood: {error}. Correct it.") from error
    if not any(supported.contains(f"{request.target.python}.{patch}") for patch in range(100)):
        raise LockError(f"{request.lock} requires Python {supported}, and the hosts' is {request.target.python}. Change either.")
