from __future__ import annotations

import subprocess

from rules.repository import ROOT


def test_ansible_can_load_every_filter() -> None:
    """An unloadable one is only a warning to Ansible, until a play needs it; looking for one that is nowhere loads all."""
    look = [
        "ansible",
        "localhost",
        "-i",
        "localhost,",
        "-c",
        "local",
        "-m",
        "ansible.builtin.debug",
        "-a",
        "msg={{ 1 | nowhere }}",
    ]
    answer = subprocess.run(look, cwd=ROOT, capture_output=True, text=True, check=False)
    output = answer.stdout + answer.stderr
    assert "nowhere" in output
    assert "Skipping plugin" not in output
