"""What a deployment would change: commits, packages and migrations between the live release and another commit."""

from __future__ import annotations

import datetime
from typing import Any

from ansible.module_utils.placid.build.git import Git
from ansible.module_utils.placid.build.migrations import MIGRATION

COMMITS_SHOWN = 50
OWN_TAGS = "push/*"  # of deployments, by `push_tags`


def printable(text: str) -> str:
    """Text of a commit, safe to show on a terminal and to write as JSON."""
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in decoded)


def utc(seconds: str) -> str:
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def describe_commit(git: Git, commit: str) -> dict[str, str]:
    """What a commit says of itself; `describe` is its place after the nearest tag that the repository has now."""
    shown = git.run("log", "-1", "--no-show-signature", "--format=%ct%n%an%n%s", commit).split("\n")
    return {
        "commit": commit,
        "committed_at": utc(shown[0]),
        "author": printable(shown[1]),
        "subject": printable(shown[2]),
        "describe": git.run("describe", "--tags", "--always", "--abbrev=12", f"--exclude={OWN_TAGS}", commit).strip(),
    }


def package_changes(previous: str, current: str) -> dict[str, list[Any]]:
    """Compare two `requirements` of manifests."""
    old, new = _versions(previous), _versions(current)
    return {
        "added": [f"{name}=={new[name]}" for name in sorted(new.keys() - old.keys())],
        "removed": [f"{name}=={old[name]}" for name in sorted(old.keys() - new.keys())],
        "changed": [
            {"name": name, "from": old[name], "to": new[name]}
            for name in sorted(old.keys() & new.keys())
            if old[name] != new[name]
        ],
    }


def _versions(requirements: str) -> dict[str, str]:
    lines = [line.split(" ", 1)[0].split("==") for line in requirements.splitlines() if line.strip()]
    return {line[0]: line[1] for line in lines if len(line) == 2}


def history(git: Git, since: str, commit: str, subdirectory: str) -> dict[str, Any]:
    """How one gets from the live commit to another one. Without a live commit there is nothing to compare."""
    direction = _direction(git, since, commit)
    compared = direction in ("forward", "backward", "diverged") and git.has_commit(since)
    new, more_new = _commits(git, since, commit, subdirectory) if compared else ([], 0)
    lost, more_lost = _commits(git, commit, since, subdirectory) if compared else ([], 0)
    return {
        "direction": direction,
        "commits": new,
        "lost": lost,
        "more": {"commits": more_new, "lost": more_lost},
        "migrations": _migrations(git, since, commit, subdirectory, "A") if compared else [],
        "migrations_removed": _migrations(git, since, commit, subdirectory, "D") if compared else [],
    }


def _direction(git: Git, since: str, commit: str) -> str:
    if not since:
        return "first"
    if since == commit:
        return "same"
    if not git.has_commit(since):
        return "diverged"
    if _is_ancestor(git, since, commit):
        return "forward"
    return "backward" if _is_ancestor(git, commit, since) else "diverged"


def _is_ancestor(git: Git, older: str, newer: str) -> bool:
    base = git.run("merge-base", older, newer, allow=(0, 1)).strip()
    return base == older


def _commits(git: Git, since: str, commit: str, subdirectory: str) -> tuple[list[dict[str, str]], int]:
    """The newest commits that one commit has and another has not, and how many more there are."""
    below = ["--", f":(literal){subdirectory}"] if subdirectory else []
    options = ["-z", "--no-show-signature", f"--max-count={COMMITS_SHOWN}", "--format=%H%n%an%n%ct%n%s"]
    listed = git.run("log", *options, f"{since}..{commit}", *below)
    fields = [entry.split("\n", 3) for entry in listed.split("\0") if entry]
    shown = [
        {"commit": sha, "author": printable(author), "date": utc(seconds), "subject": printable(subject)}
        for sha, author, seconds, subject in fields
    ]
    if len(shown) < COMMITS_SHOWN:
        return shown, 0
    return shown, int(git.run("rev-list", "--count", f"{since}..{commit}", *below)) - COMMITS_SHOWN


def _migrations(git: Git, since: str, commit: str, subdirectory: str, kind: str) -> list[str]:
    below = f"{subdirectory}/" if subdirectory else ""
    listed = git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", f"--diff-filter={kind}", since, commit)
    paths = [path.removeprefix(below) for path in listed.split("\0") if path.startswith(below)]
    return sorted(printable(path) for path in paths if MIGRATION.search(path))
