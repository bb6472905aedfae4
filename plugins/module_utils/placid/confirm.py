"""A change that undoes itself unless somebody who comes in anew says that it is well.

What a change could cost is the way in, so nobody outside may be needed to take it back: before the file is replaced, the old
one is put aside and systemd is told to bring it back in some seconds, also after a reboot. Whoever renames the old file first,
the one who confirms or the one who brings back, has won.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STATE = Path("/var/lib/placid/confirm")
UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True)
class Change:
    """Where the things of one file's change are."""

    path: Path
    state: Path = STATE
    units: Path = UNITS

    @property
    def name(self) -> str:
        """The path as one word that a unit may be called."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", str(self.path)).strip("-.")

    @property
    def directory(self) -> Path:
        return self.state / self.name

    @property
    def old(self) -> Path:
        """The old file, as long as nothing is decided."""
        return self.directory / "old"

    @property
    def restored(self) -> Path:
        """The old file, once it was brought back."""
        return self.directory / "restored"

    @property
    def effect(self) -> Path:
        """What was in effect when the file was confirmed."""
        return self.directory / "effect"

    @property
    def unit(self) -> str:
        return f"placid-restore-{self.name}"

    @property
    def files(self) -> tuple[Path, Path]:
        """The service that brings the old file back, and its timer."""
        return self.units / f"{self.unit}.service", self.units / f"{self.unit}.timer"

    def service(self, apply: Sequence[str]) -> str:
        """The unit that brings the old file back: it does so once, and never after the change was confirmed."""
        return (
            "# Made and removed by Ansible (module confirmed_file).\n[Unit]\n"
            f"Description=Bring back {self.path}, which nobody confirmed\n"
            f"ConditionPathExists={self.old}\n"
            "[Service]\nType=oneshot\n"
            f"ExecStart=/bin/mv {_word(self.old)} {_word(self.restored)}\n"
            f"ExecStart=/bin/cp --preserve=all {_word(self.restored)} {_word(self.path)}\n"
            f"ExecStart={' '.join(map(_word, apply))}\n"
        )

    def timer(self, seconds: int) -> str:
        """The timer of that unit. It is enabled, so that it also runs after a reboot in between."""
        return (
            "# Made and removed by Ansible (module confirmed_file).\n[Unit]\n"
            f"Description=Wait {seconds} seconds for {self.path} to be confirmed\n"
            f"[Timer]\nOnActiveSec={seconds}\nAccuracySec=1\n"
            "[Install]\nWantedBy=timers.target\n"
        )


def _word(text: object) -> str:
    """A word of a unit's command line. Systemd reads quotes as a shell does, and has two characters of its own."""
    return shlex.quote(str(text).replace("%", "%%").replace("$", "$$"))


def reasons(wanted: bytes, found: bytes | None, effect: bytes | None, remembered: bytes | None) -> list[str]:
    """Why a file must be put into effect; effect: what is in effect now, None where that is not watched."""
    if found is None:
        return ["it is not there"]
    if found != wanted:
        return ["its content differs"]
    if effect is not None and effect != remembered:
        return ["what is in effect is not what was confirmed"]
    return []
