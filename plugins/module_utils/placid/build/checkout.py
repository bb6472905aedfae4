"""A commit of a git repository as one file, for a builder that has no access to the repository."""

from __future__ import annotations

import tarfile
from pathlib import Path

from ansible.module_utils.placid.build import submodules
from ansible.module_utils.placid.build.git import cause, run
from ansible.module_utils.placid.build.source import open_source, resolve
from ansible.module_utils.placid.build.submodules import Part
from ansible.module_utils.placid.errors import SourceError

BRANCH = "refs/heads/commit"


def parts_of(git: str) -> tuple[str, str, str]:
    """URL, commit and subdirectory of git+<URL>@<commit>#subdirectory=<path>."""
    address, _, fragment = git.removeprefix("git+").partition("#")
    url, _, commit = address.rpartition("@")
    return url, commit, fragment.removeprefix("subdirectory=")


def pack(git: str, cache: Path, directory: Path) -> Path:
    """Make a tar of a commit with its submodules, its history and its tags, from which packages may tell their version.

    It holds no other branch, and not where it came from.
    """
    url, commit, _ = parts_of(git)
    source = open_source(url, commit, cache)
    commit = resolve(source, commit)
    tree = directory / "tree"
    for part in (Part("", commit, source), *submodules.find(source, commit, "", cache)):
        place = tree / part.path
        place.mkdir(parents=True, exist_ok=True)
        _git(part, "init", "--quiet", "--template=", str(place))
        # With a branch to fetch to, git brings the tags of its commits along.
        _git(part, "-C", str(place), "fetch", "--quiet", str(part.source.git.directory), f"{part.commit}:{BRANCH}")
        _git(part, "-C", str(place), "checkout", "--quiet", "--detach", BRANCH)
        (place / ".git" / "FETCH_HEAD").unlink(missing_ok=True)
    path = directory / f"{commit}.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(tree, ".")
    return path


def _git(part: Part, *words: str) -> None:
    done = run(["-c", "core.logAllRefUpdates=false", *words])  # a log would name where it came from
    if done.returncode:
        raise SourceError(
            f"Commit {part.commit} of {part.source.git.name} cannot be checked out: {cause(done.stderr)}. See: git "
            f"--git-dir={part.source.git.directory} fsck"
        )
