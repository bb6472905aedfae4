"""A fresh clone of the example needs one command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_fresh_clone_is_ready_after_one_command(tmp_path: Path) -> None:
    clone, clean = tmp_path / "guestbook", {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run([EXAMPLES / "make-repository", clone], check=True, capture_output=True)
    planted = clone / ".venv" / "planted"
    planted.parent.mkdir()
    planted.touch()
    done = subprocess.run([clone / "bin/bootstrap"], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), done.stderr
    assert not planted.exists()
    words = [str(clone / ".venv/bin/python"), "-m", "pip", "list", "--format=freeze"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.lower().replace("_", "-").split()
    lock = (clone / "requirements.txt").read_text().splitlines()
    locked = [line.split()[0] for line in lock if line[:1].isalpha() and "win32" not in line]
    assert [each for each in listed if not each.startswith(("pip==", "setuptools=="))] == locked
