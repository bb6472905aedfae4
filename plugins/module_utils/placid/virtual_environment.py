"""Virtual environments: built on the host where they live, from wheels that were sent, and shared by the releases of one lock."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.module_utils.placid import shared_libraries
from ansible.module_utils.placid.bytecode import adopt, compile_tree, sources
from ansible.module_utils.placid.command import run_as
from ansible.module_utils.placid.errors import WheelhouseError
from ansible.module_utils.placid.files import chown_tree, replace_file, sync_directory, sync_file_system
from ansible.module_utils.placid.layout import Layout

#: Written last: a virtual environment without it is a leftover. It holds the libraries that the host lacked then.
MARKER = ".complete"
#: So many sources are compiled by one process in the time that it takes to start others.
FEW = 300
#: What wheels are unpacked, at most, as a multiple of their size.
UNPACKED = 5


def unfinished(layout: Layout) -> list[Path]:
    """The virtual environments that a killed run left half-built, and its workshops."""
    return [path for path in layout.venvs.iterdir() if not (path / MARKER).exists()]


def interpreter(manifest: Mapping[str, Any]) -> str:
    """The system's interpreter that an artefact was made for."""
    return f"/usr/bin/python{manifest['target']['python']}"


class VirtualEnvironment:
    """The virtual environment of an artefact's lock, at a path that follows from lock, interpreter and platform."""

    def __init__(self, layout: Layout, manifest: Mapping[str, Any]) -> None:
        self.layout, self.manifest = layout, manifest
        self.path = layout.venv(manifest["venv_digest"])

    def complete(self) -> bool:
        return (self.path / MARKER).exists()

    def lacking(self) -> list[str]:
        """The libraries of the system that its packages want and the host still has not, each with one that does."""
        lacked = (self.path / MARKER).read_bytes()  # when it was made: mostly nothing, and then nothing is looked at
        return shared_libraries.lacking(self.layout.build_user, self.path) if lacked else []

    def needed(self) -> int:
        """Bytes that its packages take."""
        return UNPACKED * sum(int(wheel["size"]) for wheel in self.manifest["wheels"])

    def make(self, sent: Path) -> None:
        """Build it; sent holds `<sha256>/<file>` of the wheels that the host lacked."""
        bad = [wrong for wheel in [*self.manifest["wheels"], self.manifest["installer"]] if (wrong := self._store(sent, wheel))]
        if bad:
            more = f" {len(bad) - 1} more are wrong, too." if bad[1:] else ""
            raise WheelhouseError(f"{bad[0]}{more} What is wrong was removed: deploy the version again, and it is sent anew.")
        sync_directory(self.layout.wheels)
        try:
            self._build()
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def _store(self, sent: Path, wheel: Mapping[str, Any]) -> str:
        """Keep a wheel by its digest; one that is not what the manifest says is removed, also when it had been kept before.

        Returns what was wrong with it, or nothing.
        """
        stored = self.layout.wheels / wheel["sha256"] / wheel["file"]
        arrived = sent / wheel["sha256"] / wheel["file"]
        path = arrived if arrived.exists() else stored
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
        except FileNotFoundError:
            digest = "missing"
        if digest != wheel["sha256"]:
            shutil.rmtree(path.parent, ignore_errors=True)  # an empty directory would pass for the wheel
            return f"The wheel {wheel['file']} on the host is {digest} and not {wheel['sha256']} as the manifest says."
        if arrived.exists():
            arrived.parent.chmod(0o755)
            shutil.rmtree(stored.parent, ignore_errors=True)
            os.replace(arrived.parent, stored.parent)  # with what is in it: a directory without passes for no wheel
        return ""

    def _build(self) -> None:
        user = self.layout.build_user
        self.path.mkdir(mode=0o755)
        shutil.chown(self.path, user, user)
        with self._workshop() as workshop:
            requirements = workshop / "requirements.txt"
            requirements.write_text(self.manifest["requirements"], encoding="utf-8")
            uv = [str(workshop / "uv"), "--quiet", "--no-config", "--offline", "--no-cache"]
            create = ["venv", "--allow-existing", "--no-python-downloads", "--python", interpreter(self.manifest)]
            install = ["pip", "install", "--no-index", "--no-deps", "--require-hashes", "--link-mode", "copy"]
            wheels = ["--find-links", str(workshop / "wheels"), "--requirement", str(requirements)]
            what, environment = "Building the virtual environment", {"TMPDIR": str(self.temporary(workshop))}
            run_as(user, [*uv, *create, str(self.path)], workshop, environment, what)
            run_as(user, [*uv, *install, *wheels, "--python", str(self.path / "bin/python")], workshop, environment, what)
        (self.path / ".lock").unlink(missing_ok=True)  # uv's own, which anybody could write to
        chown_tree(self.path, 0, 0)
        live = self.layout.live_release()
        adopted = adopt((self.layout.release(live) / "venv").resolve(), self.path) if live else 0
        few = sources(self.path) - adopted < FEW
        compile_tree(interpreter(self.manifest), self.path, "-j1" if few else "-j0")
        lacking = shared_libraries.lacking(user, self.path)
        sync_file_system(self.path)
        replace_file(self.path / MARKER, "".join(f"{line}\n" for line in lacking).encode())
        sync_directory(self.layout.venvs)

    def temporary(self, workshop: Path, usual: Path = Path("/tmp")) -> Path:  # noqa: S108  # nosec B108
        """Where wheels are unpacked: in memory, as Debian 13's /tmp is, that is faster; without room there, on the disk."""
        # uv makes a directory of its own there. Half of it stays free: memory that is full is worse than a disk that is slow.
        if shutil.disk_usage(usual).free > 2 * self.needed():
            return usual
        directory = workshop / "temporary"
        directory.mkdir(mode=0o700)
        shutil.chown(directory, self.layout.build_user)
        return directory

    @contextmanager
    def _workshop(self) -> Iterator[Path]:
        """A directory with the wheels of this lock and the uv that installs them."""
        with tempfile.TemporaryDirectory(prefix=".workshop-", dir=self.layout.venvs) as name:
            workshop = Path(name)
            workshop.chmod(0o755)
            (workshop / "wheels").mkdir(mode=0o755)
            for wheel in self.manifest["wheels"]:
                (workshop / "wheels" / wheel["file"]).symlink_to(self.layout.wheels / wheel["sha256"] / wheel["file"])
            installer = self.manifest["installer"]
            with zipfile.ZipFile(self.layout.wheels / installer["sha256"] / installer["file"]) as archive:
                member = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
                with archive.open(member) as packed, (workshop / "uv").open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, 1 << 20)
            (workshop / "uv").chmod(0o755)
            yield workshop
