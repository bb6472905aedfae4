"""What a name means, and whether one commit is part of another, as far as this machine knows; nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

from ansible.module_utils.placid.build.git import FULL, Git, without_password
from ansible.module_utils.placid.build.source import Source, is_url, located, mirror_of, open_source, resolve
from ansible.module_utils.placid.errors import SourceError

PREFIX = re.compile(r"[0-9a-f]{4,40}")


def known_source(repository: str, here: Path, cache_dir: str) -> Source | None:
    """What of a repository is on this machine, or None. Paths are relative to here, where the playbooks are."""
    cache = here / cache_dir
    if is_url(repository):
        mirror = mirror_of(repository, cache)
        return Source(Git(mirror, without_password(repository)), repository, mirror=True) if mirror.exists() else None
    try:
        return open_source(located(repository, here), "", cache)
    except SourceError:
        return None


def commit_of(name: str, source: Source | None) -> str:
    """The commit that a tag or a branch means. Raises SourceError where that is not known."""
    if source is None:
        raise SourceError(f"And this machine has no copy of the repository that would tell whether {name} is a tag.")
    try:
        return resolve(source, name)
    except SourceError as error:
        copy = "This machine's copy of the repository was asked, and nothing was fetched: " if source.mirror else ""
        raise SourceError(copy + str(error).replace("-e version=", "-e release=")) from None


def why_not_in(wanted: str, live: str, source: Source | None) -> str:
    """Why a commit (full or short, or a tag or branch that the source knows) is not part of a live one; empty where it is.

    Without a source only the live commit itself is known to be live.
    """
    if not live:
        return "has nothing live"
    if PREFIX.fullmatch(wanted.lower()) and live.startswith(wanted.lower()):
        return ""
    runs = f"runs {live[:12]}"
    if source is None:
        return f"{runs}, and this machine has no copy of the repository to tell whether {wanted} is a part of it"
    try:
        commit = resolve(source, wanted)
    except SourceError as error:
        return f"{runs}, and whether {wanted} is a part of it cannot be told: {str(error).rstrip('.')}"
    if not (FULL.fullmatch(live) and source.git.has_commit(live)):
        return f"{runs}, which {source.git.name} does not have, so that it cannot be told whether {wanted} is a part of it"
    base = source.git.run("merge-base", commit, live, allow=(0, 1)).strip()
    return "" if base == commit else f"{runs}, of which {commit[:12]} is no part"
