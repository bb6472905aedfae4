"""The module that makes several directories in one step, run as Ansible runs it."""

from __future__ import annotations

import grp
import json
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from unit.plugins import load

Run = Callable[..., dict[str, Any]]

directories = load("modules/directories.py")
ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_it(*wanted: dict[str, str], check: bool = False) -> dict[str, Any]:
        with patch_module_args({"directories": list(wanted), "_ansible_check_mode": check}), pytest.raises(SystemExit):
            directories.main()
        return dict(json.loads(capsys.readouterr().out))

    return run_it


def test_each_is_made_with_its_mode_and_a_second_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    wanted = [{**ME, "path": f"{tmp_path}/one/two", "mode": "0710"}, {**ME, "path": f"{tmp_path}/three"}]
    result = run(*wanted)
    assert (result["changed"], result["directories"]) == (True, [each["path"] for each in wanted])
    assert [(tmp_path / name).stat().st_mode & 0o7777 for name in ("one", "one/two", "three")] == [0o755, 0o710, 0o755]
    assert not run(*wanted)["changed"]


def test_another_mode_is_set_right_and_what_it_holds_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir(mode=0o700)
    (tmp_path / "one" / "file").write_text("mine")
    assert run({**ME, "path": f"{tmp_path}/one"}, {**ME, "path": str(tmp_path), "mode": "0700"})["directories"] == [
        f"{tmp_path}/one"
    ]
    assert (tmp_path / "one").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "one" / "file").read_text() == "mine"


def test_a_link_to_a_directory_stays_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "one").symlink_to("disk")
    assert run({**ME, "path": f"{tmp_path}/one"})["changed"]
    assert (tmp_path / "one").is_symlink()
    assert (tmp_path / "disk").stat().st_mode & 0o7777 == 0o755
    assert not run({**ME, "path": f"{tmp_path}/one"})["changed"]


def test_check_mode_makes_nothing_and_needs_no_user(run: Run, tmp_path: Path) -> None:
    result = run({"path": f"{tmp_path}/one", "owner": "nobody-yet", "group": "nobody-yet"}, check=True)
    assert result["directories"] == [f"{tmp_path}/one"]
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize(
    "make", [Path.touch, lambda path: path.symlink_to("nowhere")], ids=["a file", "a link that leads nowhere"]
)
def test_what_is_no_directory_is_left_as_it_is(run: Run, tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "one")
    result = run({**ME, "path": f"{tmp_path}/one"})
    assert result["failed"]
    assert result["msg"] == f"{tmp_path}/one is no directory. Look what it is, and move it away."
