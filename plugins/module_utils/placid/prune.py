"""Removing what no release needs any more."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

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


def prune(layout: Layout, keep: int, dry_run: bool = False) -> list[str]:
    """Remove old releases and what only they used; return their ids. The live and the previous good one always stay."""
    events = ledger.read(layout.ledger)
    links = [os.path.basename(os.readlink(link)) for link in (layout.current, layout.previous) if link.is_symlink()]
    protected = {*in_use(layout), *ledger.good_releases(events)[-2:], *links}
    names = [name for name in os.listdir(layout.releases) if not name.startswith(".")]
    old = doomed(names, ledger.ever_good(events), keep, protected)
    if not dry_run:
        for name in old:
            remove_marked(layout.release(name), RELEASE_MARKER)
        for path in unneeded(layout):
            remove_marked(path, VENV_MARKER) if path.is_dir() else path.unlink()
    return old


def unneeded(layout: Layout) -> list[Path]:
    """The artefacts, virtual environments and wheels of which no release is left."""
    kept = list(releases(layout).values())
    needed = {path for spec in kept for path in (layout.artefacts / spec["source"], layout.manifest(spec["source"]))}
    needed |= {layout.venv(spec["venv_digest"]) for spec in kept}
    needed |= {layout.wheels / wheel for spec in kept for wheel in spec["wheels"]}
    there = [path for directory in (layout.artefacts, layout.venvs, layout.wheels) for path in directory.iterdir()]
    return [path for path in there if path not in needed]
