"""Releases on a host's disk: which are complete, and how their processes are started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.placid import migrations, stage
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.leftovers import remove_leftovers
from ansible.module_utils.placid.phases.stage import install
from ansible.module_utils.placid.releases import complete, process_environment, releases
from ansible.module_utils.placid.stage import Stage, StageError, launcher
from ansible.module_utils.placid.virtual_environment import VirtualEnvironment

SPEC: dict[str, Any] = {
    "id": "R",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "static": {"root": "public/static", "url": "/static/"},
    "processes": {},
    "build": [],
}
MANIFEST: dict[str, Any] = {
    "venv_digest": "e" * 64,
    "source": {"file": "source.tar.zst", "size": 10 * 2**20},
    "wheels": [{"size": 20 * 2**20}, {"size": 2**20}],
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout("guestbook", tmp_path / "it's a $base")
    for path in (made.releases, made.venvs, made.wheels, made.artefacts):
        path.mkdir(parents=True)
    return made


@pytest.mark.parametrize(
    ("marker", "content"),
    [('{"id": "R"}', {"id": "R"}), (None, None), ("", None), ('{"id": "R', None), ("[]", None), ("null", None)],
)
def test_a_release_is_complete_when_its_marker_is_whole(layout: Layout, marker: str | None, content: object) -> None:
    layout.release("R").mkdir()
    if marker is not None:
        (layout.release("R") / "release.json").write_text(marker)
    assert complete(layout, "R") == content
    assert releases(layout) == ({"R": content} if content else {})


def test_what_is_no_directory_is_no_release(layout: Layout) -> None:
    layout.release("R").write_text("")
    assert complete(layout, "R") is None
    assert complete(layout, "absent") is None


def test_releases_are_told_oldest_first(layout: Layout) -> None:
    for name in ("20260203T000000Z-b", "20260102T000000Z-a", "20261231T000000Z-c"):
        layout.release(name).mkdir()
        (layout.release(name) / "release.json").write_text("{}")
    assert list(releases(layout)) == ["20260102T000000Z-a", "20260203T000000Z-b", "20261231T000000Z-c"]


def test_a_host_that_is_not_prepared_has_no_releases(tmp_path: Path) -> None:
    assert releases(Layout("guestbook", tmp_path)) == {}


def test_what_belongs_to_one_release_is_in_its_environment() -> None:
    assert process_environment(Layout("guestbook"), SPEC) == {
        "PATH": "/srv/guestbook/releases/R/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "STATIC_ROOT": "/srv/guestbook/releases/R/public/static",
        "PLACID_RELEASE": "R",
        "PLACID_COMMIT": SPEC["commit"],
        "PYTHONUNBUFFERED": "1",
    }


def test_a_launcher_in_words() -> None:
    layout = Layout("guestbook")
    assert launcher(layout, SPEC, "gunicorn 'a b'").splitlines() == [
        "#!/bin/sh",
        "# Written by Placid when this release was staged.",
        "cd /srv/guestbook/releases/R || exit 1",
        *(f"export {name}={value}" for name, value in process_environment(layout, SPEC).items()),
        "exec gunicorn 'a b'",
    ]


def launch(layout: Layout, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = layout.home / "launcher"
    script.write_text(launcher(layout, SPEC, command))
    script.chmod(0o755)
    return subprocess.run([script], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def venv(layout: Layout) -> Path:
    """A release whose virtual environment has one program, which tells how it was called."""
    programs = layout.release("R") / "venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "tell").write_text('#!/bin/sh\npwd\nprintf "<%s>" "$0" "$@"\necho\nenv\n')
    (programs / "tell").chmod(0o755)
    return programs


@pytest.mark.parametrize("command", ["tell 'a b' \"$NAME\" c\\ d", "  tell 'a b' \"$NAME\" c\\ d "])
def test_a_process_starts_in_its_release_from_its_virtual_environment(layout: Layout, venv: Path, command: str) -> None:
    """By its whole path, and with the words that the command has for a shell, variables of the settings included."""
    lines = launch(layout, command, NAME="va lue").stdout.splitlines()
    assert lines[0] == str(layout.release("R"))
    assert lines[1] == f"<{venv / 'tell'}><a b><va lue><c d>"
    assert {f"{name}={value}" for name, value in process_environment(layout, SPEC).items()} <= set(lines[2:])
    assert "NAME=va lue" in lines


def test_a_process_shows_which_virtual_environment_it_comes_from(layout: Layout, venv: Path) -> None:
    (venv / "interpreter").symlink_to("/bin/sh")
    words = launch(layout, "interpreter -c 'tr \\\\0 \\\\n < /proc/$$/cmdline'").stdout.splitlines()
    assert words[0] == str(venv / "interpreter")


def test_a_process_may_be_a_program_of_the_system(layout: Layout, venv: Path) -> None:
    assert launch(layout, "sh -c 'echo \"$0\" $STATIC_ROOT; command -v tell' name").stdout.splitlines() == [
        f"name {layout.release('R') / 'public/static'}",
        str(venv / "tell"),
    ]


def test_the_launcher_becomes_the_process(layout: Layout, venv: Path) -> None:
    assert venv.is_dir()
    assert launch(layout, "sh -c 'ps -o comm= -p $$'").stdout == "sh\n"


def test_a_release_that_is_gone_does_not_start_elsewhere(layout: Layout) -> None:
    done = launch(layout, "pwd")
    assert done.returncode == 1
    assert done.stdout == ""


def test_a_full_disk_is_told_before_anything_is_written_and_after_leftovers_are_gone(layout: Layout, tmp_path: Path) -> None:
    layout.release("half").mkdir()
    layout.settings.parent.mkdir(parents=True)
    (tmp_path / "bundle").write_bytes(b"no archive")
    needed = {"bytes": 2**60, "inodes": 1}
    parameters = {
        "manifest": MANIFEST,
        "spec": SPEC,
        "bundle_content": None,
        "bundle": str(tmp_path / "bundle"),
        "needed": needed,
    }
    module = SimpleNamespace(params=parameters)
    with pytest.raises(StageError, match=r"and this release may need \d+ MB.*nothing was written"):
        install(module, layout, {})  # type: ignore[arg-type]
    assert os.listdir(layout.releases) == []
    assert sorted(os.listdir(layout.home)) == ["artefacts", "releases", "venvs", "wheels"]


@pytest.mark.parametrize(("free", "in_memory"), [(2 * 5 * 21 * 2**20 + 1, True), (2 * 5 * 21 * 2**20, False), (0, False)])
def test_wheels_are_unpacked_in_memory_where_there_is_room(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, in_memory: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free if path == tmp_path else 2**40))
    monkeypatch.setattr(shutil, "chown", lambda *_: None)
    workshop = tmp_path / "workshop"
    workshop.mkdir()
    place = VirtualEnvironment(layout, MANIFEST).temporary(workshop, tmp_path)
    assert place == (tmp_path if in_memory else workshop / "temporary")
    assert place.is_dir()


def test_what_a_killed_run_left_is_removed_and_nothing_else(layout: Layout) -> None:
    for name in ("complete", "half", "live"):
        (layout.release(name) / "app").mkdir(parents=True)
    (layout.release("complete") / "release.json").write_text(json.dumps(SPEC))
    layout.release("stray").write_text("")
    layout.current.symlink_to("releases/live")
    (layout.home / ".incoming-1").mkdir()
    (layout.home / ".current.1").symlink_to("releases")
    layout.settings.parent.mkdir(parents=True)
    for name in ("settings.env", ".settings.env.1"):
        (layout.settings.parent / name).write_text("")
    for name in ("complete", "half", ".workshop-1"):
        layout.venv(name).mkdir()
    (layout.venv("complete") / ".complete").write_text("")
    remove_leftovers(layout)
    assert sorted(os.listdir(layout.releases)) == ["complete", "live"]
    assert os.listdir(layout.venvs) == ["complete"]
    assert os.listdir(layout.settings.parent) == ["settings.env"]
    assert sorted(os.listdir(layout.home)) == ["artefacts", "current", "releases", "venvs", "wheels"]


def test_static_files_are_found_by_their_address(layout: Layout, tmp_path: Path) -> None:
    spec = {**SPEC, "static": {"root": "public/static", "url": "/assets/v/"}}
    made = Stage(layout, spec, MANIFEST, tmp_path, {})
    (made.release / "public/static").mkdir(parents=True)
    (made.release / "public/static/a.css").write_text("a")
    made._serve_static()
    assert (made.release / ".placid/www/assets/v/a.css").read_text() == "a"


def test_models_without_a_migration_stop_the_release_unless_that_is_meant(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*_: object) -> migrations.Checked:
        return migrations.Checked(
            None, ["security.W004"], {"entries": ["Add field a to entry", "Delete model Tag"], "shop": ["x"]}
        )

    monkeypatch.setattr(migrations, "check", check)
    made = Stage(layout, {**SPEC, "check_fail_level": "ERROR"}, MANIFEST, tmp_path, {})
    with pytest.raises(StageError) as error:
        made._check()
    assert str(error.value) == (
        "Models have changed without a migration (entries: Add field a to entry, Delete model Tag; shop: x). Type python "
        "manage.py makemigrations entries shop, commit what it writes and deploy that; or, if the database is to stay as it is, "
        "say apps[guestbook].check_migrations: false."
    )
    assert made.silenced == ["security.W004"]


def test_an_archive_that_was_damaged_on_the_host_is_removed_so_that_it_is_sent_anew(layout: Layout, tmp_path: Path) -> None:
    manifest = {**MANIFEST, "source": {**MANIFEST["source"], "sha256": "a" * 64}}
    (layout.artefacts / "source.tar.zst").write_bytes(b"half")
    with pytest.raises(StageError, match="was damaged, and is removed"):
        Stage(layout, SPEC, manifest, tmp_path, {})._unpack()
    assert list(layout.artefacts.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works as another user")
def test_what_a_child_took_of_the_memory_is_told_and_why_it_failed() -> None:
    assert 150 < stage._as_user("nobody", lambda: b"x" * (150 << 20)) < 600
    with pytest.raises(StageError, match="Unpacking the archive failed: No way"):
        stage._as_user("nobody", lambda: (_ for _ in ()).throw(StageError("No way")))
