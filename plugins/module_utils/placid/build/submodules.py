"""Finds the submodules of a commit, and for each a repository that holds the commit that was recorded."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.placid.build.git import Git, entries, run, without_password
from ansible.module_utils.placid.build.source import Source, is_url, open_source
from ansible.module_utils.placid.errors import SourceError

DEPTH = 10  # submodules within submodules; deeper is a loop


@dataclass(frozen=True)
class Part:
    """A tree that goes into the archive: the application's own, or that of one of its submodules."""

    path: str  # within the archive; empty for the application's own
    commit: str
    source: Source


def find(source: Source, commit: str, subdirectory: str, cache: Path, below: str = "", depth: int = 0) -> list[Part]:
    """Every submodule below a tree of a commit, at the commit recorded for it, with those within it."""
    parts: list[Part] = []
    known = entries(source.git, commit, subdirectory)
    for path, recorded in ((path, entry.object) for path, entry in known.items() if entry.kind == "commit"):
        shown = posixpath.join(below, path)
        if depth == DEPTH:
            raise SourceError(f"Submodule {shown} of {source.git.name} lies {DEPTH} submodules deep. Remove the loop.")
        holder = _holder(source, commit, posixpath.join(subdirectory, path), recorded, shown, cache)
        parts.append(Part(shown, recorded, holder))
        parts.extend(find(holder, recorded, "", cache, shown, depth + 1))
    return sorted(parts, key=lambda part: part.path)


def _holder(source: Source, commit: str, path: str, recorded: str, shown: str, cache: Path) -> Source:
    """The repository of one submodule: what the work tree already has, else its URL."""
    name, url = _declared(source, commit, path)
    if not url:
        raise SourceError(
            f"Submodule {shown} of {source.git.name} (commit {recorded}) has no URL in .gitmodules at {commit[:12]}. "
            f"Add it with: git submodule add --force <url> {path}"
        )
    address = _absolute(source, url)
    for candidate in _at_hand(source, name, path):
        if candidate.git.has_commit(recorded):
            return Source(candidate.git, address, candidate.work_tree, log=source.log, warnings=source.warnings)
    what = f"Submodule {shown} of {source.git.name} at commit {recorded}, from {without_password(address)}"
    if not is_url(address) and is_url(source.origin):
        raise SourceError(f"{what}, is a path on this machine in a repository that is not. Use a URL in .gitmodules.")
    try:
        found = open_source(address, recorded, cache)
    except SourceError as error:
        raise SourceError(f"{what}, cannot be had. {error}") from error
    if not found.git.has_commit(recorded):
        raise SourceError(
            f"{what}, is missing: that repository has no such commit. Push it from the submodule with: "
            f"git -C {path} push origin HEAD"
        )
    source.log.extend(found.log)
    return Source(found.git, found.origin, found.work_tree, found.mirror, source.log, source.warnings)


def _declared(source: Source, commit: str, path: str) -> tuple[str, str]:
    """Name and URL of the submodule at a path, from .gitmodules as it was committed."""
    question = ["config", f"--blob={commit}:.gitmodules", "-z", "--get-regexp", r"^submodule\..*\.(path|url)$"]
    listed = source.git.run(*question, allow=(0, 1, 128))
    values = dict(entry.split("\n", 1) for entry in listed.split("\0") if "\n" in entry)
    for key, value in values.items():
        if key.endswith(".path") and posixpath.normpath(value) == path:
            name = key.removeprefix("submodule.").removesuffix(".path")
            return name, values.get(f"submodule.{name}.url", "")
    return "", ""


def _at_hand(source: Source, name: str, path: str) -> Iterator[Source]:
    """Where git keeps a submodule that was once checked out."""
    if source.mirror or ".." in name.split("/"):
        return
    common = source.git.run("rev-parse", "--git-common-dir").strip()
    places = [Path(source.git.directory, common, "modules", name)]
    work_tree = source.work_tree / path if source.work_tree else None
    if work_tree:
        places.append(work_tree / ".git")
    for place in places:
        if place.is_dir() and run([f"--git-dir={place}", "rev-parse"]).returncode == 0:
            yield Source(Git(place.resolve(), str(place)), str(place), work_tree)


def _absolute(source: Source, url: str) -> str:
    """A submodule's URL, with one that begins with ./ or ../ taken from its superproject's, as git does."""
    if not url.startswith(("./", "../")):
        return url
    base = source.origin.rstrip("/")
    start = re.match(r"[a-z]+://|[^/]+:|", base)
    host = start.group() if start else ""
    return host + posixpath.normpath(posixpath.join(base.removeprefix(host), url))
