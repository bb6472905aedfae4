"""Where things lie on a host: the one place that spells the paths of an application."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.placid.errors import PlacidError

#: A release's instance is one start of its processes: "<release id>.<n>".
SOCKET_NAME = re.compile(r"^web-(?P<instance>.+\.\d+)\.sock$")


@dataclass(frozen=True)
class Layout:
    """The paths of one application on a host.

    name: the application, which is also its unix user and the prefix of its units.
    base: the root of the file system; another directory in tests.
    """

    name: str
    base: Path = Path("/")

    @property
    def home(self) -> Path:
        return self.base / "srv" / self.name

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def venvs(self) -> Path:
        return self.home / "venvs"

    @property
    def wheels(self) -> Path:
        return self.home / "wheels"

    @property
    def artefacts(self) -> Path:
        return self.home / "artefacts"

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def previous(self) -> Path:
        """Names the release that was live before, whose static files pages that are still open ask for."""
        return self.home / "previous"

    @property
    def ledger(self) -> Path:
        return self.home / "ledger.jsonl"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def maintenance(self) -> Path:
        """While this file is there, the web server answers with the page of a maintenance."""
        return self.home / "maintenance"

    @property
    def settings(self) -> Path:
        return self.base / "etc" / self.name / "settings.env"

    @property
    def before(self) -> Path:
        """What was live before a switch that not every host has made yet; see provisional.py."""
        return self.base / "etc" / self.name / "before.json"

    @property
    def state(self) -> Path:
        return self.base / "var/lib" / self.name

    @property
    def dumps(self) -> Path:
        return self.base / "var/backups/placid" / self.name

    @property
    def run(self) -> Path:
        return self.base / "run" / self.name

    @property
    def build_user(self) -> str:
        return f"{self.name}-build"

    def release(self, release: str) -> Path:
        return self.releases / release

    def manifest(self, release: str) -> Path:
        """The manifest of what a release was made from: one archive may be that of several, with other packages."""
        return self.release(release) / ".placid" / "manifest.json"

    def switched(self, release: str) -> Path:
        """What the last switch to a release was; see switch.py."""
        return self.release(release) / ".placid" / "switched.json"

    def venv(self, digest: str) -> Path:
        return self.venvs / digest[:16]

    def socket(self, instance: str) -> Path:
        return self.run / f"web-{instance}.sock"

    def socket_link(self, release: str) -> Path:
        return self.release(release) / ".placid" / "web.sock"

    @property
    def wsgi(self) -> Path:
        """A link for each group of Apache's processes that is a release; see daemons.py."""
        return self.home / "wsgi"

    def unit(self, slot: str, instance: str) -> str:
        return f"{self.name}-{slot}@{instance}.service"

    def unit_file(self, slot: str) -> Path:
        return self.base / "etc/systemd/system" / f"{self.name}-{slot}@.service"

    def live_release(self) -> str | None:
        """The release that `current` names, or None before the first deployment, and where that was removed by hand.

        Where a copy followed the link there is a directory, which says of which release. Raises PlacidError where none does.
        """
        if self.current.is_symlink():
            release = os.path.basename(os.readlink(self.current))
            return release if self.release(release).is_dir() else None
        if not os.path.lexists(self.current):
            return None
        try:
            release = str(json.loads((self.current / "release.json").read_text(encoding="utf-8"))["id"])
        except (OSError, ValueError, KeyError):
            release = ""
        if not release or not self.release(release).is_dir():
            raise PlacidError(
                f"{self.current} is no symbolic link, and no copy of a release. Look what it holds, and move it away: "
                f"mv {self.current} {self.current}.old"
            )
        return release

    def instance(self, release: str) -> str | None:
        """The instance that a release's socket link names, or None if it was never started."""
        try:
            match = SOCKET_NAME.match(os.path.basename(os.readlink(self.socket_link(release))))
        except FileNotFoundError:
            return None
        return match["instance"] if match else None
