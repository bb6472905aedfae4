"""What an artefact is to be made of, checked before anything is done."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils.placid.application_checks import APPLICATION_NAME, EXTRA
from ansible.module_utils.placid.build.git import FULL
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError, SourceError


@dataclass(frozen=True)
class Request:
    """What to build."""

    application: str
    repository: str
    version: str
    target: Target
    cache: Path
    subdirectory: str = ""
    lock: str = "requirements.txt"
    lock_missing: str = "refuse"  # or generate: what to do with requirements that pin nothing
    extras: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    test: list[str] = field(default_factory=list)  # commands that must succeed in a copy of the tree
    builder: str = ""  # what builds what has no wheel: nothing, local for this machine, or a host
    since: str | None = None  # commit of the live release; empty where there is none; None: make no plan
    previous_requirements: str = ""

    def check(self) -> None:
        """Refuse what cannot be built."""
        if not APPLICATION_NAME.fullmatch(self.application):
            raise SourceError(
                f"{self.application!r} cannot be the name of an application: it must begin with a small letter and hold "
                "at most 24 small letters, digits and underscores."
            )
        for name, path in (("subdirectory", self.subdirectory), ("lock", self.lock)):
            if path and (path.startswith("/") or ".." in path.split("/") or posixpath.normpath(path) != path):
                raise SourceError(f"{name} is {path!r}; it must be a plain path within the repository, like 'site/backend'.")
            if not path.isprintable():
                raise SourceError(f"{name} is {path!r}; it must be printable.")
        if not self.lock:
            raise LockError("lock is empty. Name the application's lock, for example: lock: requirements.txt")
        for option, values in (("extras", self.extras), ("groups", self.groups)):
            for value in values:
                if not EXTRA.fullmatch(value):
                    raise LockError(f"{option} holds {value!r}, which cannot be a name in a pyproject.toml. Correct it.")
        if self.since and not FULL.fullmatch(self.since):
            raise SourceError(f"since is {self.since!r}; it must be a full commit of 40 hexadecimal digits, or empty.")
