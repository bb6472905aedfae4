"""The versions of Python that a host has."""

from __future__ import annotations

import re
from pathlib import Path

INTERPRETER = re.compile(r"python(3\.\d+)")


def pythons(directory: Path = Path("/usr/bin")) -> list[str]:
    """The versions in the order of their numbers, like 3.9 and 3.13."""
    found = (INTERPRETER.fullmatch(path.name) for path in directory.glob("python3.*"))
    return sorted((match[1] for match in found if match), key=lambda version: int(version.partition(".")[2]))
