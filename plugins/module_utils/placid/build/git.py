"""Runs git, with nothing of the caller's surroundings that could change what it answers."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ansible.module_utils.placid.errors import SourceError

TIMEOUT = 1800  # seconds for one git command: a first copy of a large repository over a slow line
KEPT = frozenset({"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"})
SCHEMES = ("https", "http", "ssh", "git", "file")
FULL = re.compile(r"[0-9a-f]{40}")
# A stalled transfer ends after a minute; no hook and no file system monitor of the repository is ever started.
SETTINGS = {
    "safe.directory": "*",
    "core.fsmonitor": "",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
}


def environment(base: dict[str, str]) -> dict[str, str]:
    """The environment for git: no GIT_DIR or GIT_INDEX_FILE from a hook we may run in, no prompts, English messages."""
    kept = {name: value for name, value in base.items() if not name.startswith("GIT_") or name in KEPT}
    if not kept.keys() & {"GIT_SSH", "GIT_SSH_COMMAND"}:
        kept["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=30"
    return kept | {"LC_ALL": "C", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1"}


def without_password(text: str) -> str:
    """The text with what stands before the @ of its URLs hidden."""
    return re.sub(r"(?<=://)[^/@\s']+@", "***@", text)


def has_password(url: str) -> bool:
    return re.match(r"[^/]*://[^/@]*:[^/@]*@", url) is not None


@dataclass(frozen=True)
class Git:
    """A git repository: the directory that holds its objects, and the name by which people know it."""

    directory: Path  # of git itself: .git, or a bare repository
    name: str  # as it was given, without a password

    def run(self, *arguments: str, allow: tuple[int, ...] = (0,), given: str = "") -> str:
        """Answer what a git command prints; any exit code that is not allowed is an error."""
        outcome = run([f"--git-dir={self.directory}", *arguments], given=given)
        if outcome.returncode not in allow:
            raise SourceError(
                f"git {arguments[0]} failed in {self.name} ({self.directory}): {cause(outcome.stderr)}. "
                f"Look at the repository with: git --git-dir={self.directory} fsck"
            )
        return outcome.stdout

    def has_commit(self, commit: str) -> bool:
        return self.kind_of(commit) == "commit"

    def kind_of(self, name: str) -> str:
        """commit, tag, tree or blob; nothing where the repository lacks the object."""
        answer = self.run("cat-file", "--batch-check=%(objecttype)", given=f"{name}\n").strip()
        return answer if answer in {"commit", "tag", "tree", "blob"} else ""

    def is_shallow(self) -> bool:
        return self.run("rev-parse", "--is-shallow-repository").strip() == "true"


@dataclass(frozen=True)
class Entry:
    """A file, link or submodule of a tree."""

    kind: str  # blob, or commit of a submodule
    object: str
    is_link: bool


def entries(git: Git, commit: str, subdirectory: str) -> dict[str, Entry]:
    """Everything below a directory of a commit, by its path from there."""
    found = {}
    for line in git.run("ls-tree", "-r", "-z", f"{commit}:{subdirectory}").split("\0"):
        details, _, path = line.partition("\t")
        if path:
            mode, kind, name = details.split()
            found[path] = Entry(kind, name, mode == "120000")
    return found


def run(
    arguments: list[str],
    given: str = "",
    output: IO[bytes] | None = None,
    extra: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run git; `output` takes its standard output as it is, `extra` adds to the environment."""
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    try:
        outcome = subprocess.run(
            ["git", *settings, *arguments],
            input=given.encode("utf-8", "surrogateescape"),
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(dict(os.environ)) | (extra or {}),
            timeout=TIMEOUT,
            check=False,
            start_new_session=True,  # no terminal, so neither git nor ssh can ask anything
        )
    except FileNotFoundError as error:
        raise SourceError("git is not installed on this machine. Install it with: sudo apt install git") from error
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"git did not finish within {TIMEOUT // 60} minutes; it was stopped. Try again.") from error
    return subprocess.CompletedProcess(
        outcome.args,
        outcome.returncode,
        (outcome.stdout or b"").decode("utf-8", "surrogateescape"),
        without_password(outcome.stderr.decode("utf-8", "replace")),
    )


def version() -> str:
    """The number of the git that is installed."""
    return run(["--version"]).stdout.split()[2]


def cause(text: str) -> str:
    """The line of git's messages that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines or ["no message"])[0].rstrip(".")
