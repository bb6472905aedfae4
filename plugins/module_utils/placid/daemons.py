"""The processes of an application that Apache's mod_wsgi serves.

There are two groups, a and b. Visitors reach the one that the live release names; the other is at rest. A release starts in
the latter: its processes end, Apache starts others, and these become the release that the link of their group leads to
(roles/app/files/serve.wsgi). Apache itself is never told.
"""

from __future__ import annotations

import os
import pwd
import signal
import time
from pathlib import Path

from ansible.module_utils.placid import probe, systemd
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import replace_file, replace_link, sync_directory
from ansible.module_utils.placid.layout import Layout

APACHE = "apache2.service"
#: Seconds that requests have to end (shutdown-timeout= of the site), and Apache to start the next processes.
END_SECONDS = 60.0


class DaemonError(PlacidError):
    """Processes of Apache's that do not do what they are to."""


def daemons(layout: Layout) -> Daemons:
    """The processes of an application where mod_wsgi serves it: the site that site.yml wrote says so, and no release."""
    site = layout.base / "etc/apache2/sites-enabled" / f"{layout.name}.conf"
    served = site.exists() and "WSGIDaemonProcess" in site.read_text(encoding="utf-8")
    return Daemons(layout) if served else NoDaemons(layout)


class Daemons:
    """Both groups of one application's processes."""

    groups: tuple[str, ...] = ("a", "b")

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def __bool__(self) -> bool:
        return bool(self.groups)

    def group(self, release: str | None) -> str:
        """The group that a release runs in while it is live."""
        return "b" if release and self._marker(release).exists() else "a"

    def other(self, release: str | None, /) -> str:
        """The group that a release does not run in."""
        return self.beside(self.group(release))

    @staticmethod
    def beside(group: str) -> str:
        return "a" if group == "b" else "b"

    def point(self, release: str, group: str, /) -> None:
        """Have visitors of a release reach a group; by one change of a directory."""
        marker = self._marker(release)
        if group == "b":
            replace_file(marker, b"")
        elif marker.exists():
            marker.unlink()
            sync_directory(marker.parent)

    def _marker(self, release: str) -> Path:
        return self.layout.release(release) / ".placid" / "b"

    def processes(self, group: str) -> list[int]:
        """What Apache runs of a group."""
        apache, uid = systemd.states([APACHE])[APACHE], str(pwd.getpwnam(self.layout.name).pw_uid)
        return [
            pid
            for pid in systemd.processes(systemd.control_group(apache))
            if _title(pid) == f"wsgi-{group}" and _status(pid) == {"PPid": apache["MainPID"], "Uid": uid}
        ]

    def start(self, group: str, release: str, /) -> None:
        """Have new processes of a group become a release."""
        replace_link(self.layout.wsgi / group, f"../releases/{release}")
        self._restart(group)

    def rest(self, group: str, /) -> None:
        """Let the processes of a group finish their requests, and have others in their place that are no release."""
        (self.layout.wsgi / group).unlink(missing_ok=True)
        time.sleep(0.1)  # for what was on its way
        probe.drain("/wsgi")
        self._restart(group)

    def end(self) -> None:
        """Have Apache read its sites, of which the application's is gone, and wait until the processes have ended."""
        systemd.systemctl("reload", APACHE)
        deadline = time.monotonic() + END_SECONDS
        while any(self.processes(group) for group in self.groups) and time.monotonic() < deadline:
            time.sleep(0.1)

    def at_work(self, group: str, /) -> bool:
        """Whether a group is any release, or was to become one."""
        return (self.layout.wsgi / group).is_symlink() or any(_directory(pid) != "/" for pid in self.processes(group))

    def _restart(self, group: str) -> None:
        old = set(self.processes(group))
        for pid in old:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        now = old
        while now & old or len(now) < max(1, len(old)):
            if not old or time.monotonic() > deadline:
                raise DaemonError(
                    f"Apache starts no processes of {self.layout.name}-{group}. Run ansible-playbook site.yml for this host, and "
                    f"look at: systemctl status {APACHE}"
                )
            time.sleep(0.05)
            now = set(self.processes(group))

    def log(self) -> str:
        """The end of what the processes wrote, for an error message."""
        return systemd.log(f"{self.layout.name}-web", by="identifier")

    def settle(self, group: str, release: str, timeout: float = 10.0) -> str:
        """Wait until every process of a group is a release, and say why one is not; visitors wait for each that loads yet."""
        deadline = time.monotonic() + timeout
        while (problems := self.problems(group, release)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return "; ".join(problems)

    def problems(self, group: str, release: str, /) -> list[str]:
        """Why the processes of a group are not proved to be a release with the settings on disk; empty when they are."""
        found = self.processes(group)
        reasons = [self.problem(pid, release) for pid in found]
        return [reason for reason in reasons if reason] if found else [f"{self.layout.name}-{group} has no process"]

    def problem(self, pid: int, release: str) -> str:
        """Why a process is not proved to be a release with the settings on disk; empty when it is."""
        directory = self.layout.release(release)
        what = f"process {pid} of mod_wsgi"
        try:
            if Path(_directory(pid)) != directory:
                return f"{what} works in {_directory(pid)} and not in {directory}"
            held = {os.readlink(each): each for each in Path(f"/proc/{pid}/fd").iterdir()}
            if str(directory / "release.json") not in held:
                return f"{what} has not loaded {release}"
            read = [each.stat().st_mtime_ns for path, each in held.items() if path.startswith(str(self.layout.settings))]
            if read != [self.layout.settings.stat().st_mtime_ns]:
                return f"{what} runs with other settings"
        except (FileNotFoundError, ProcessLookupError):
            return f"{what} has just ended"
        return ""


class NoDaemons(Daemons):
    """Where processes of the application's own serve, there is nothing to start or to prove."""

    groups = ()

    def other(self, *_: object) -> str:
        return ""

    def point(self, *_: object) -> None:
        pass

    def processes(self, *_: object) -> list[int]:
        return []

    def start(self, *_: object) -> None:
        pass

    def rest(self, *_: object) -> None:
        pass

    def at_work(self, *_: object) -> bool:
        return False

    def problems(self, *_: object) -> list[str]:
        return []


def _directory(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/cwd")


def _status(pid: int) -> dict[str, str]:
    """Of which process it is a child, and whose it is."""
    try:
        lines = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {words[0][:-1]: words[1] for words in lines if words[0] in ("PPid:", "Uid:")}


def _title(pid: int) -> str:
    """The first word of what mod_wsgi calls a process; the rest may be cut off."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).partition(" ")[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
