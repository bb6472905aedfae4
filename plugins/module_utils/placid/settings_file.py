"""The settings of an application on a host: one file, and how other ones are tried.

What the live processes were started with stays beside it, under the name of their instance, until visitors are sent to new
processes. So whatever ends a run in between, the next one finds it again, and so does start-live at boot.
"""

from __future__ import annotations

import grp
import os

from ansible.module_utils.placid.files import replace_file
from ansible.module_utils.placid.layout import Layout


class SettingsFile:
    """The file as it is when this is made; `live` is the path of what the live processes were started with."""

    def __init__(self, layout: Layout) -> None:
        release = layout.live_release()
        self.layout, self.path = layout, layout.settings
        self.kept = self.path.with_name(f"{self.path.name}.{layout.instance(release) if release else None}")
        self.live = self.kept if self.kept.exists() else self.path
        self.content = self.live.read_bytes() if self.live.exists() else None

    def text(self) -> str | None:
        return None if self.content is None else self.content.decode()

    def try_out(self, content: bytes) -> None:
        """Write what new processes are to start with."""
        if content == self.content:
            return
        if self.content is not None:
            os.link(self.path, self.kept)
        replace_file(self.path, content, mode=0o640, gid=grp.getgrnam(self.layout.name).gr_gid)

    def put_back(self) -> None:
        """Have in its place what the live processes were started with; it needs no room on the disk."""
        if self.kept.exists():
            os.replace(self.kept, self.path)
            self.kept.unlink(missing_ok=True)  # nothing was written yet, and both are names of one file
        elif self.content is None:
            self.path.unlink(missing_ok=True)
        self.live = self.path

    def forget(self) -> None:
        """What was tried is live."""
        for kept in self.path.parent.glob(f"{self.path.name}.*"):
            kept.unlink()
