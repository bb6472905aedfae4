"""The migrations that a commit and its packages bring, by their files."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ansible.module_utils.placid.build.git import Git

MIGRATION = re.compile(r"(?:^|/)migrations/(?!__init__\.py$)[^/]+\.py$")


def of_tree(git: Git, commit: str, subdirectory: str) -> list[str]:
    """Those of a commit, as paths below its subdirectory."""
    below = f"{subdirectory}/" if subdirectory else ""
    listed = git.run("ls-tree", "-r", "-z", "--name-only", commit, *(["--", subdirectory] if subdirectory else []))
    paths = [path.removeprefix(below) for path in listed.split("\0") if path.startswith(below)]
    return sorted(path for path in paths if path.isprintable() and MIGRATION.search(path))


def of_wheels(wheels: Iterable[Path]) -> list[str]:
    """Those of wheels, as paths in them."""
    found: set[str] = set()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            found.update(name for name in archive.namelist() if MIGRATION.search(name))
    return sorted(found)
