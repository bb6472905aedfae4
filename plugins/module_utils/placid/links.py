"""Which symbolic links of a directory are to be made and removed so that it holds exactly those wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """Links to make or to point elsewhere, by name, and names to remove."""

    make: Mapping[str, str]
    remove: tuple[str, ...]


def found(directory: Path) -> dict[str, str]:
    """The links of a directory; nothing where there is none. What is no link is nobody's business."""
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return {}
    return {entry.name: os.readlink(entry.path) for entry in entries if entry.is_symlink()}


def plan(present: Mapping[str, str], wanted: Mapping[str, str]) -> Plan:
    """Compare what is with what is to be."""
    make = {name: target for name, target in sorted(wanted.items()) if present.get(name) != target}
    return Plan(make, tuple(sorted(present.keys() - wanted.keys())))


def lines(links: Mapping[str, str]) -> str:
    """Links for a diff."""
    return "".join(f"{name} -> {target}\n" for name, target in sorted(links.items()))
