"""Installing a release beside the live one: offline, by users without privileges, and marked complete last."""

from __future__ import annotations

import datetime
import functools
import hashlib
import inspect
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible.module_utils.placid import django_static, migrations, tree
from ansible.module_utils.placid.application import slots
from ansible.module_utils.placid.bytecode import compile_tree
from ansible.module_utils.placid.command import CommandError, lower_privileges, run_as, tail
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import chown_tree, replace_file, sync_directory, sync_file_system
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import MARKER, process_environment
from ansible.module_utils.placid.virtual_environment import VirtualEnvironment, interpreter

#: What Placid adds to the committed tree, beside the directory of static files.
ADDITIONS = ("venv", ".placid", MARKER)
#: So many files that should not be there are named.
SHOWN = 5


class StageError(PlacidError):
    """A release that could not be installed. Nothing of it is left, and the live one was not touched."""


def launcher(layout: Layout, spec: Mapping[str, Any], command: str) -> str:
    """The script that becomes one process of a release: its directory, its environment, its command."""
    program = command.split()[0]
    if (layout.release(spec["id"]) / "venv/bin" / program).exists():
        # By its whole path, so that the process itself shows which virtual environment it comes from.
        command = f"{shlex.quote(str(layout.release(spec['id']) / 'venv/bin'))}/{command.lstrip()}"
    exports = (f"export {name}={shlex.quote(value)}" for name, value in process_environment(layout, spec).items())
    directory = shlex.quote(str(layout.release(spec["id"])))
    title = "# Written by Placid when this release was staged."
    return "\n".join(["#!/bin/sh", title, f"cd {directory} || exit 1", *exports, f"exec {command}", ""])


class Stage:
    """One release on its way to completeness.

    spec: what release.json will hold. manifest: the artefact's. bundle: a directory with `source.tar.zst` and, at
    `wheels/<sha256>/<file>`, the wheels that the host lacks. environment: settings and secrets, as the application will run
    with. After `run`: `steps`, how long each took in seconds, `memory_mb`, what the child that unpacks took of it,
    `migrations`, the plan if the database answered, `silenced`, what the settings leave out of the check, and `lacking`, the
    libraries that its packages want, and the host has not.
    """

    def __init__(
        self, layout: Layout, spec: dict[str, Any], manifest: dict[str, Any], bundle: Path, environment: Mapping[str, str]
    ) -> None:
        self.layout, self.spec, self.manifest, self.bundle = layout, spec, manifest, bundle
        self.release = layout.release(spec["id"])
        self.environment = {**environment, "PYTHONDONTWRITEBYTECODE": "1", **process_environment(layout, spec)}
        self.steps: dict[str, float] = {}
        self.memory_mb = 0
        self.migrations: dict[str, Any] | None = None
        self.silenced: list[str] = []
        self.lacking: list[str] = []

    def run(self) -> None:
        """Install the release, or remove what there is of it and raise the reason."""
        try:
            self._step("source", self._unpack)
            self._step("venv", self._make_venv)
            self._write_launchers()
            self._serve_static()
            self._side_by_side(("static", self._collect_static), ("check", self._check))
            for command in self.spec["build"]:
                self._step(f"build: {command}", functools.partial(self._build, command))
            if self.spec["build"]:  # of which one may make what the page is made of
                self._step("error page", functools.partial(self._django, "Making the page for errors", "error_page"))
            self._step("seal", self._seal)
            sync_file_system(self.release)
            replace_file(self.release / MARKER, json.dumps(self.spec, indent=2, sort_keys=True).encode() + b"\n")
            sync_directory(self.layout.releases)
        except BaseException:
            shutil.rmtree(self.release, ignore_errors=True)
            raise

    def _side_by_side(self, *steps: tuple[str, Callable[[], None]]) -> None:
        """Do steps that do not need each other at once; each starts a Python of its own, which is what takes the time."""
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(self._step, *step) for step in steps]:
                done.result()

    def _step(self, name: str, function: Callable[[], None]) -> None:
        begun = time.monotonic()
        function()
        self.steps[name] = round(time.monotonic() - begun, 2)

    def _unpack(self) -> None:
        archive = self.layout.artefacts / self.manifest["source"]["file"]
        sent = self.bundle / "source.tar.zst"
        if sent.exists():  # it was held against its digest when it arrived
            with sent.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(sent, archive)  # whole or not at all: the next run sends only what is not there
        elif not self._archive_is_whole(archive):
            archive.unlink()
            raise StageError(f"{archive} was damaged, and is removed. Deploy the version again, and it is sent anew.")
        build_user = self.layout.build_user
        self.release.mkdir(mode=0o755)
        shutil.chown(self.release, build_user, build_user)
        with tempfile.TemporaryFile(dir=self.layout.artefacts) as tar:
            done = subprocess.run(["zstd", "-dcq", str(archive)], stdout=tar, stderr=subprocess.PIPE, check=False)
            if done.returncode:
                raise StageError(f"{archive} is damaged: {done.stderr.decode().strip()}. Deploy the version again.")
            self.memory_mb = _as_user(build_user, lambda: tree.unpack(tar, self.release))

    def _archive_is_whole(self, archive: Path) -> bool:
        with archive.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == str(self.manifest["source"]["sha256"])

    def _make_venv(self) -> None:
        venv = VirtualEnvironment(self.layout, self.manifest)
        if not venv.complete():
            venv.make(self.bundle / "wheels")
        self.lacking = venv.lacking()
        (self.release / "venv").symlink_to(os.path.relpath(venv.path, self.release))

    def _write_launchers(self) -> None:
        directory = self.release / ".placid"
        (directory / "run").mkdir(parents=True)
        commands = {f"run/{slot}": process["command"] for slot, process in slots(self.spec["processes"]).items()}
        for name, command in {**commands, "manage": 'python manage.py "$@"'}.items():
            (directory / name).write_text(launcher(self.layout, self.spec, command), encoding="utf-8")
            (directory / name).chmod(0o755)
        self.layout.manifest(self.spec["id"]).write_text(json.dumps(self.manifest, indent=2) + "\n", encoding="utf-8")

    def _serve_static(self) -> None:
        """Put the static files where the web server finds them by their address, in this release and in the one before."""
        if self.spec["static"]["root"]:
            link = self.release / ".placid" / "www" / self.spec["static"]["url"].strip("/")
            link.parent.mkdir(parents=True)
            link.symlink_to(os.path.relpath(self.release / self.spec["static"]["root"], link.parent))

    def _django(self, what: str, *steps: str) -> None:
        """Do steps of django_static in one start of the application."""
        if not steps:
            return
        command = [str(self.release / "venv/bin/python"), "-", *steps]
        source = inspect.getsource(django_static)
        try:
            run_as(self.layout.build_user, command, self.release, self.environment, what, stdin=source)
        except CommandError as error:
            _, found, reason = str(error).partition(django_static.NO_ERROR_PAGE)
            if not found:
                raise
            raise StageError(
                f"The page that visitors would get where the application fails cannot be made: {reason.splitlines()[0]}. Mend "
                f"500.html, or what handler500 names.{tail(error.output)}"
            ) from None

    def _collect_static(self) -> None:
        root = self.spec["static"]["root"]
        if root and (self.release / root).exists():
            raise StageError(
                f"The commit holds {root}/, where collectstatic writes. "
                f"Name another directory: apps[{self.layout.name}].static.root."
            )
        steps = (["collectstatic"] if root else []) + ([] if self.spec["build"] else ["error_page"])
        try:
            self._django("Collecting the static files" if root else "Making the page for errors", *steps)
        except CommandError as error:
            if "without having set the STATIC_ROOT" not in str(error):
                raise
            raise StageError(
                "The settings have no STATIC_ROOT. Let them read it from the environment (docs/applications.md, What a "
                f'project reads), or say that there are no static files: apps[{self.layout.name}].static: {{root: ""}}.'
            ) from None

    def _build(self, command: str) -> None:
        run_as(
            self.layout.build_user, ["/bin/sh", "-c", command], self.release, self.environment, f"The build command {command!r}"
        )

    def _seal(self) -> None:
        """Give the release to root, prove that it is the committed tree, and compile it without running any of it."""
        chown_tree(self.release, 0, 0)
        additions = [*ADDITIONS, *filter(None, [self.spec["static"]["root"]])]
        if tree.digest_directory(self.release, ignore=additions).sha256 != self.manifest["source"]["tree_sha256"]:
            written = self._written_outside(additions)
            told = f"{', '.join(written[:SHOWN])}{f' and {len(written) - SHOWN} more' if written[SHOWN:] else ''}"
            raise StageError(
                "The release is not the committed tree: a build command or collectstatic wrote or removed files "
                f"({told or 'none is new'}). Let it write below the directory of static files only, which is "
                f"apps[{self.layout.name}].static.root."
            )
        compile_tree(interpreter(self.manifest), self.release, "-j1", "--invalidation-mode", "unchecked-hash")

    def _written_outside(self, additions: Sequence[str]) -> list[str]:
        """The files of the release that were written since it was unpacked: what is unpacked has the time of its commit."""
        when = datetime.datetime.fromisoformat(self.manifest["committed_at"]).timestamp()
        files = (path for path in self.release.rglob("*") if path.is_file() and not path.is_symlink())
        written = (path.relative_to(self.release) for path in files if path.stat().st_mtime != when)
        return sorted(str(path) for path in written if path.parts[0] not in additions)

    def _check(self) -> None:
        level, models = self.spec["check_fail_level"], self.spec.get("check_migrations", True)
        found = migrations.check(self.layout.name, self.release, self.environment, level, models)
        self.migrations, self.silenced = found.plan, found.silenced
        if found.unmigrated:
            what = "; ".join(f"{label}: {', '.join(changes)}" for label, changes in found.unmigrated.items())
            raise StageError(
                f"Models have changed without a migration ({what}). Type python manage.py makemigrations "
                f"{' '.join(found.unmigrated)}, commit what it writes and deploy that; or, if the database is to stay as it is, "
                f"say apps[{self.layout.name}].check_migrations: false."
            )


def _as_user(user: str, function: Callable[[], Any]) -> int:
    """Run a function in a child process that belongs to a user, and return the MB it took at most; its error becomes ours."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - the child never returns to the tests
        status = 1
        try:
            lower_privileges(user)
            function()
            status = 0
        except BaseException as error:
            os.write(writer, f"{error}".encode()[:4000])
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        message = pipe.read().decode(errors="replace")
    _, status, usage = os.wait4(child, 0)
    if status:
        raise StageError(f"Unpacking the archive failed: {message}")
    return usage.ru_maxrss // 1024
