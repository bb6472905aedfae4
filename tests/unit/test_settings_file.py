"""Trying other settings: whatever ends it, those that the live processes were started with are found again."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path

import pytest
from ansible.module_utils.placid import settings_file
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.settings_file import SettingsFile

START_LIVE = Path(__file__).parents[2] / "roles/app/files/start-live"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An application named like the group that the tests run as, with a live release and settings of an hour ago."""
    layout = Layout(pwd.getpwuid(os.geteuid()).pw_name, tmp_path)
    (layout.release("A") / ".placid").mkdir(parents=True)
    layout.settings.parent.mkdir(parents=True)
    layout.current.symlink_to("releases/A")
    layout.socket_link("A").symlink_to("/run/guestbook/web-A.1.sock")
    layout.settings.write_text("old")
    os.utime(layout.settings, (1_000_000_000, 1_000_000_000))
    return layout


def files(layout: Layout) -> dict[str, str]:
    return {path.name: path.read_text() for path in layout.settings.parent.iterdir()}


def test_the_live_settings_stay_beside_those_that_are_tried(layout: Layout) -> None:
    SettingsFile(layout).try_out(b"new")
    assert files(layout) == {"settings.env": "new", "settings.env.A.1": "old"}
    assert stat.S_IMODE(layout.settings.stat().st_mode) == 0o640
    found = SettingsFile(layout)  # of the next run, after one that was killed
    assert (found.text(), found.live.name) == ("old", "settings.env.A.1")
    found.put_back()
    assert files(layout) == {"settings.env": "old"}
    assert layout.settings.stat().st_mtime == 1_000_000_000


def test_a_disk_that_took_none_of_them_is_no_hindrance_afterwards(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("full")

    with monkeypatch.context() as disk:
        disk.setattr(settings_file, "replace_file", full)
        with pytest.raises(OSError, match="full"):
            SettingsFile(layout).try_out(b"new")
    again = SettingsFile(layout)
    again.put_back()
    assert files(layout) == {"settings.env": "old"}
    again.try_out(b"new")
    assert files(layout) == {"settings.env": "new", "settings.env.A.1": "old"}


def test_settings_that_are_the_same_are_not_written(layout: Layout) -> None:
    SettingsFile(layout).try_out(b"old")
    assert files(layout) == {"settings.env": "old"}
    assert layout.settings.stat().st_mtime == 1_000_000_000


def test_what_was_tried_counts_once_visitors_get_there(layout: Layout) -> None:
    SettingsFile(layout).try_out(b"new")
    layout.socket_link("A").unlink()
    layout.socket_link("A").symlink_to("/run/guestbook/web-A.2.sock")
    found = SettingsFile(layout)
    assert found.text() == "new"
    found.forget()
    assert files(layout) == {"settings.env": "new"}


def test_the_first_settings_are_removed_again(layout: Layout) -> None:
    layout.settings.unlink()
    layout.current.unlink()
    first = SettingsFile(layout)
    first.try_out(b"new")
    assert files(layout) == {"settings.env": "new"}
    first.put_back()
    assert files(layout) == {}


def test_a_host_that_boots_starts_what_is_live_with_its_own_settings(layout: Layout, tmp_path: Path) -> None:
    SettingsFile(layout).try_out(b"new")
    (tmp_path / "systemctl").write_text("#!/bin/sh\n")
    (tmp_path / "systemctl").chmod(0o755)
    script = START_LIVE.read_text().replace('"/srv/', f'"{tmp_path}/srv/').replace("settings=/etc", f"settings={tmp_path}/etc")
    for _ in range(2):
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-c", script, "start-live", layout.name], env=path, check=True)
        assert files(layout) == {"settings.env": "old"}
