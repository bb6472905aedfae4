"""Which bytecode is taken over from an earlier virtual environment, by a real interpreter."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils.placid.bytecode import adopt, compile_tree, sources

PACKAGES = "lib/python3/site-packages"


@pytest.fixture
def venvs(tmp_path: Path) -> tuple[Path, Path]:
    """An earlier one that is compiled, and a new one that is not: one module alike, one changed, one gone and one new."""
    old, new = tmp_path / "old", tmp_path / "new"
    for venv, files in (
        (old, {"alike": "X = 1", "changed": "X = 1", "gone": "X = 1"}),
        (new, {"alike": "X = 1", "changed": "X = 2", "added": "X = 3"}),
    ):
        package = venv / PACKAGES / "package"
        package.mkdir(parents=True)
        for name, text in files.items():
            (package / f"{name}.py").write_text(f"{text}\n")
            os.utime(package / f"{name}.py", (10, 10) if venv == old else (20, 20))
    compileall.compile_dir(old, quiet=2)
    return old, new


def cached(venv: Path) -> dict[str, Path]:
    return {path.name.partition(".")[0]: path for path in (venv / PACKAGES / "package").glob("__pycache__/*.pyc")}


def test_what_is_alike_is_linked_and_nothing_else(venvs: tuple[Path, Path]) -> None:
    old, new = venvs
    assert adopt(old, new) == 1
    assert (list(cached(new)), sources(new)) == (["alike"], 3)
    assert os.path.samefile(cached(new)["alike"], cached(old)["alike"])
    assert adopt(old, new) == 0


def test_what_was_taken_over_is_good_and_the_rest_is_compiled(venvs: tuple[Path, Path]) -> None:
    old, new = venvs
    adopt(old, new)
    compile_tree(sys.executable, new, "-j0")
    assert set(cached(new)) == {"alike", "changed", "added"}
    assert os.path.samefile(cached(new)["alike"], cached(old)["alike"]), "it was compiled again"
    script = "import package.alike as a, package.changed as c; print(a.X, c.X, a.__cached__, (lambda: 0) and a.__file__)"
    command = [sys.executable, "-B", "-v", "-c", script]
    done = subprocess.run(command, env={"PYTHONPATH": str(new / PACKAGES)}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "2", str(cached(new)["alike"]), str(new / PACKAGES / "package/alike.py")]
    assert f"{cached(new)['alike']} matches" in done.stderr


def test_an_error_names_the_file_where_it_is_now(venvs: tuple[Path, Path]) -> None:
    old, new = venvs
    for venv in venvs:
        (venv / PACKAGES / "package" / "fails.py").write_text("1 / 0\n")
    compileall.compile_dir(old, quiet=2)
    assert adopt(old, new) == 2
    command = [sys.executable, "-B", "-c", "import package.fails"]
    done = subprocess.run(command, env={"PYTHONPATH": str(new / PACKAGES)}, capture_output=True, text=True, check=False)
    assert f'File "{new / PACKAGES}/package/fails.py", line 1' in done.stderr


def test_without_an_earlier_one_nothing_is_taken_over(venvs: tuple[Path, Path], tmp_path: Path) -> None:
    assert adopt(tmp_path / "none", venvs[1]) == 0


def test_a_link_is_left_alone(venvs: tuple[Path, Path]) -> None:
    old, new = venvs
    (new / PACKAGES / "package" / "alike.py").unlink()
    (new / PACKAGES / "package" / "alike.py").symlink_to(old / PACKAGES / "package" / "alike.py")
    assert adopt(old, new) == 0
