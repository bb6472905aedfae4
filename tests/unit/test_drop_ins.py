"""The module that writes several files in one step, run as Ansible runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from unit.plugins import load

Run = Callable[..., dict[str, Any]]

drop_ins = load("modules/drop_ins.py")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write files by name and content; what the directory holds must be accepted by a command that refuses the word broken."""
    write = drop_ins.replace_file
    monkeypatch.setattr(drop_ins, "replace_file", lambda path, content, mode, _: write(path, content, mode))  # whoever tests

    def run_it(check: bool = False, **files: str) -> dict[str, Any]:
        arguments = {
            "files": [{"path": f"{tmp_path}/{name}", "content": content} for name, content in files.items()],
            "accepted_by": ["sh", "-c", f"! grep -r broken {tmp_path} >&2"],
            "_ansible_check_mode": check,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            drop_ins.main()
        return dict(json.loads(capsys.readouterr().out))

    return run_it


def held(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_what_is_refused_is_taken_back_with_what_came_beside_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("good")
    (tmp_path / "old").chmod(0o640)
    result = run(old="broken", new="good", other="good")
    assert result["failed"]
    assert f"{tmp_path}/old:broken" in result["msg"]
    assert held(tmp_path) == {"old": "good"}
    assert (tmp_path / "old").stat().st_mode & 0o7777 == 0o640


def test_what_is_accepted_stays(run: Run, tmp_path: Path) -> None:
    assert run(new="good")["changed"]
    assert held(tmp_path) == {"new": "good"}


def test_where_it_was_broken_before_what_is_written_stays_and_may_mend_it(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("broken")
    assert run(one="good")["changed"]
    assert run(two="good")["changed"]
    assert held(tmp_path) == {"one": "good", "two": "good"}


def test_a_check_run_writes_nothing_and_asks_nobody(run: Run, tmp_path: Path) -> None:
    assert run(check=True, new="broken")["changed"]
    assert held(tmp_path) == {}
