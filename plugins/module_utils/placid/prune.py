"""Removing what no release needs any more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ansible.module_utils.placid import ledger
from ansible.module_utils.placid.files import remove_marked
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import MARKER as RELEASE_MARKER
from ansible.module_utils.placid.releases import releases
from ansible.module_utils.placid.virtual_environment import MARKER as VENV_MARKER


def doomed(names: Iterable[str], good: list[str], keep: int, protected: Iterable[str]) -> list[str]:
    """The releases to remove: all but the newest `keep` good ones and the protected.

    good: the releases that were live and healthy, the newest last. keep: how many of them to keep, the live one included.
    """
    kept = {*good[-keep:], *protected}
    return sorted(name for name in names if name not in kept)


def too_large(
    parts: Mapping[str, set[Path]], sizes: Mapping[Path, int], old: Iterable[str], kept: Collection[str], most: int
) -> list[str]:
    """The releases to remove until the others take no more than so many bytes, with what they share counted once.

    parts: what each release needs. sizes: bytes of each part. old: releases that may go, the oldest first. kept: those that stay.
    """
    left, gone = dict(parts), list[str]()
    for name in old:
        if sum(sizes[path] for path in set(chain(*left.values()))) <= most:
            break
        if name in left and name not in kept:
            gone.append(name)
            del left[name]
    return gone


def size(path: Path) -> int:
    """Bytes that a file or all that is in a directory takes of the disk."""
    total = 0
    inside = (Path(above, name) for above, directories, files in os.walk(path) for name in [*directories, *files])
    for each in (path, *inside):
        with contextlib.suppress(FileNotFoundError):
            total += each.lstat().st_blocks * 512
    return total


def in_use(layout: Layout) -> set[str]:
    """The releases that a process still works in."""
    found = set()
    for directory in Path("/proc").glob("[0-9]*/cwd"):
        try:
            path = Path(os.readlink(directory))
        except OSError:
            continue
        if layout.releases in path.parents:
            found.add(path.relative_to(layout.releases).parts[0])
    return found


def prune(layout: Layout, keep: int, keep_mb: int = 0, dry_run: bool = False) -> list[str]:
    """Remove old releases and what only they used; return their ids. The live and the previous good one always stay.

    keep_mb: what the others may take with these, in megabytes; 0 for as much as they take.
    """
    events = ledger.read(layout.ledger)
    links = [os.path.basename(os.readlink(link)) for link in (layout.current, layout.previous) if link.is_symlink()]
    protected = {*in_use(layout), *ledger.good_releases(events)[-2:], *links}
    names = [name for name in os.listdir(layout.releases) if not name.startswith(".")]
    good = ledger.ever_good(events)
    old = doomed(names, good, keep, protected)
    if keep_mb:
        kept = {name: spec for name, spec in releases(layout).items() if name not in old}
        parts = {name: {layout.release(name), *needs(layout, spec)} for name, spec in kept.items()}
        sizes = {path: size(path) for path in set(chain(*parts.values()))}
        old += too_large(parts, sizes, good, protected, keep_mb * 2**20)
    if not dry_run:
        for name in old:
            remove_marked(layout.release(name), RELEASE_MARKER)
        for path in unneeded(layout):
            remove_marked(path, VENV_MARKER) if path.is_dir() else path.unlink()
    return old


def needs(layout: Layout, spec: Mapping[str, Any]) -> set[Path]:
    """What a release needs beside its own tree, by its release.json; others may need the same."""
    wheels = (layout.wheels / wheel for wheel in spec["wheels"])
    return {layout.artefacts / spec["source"], layout.venv(spec["venv_digest"]), *wheels}


def unneeded(layout: Layout) -> list[Path]:
    """The artefacts, virtual environments and wheels of which no release is left."""
    needed = set(chain(*(needs(layout, spec) for spec in releases(layout).values())))
    there = [path for directory in (layout.artefacts, layout.venvs, layout.wheels) for path in directory.iterdir()]
    return [path for path in there if path not in needed]
