"""Downloaded packages, kept so that the next host need not fetch them again.

Apt locks its archive directory without waiting, so hosts cannot share one. Each has its own, filled with hard links
from the suite's store when the host is made, and emptied into the store whenever another one is made or removed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from engine import Engine


def make(store: Path, suite: str, container: str) -> Path:
    """Make a host's archive directory with every package that hosts of its suite have fetched."""
    hosts, common = store / "apt/hosts", store / "apt" / suite
    own = hosts / f"{container}.{suite}"
    for directory in (own, common):
        directory.mkdir(parents=True, exist_ok=True)
    for other in hosts.glob(f"*.{suite}"):
        link(other, common)
    link(common, own)
    return own


def remove(engine: Engine, container: str) -> None:
    """Keep what a host fetched and remove its archive directory."""
    store = engine.paths.store
    for own in (store / "apt/hosts").glob(f"{container}.*"):
        common = store / "apt" / own.suffix.removeprefix(".")
        common.mkdir(parents=True, exist_ok=True)
        link(own, common)
        if engine.root:
            shutil.rmtree(own)
        else:  # apt's own user in the host owns a part of it
            engine.podman("unshare", "rm", "-rf", str(own))


def link(source: Path, target: Path) -> None:
    """Link the packages of one directory into another; a finished download is there under its name at once."""
    for package in source.glob("*.deb"):
        if not (target / package.name).exists():
            os.link(package, target / package.name)
