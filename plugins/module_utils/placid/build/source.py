"""Finds the repository that an application comes from, and the one commit that a version means."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils.placid.build.git import FULL, SCHEMES, Git, cause, has_password, run, without_password
from ansible.module_utils.placid.build.store import locked
from ansible.module_utils.placid.errors import SourceError

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+=#-]{0,199}")
SHORT = re.compile(r"[0-9a-f]{4,39}")
#: What is checked out in a work tree; of a URL its default branch, for which a mirror has a ref of its own.
HEAD, REMOTE_HEAD = "HEAD", "refs/remotes/origin/HEAD"
MIRRORED = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True)
class Source:
    """A repository that can be read: in place, or a mirror of a URL."""

    git: Git
    origin: str  # what relative URLs of submodules are relative to: a URL, or a path
    work_tree: Path | None = None
    mirror: bool = False
    log: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def is_url(repository: str) -> bool:
    return "://" in repository or re.match(r"[\w.-]+@[\w.-]+:|[\w-]+(\.[\w-]+)+:", repository) is not None


def located(repository: str, here: Path) -> str:
    """A URL as it is; a path from here, where the playbooks are."""
    return repository if is_url(repository) else str(here / Path(repository).expanduser())


def open_source(repository: str, version: str, cache: Path) -> Source:
    """Open a path in place, or a URL through its mirror, which is fetched unless it already holds the full commit."""
    if is_url(repository):
        return _open_url(repository, version, cache)
    return _open_path(Path(repository).expanduser())


# --- A repository on this machine ------------------------------------------------------------------------------------


def _open_path(path: Path) -> Source:
    path = Path(os.path.realpath(path))
    if not path.is_dir():
        raise SourceError(f"There is no repository at {path}. Set `repository` to a directory of this machine or to a URL.")
    # git would look in the directories above: what it finds there is another repository than the one that was named.
    questions = ["--absolute-git-dir", "--is-bare-repository"]
    found = run(["-C", str(path), "rev-parse", *questions], extra={"GIT_CEILING_DIRECTORIES": str(path.parent)})
    if found.returncode:
        raise SourceError(
            f"{path} is not a git repository ({cause(found.stderr)}). Name the top directory of one as `repository`, "
            "and what lies below it as `subdirectory`."
        )
    directory, bare = found.stdout.splitlines()
    git = Git(Path(directory), str(path))
    origin = git.run("config", "--get", "remote.origin.url", allow=(0, 1)).strip()
    if origin and not is_url(origin) and not origin.startswith("/"):
        origin = os.path.normpath(path / origin)
    return Source(git, origin or str(path), None if bare == "true" else path)


# --- A repository elsewhere ------------------------------------------------------------------------------------------


def mirror_of(url: str, cache: Path) -> Path:
    """Where the mirror of a URL lies."""
    return cache / "repositories" / hashlib.sha256(url.encode()).hexdigest()


def _open_url(url: str, version: str, cache: Path) -> Source:
    shown = without_password(url)
    if has_password(url):
        raise SourceError(
            f"The repository's URL {shown} holds a password, which would show in process lists and logs. "
            "Use an SSH key, or store it with: git config --global credential.helper store"
        )
    if url.startswith("-") or ("://" in url and url.split("://")[0] not in SCHEMES):
        raise SourceError(f"The repository's URL {shown} is of an unknown kind. Known are: {', '.join(SCHEMES)}.")
    mirror = mirror_of(url, cache)
    source = Source(Git(mirror, shown), url, mirror=True)
    mirror.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(mirror.with_suffix(".lock")):
        if not (mirror / "HEAD").exists():
            _make_mirror(url, mirror, shown, version)
            source.log.append(f"Copied {shown} for the first time")
        elif not (FULL.fullmatch(version.lower()) and source.git.has_commit(version.lower())):
            try:
                _fetch(url, mirror, shown, version)
            except SourceError as error:
                raise SourceError(f"{error} {_without_fetching(source, version)}") from None
            source.log.append(f"Fetched what is new in {shown}")
    return source


def _make_mirror(url: str, mirror: Path, shown: str, version: str) -> None:
    half_made = mirror.with_suffix(".new")
    shutil.rmtree(half_made, ignore_errors=True)
    made = run(["init", "--quiet", "--bare", "--template=", str(half_made)])
    if made.returncode:
        raise SourceError(f"Cannot make a mirror of {shown} in {half_made}: {cause(made.stderr)}.")
    try:
        _fetch(url, half_made, shown, version)
        shutil.rmtree(mirror, ignore_errors=True)
        half_made.rename(mirror)
    finally:
        shutil.rmtree(half_made, ignore_errors=True)


def _fetch(url: str, mirror: Path, shown: str, version: str) -> None:
    refs = [*MIRRORED, f"+{HEAD}:{REMOTE_HEAD}"] if version == HEAD else MIRRORED
    fetched = run(["--git-dir", str(mirror), "fetch", "--quiet", "--prune", "--tags", "--force", url, *refs])
    if fetched.returncode:
        raise SourceError(
            f"Cannot fetch {shown}: {cause(fetched.stderr)}. Check the address, the network and your access with: "
            f"git ls-remote {shown}"
        )


def _without_fetching(source: Source, version: str) -> str:
    """How to deploy what was fetched before."""
    try:
        commit = resolve(source, version)
    except SourceError:
        return "What was fetched before can be deployed without it, by its full commit: -e version=<full commit>"
    return f"At the last fetch {version} was {commit}, which can be deployed without it: -e version={commit}"


# --- Versions --------------------------------------------------------------------------------------------------------


def resolve(source: Source, version: str) -> str:
    """The full commit that a version means: a full or short commit, a tag or a branch."""
    if not VERSION.fullmatch(version) or ".." in version or "//" in version or version.endswith((".lock", "/", ".")):
        raise SourceError(
            f"{version!r} cannot be a version: it must be a commit, a tag or a branch, made of letters, digits and "
            "._/@+=#- and not begin with a sign. Give one with: -e version=<commit, tag or branch>"
        )
    if FULL.fullmatch(version.lower()):
        return _full(source, version.lower())
    names = _names(source)
    meanings = [(kind, commit) for kind, commit in _meanings(source, version, names) if commit]
    if not meanings:
        raise SourceError(_unknown(source, version, names))
    commits = {commit for _, commit in meanings}
    if len(commits) > 1:
        listed = ", ".join(f"{kind} is {commit}" for kind, commit in meanings)
        raise SourceError(
            f"Version {version} is ambiguous in {source.git.name}: {listed}. Give the full commit: -e version=<commit>"
        )
    return commits.pop()


def _full(source: Source, commit: str) -> str:
    kind = source.git.kind_of(commit)
    if kind == "commit":
        return commit
    if kind:
        raise SourceError(f"Version {commit} is a {kind} in {source.git.name}, not a commit. Give a commit, or a name.")
    raise SourceError(f"Commit {commit} is not in {source.git.name}. {_how_to_get(source)}")


def _names(source: Source) -> dict[str, str]:
    """Every tag and branch by its full name, with the object that it points to in the end."""
    listed = source.git.run("for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", "refs")
    return {name: (peeled or direct) for name, direct, peeled in (line.split(" ") for line in listed.splitlines())}


def _meanings(source: Source, version: str, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    tag, branch = names.get(f"refs/tags/{version}"), names.get(f"refs/heads/{version}")
    remote = None if source.mirror else names.get(f"refs/remotes/origin/{version}")
    if version == HEAD:
        branch, remote = _head(source, names), None
    if branch and remote and branch != remote:
        source.warnings.append(
            f"Branch {version} of {source.git.name} is {branch[:12]}, which is deployed; origin/{version} is "
            f"{remote[:12]}. To deploy that one, give it as: -e version={remote}"
        )
    for kind, commit in ((f"tag {version}", tag), ("HEAD" if version == HEAD else f"branch {version}", branch or remote)):
        if commit:
            if not source.git.has_commit(commit):
                raise SourceError(f"{kind.capitalize()} of {source.git.name} does not lead to a commit. Give another.")
            yield kind, commit
    if SHORT.fullmatch(version.lower()):
        found = source.git.run("rev-parse", f"--disambiguate={version.lower()}").split()
        for commit in found:
            if source.git.has_commit(commit):
                yield "a commit", commit


def _head(source: Source, names: dict[str, str]) -> str | None:
    if source.mirror:
        return names.get(REMOTE_HEAD)
    return source.git.run("rev-parse", "--verify", "--quiet", HEAD, allow=(0, 1)).strip()


def _unknown(source: Source, version: str, names: dict[str, str]) -> str:
    short = sorted({re.sub(r"refs/(heads|tags|remotes/origin)/", "", name) for name in names} - {"HEAD"})
    near = difflib.get_close_matches(version, short, n=3, cutoff=0.0)
    hint = f"The nearest names are: {', '.join(near)}." if near else "It has no tag and no branch yet."
    return f"Version {version} is not in {source.git.name}. {hint} {_how_to_get(source)}"


def _how_to_get(source: Source) -> str:
    if source.mirror:
        return "Push it there, then try again: git push origin <branch or tag>"
    where = source.work_tree or source.git.directory
    if source.git.is_shallow():
        return f"The repository is shallow; get the rest of its history with: git -C {where} fetch --unshallow"
    if source.origin == str(where):  # it has no remote
        return f"See what it has with: git -C {where} log --oneline --all"
    return f"Get what is new with: git -C {where} fetch --tags origin"
