from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project of its own: the real tools, plugins and ansible.cfg, no vault."""
    for directory in ("tools", "plugins"):
        shutil.copytree(ROOT / directory, tmp_path / directory, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "ansible.cfg", tmp_path)
    (tmp_path / "group_vars" / "sandbox").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    """Run a command at the project's root, with what is given added to its environment."""

    def run_it(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PLACID_"))}
        environment = {**clean, **variables}
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    return run_it
