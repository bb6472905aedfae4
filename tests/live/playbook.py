"""Runs the project's playbooks as a person does, in a process of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
#: Of what molecule and the caller set for Ansible, a run keeps this alone; the rest is ansible.cfg's.
KEPT = ("ANSIBLE_VAULT_IDENTITY_LIST",)
TIMEOUT = 400.0


def environment(inventory: str) -> dict[str, str]:
    """The environment of a run: a person's, with this inventory and its own records."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_") or name in KEPT}
    kept |= {"ANSIBLE_INVENTORY": inventory, "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "2000"}
    return kept | {"PLACID_DEPLOYMENTS": str(Path(inventory).with_name("deployments"))}


class Outcome:
    """What a playbook said and how it ended."""

    def __init__(self, words: list[str], code: int, output: str, seconds: float) -> None:
        self.words, self.code, self.output, self.seconds = words, code, output, seconds

    def __repr__(self) -> str:
        return f"{' '.join(self.words)}\nended with {self.code} after {self.seconds:.1f} s and said:\n{self.output}"

    @property
    def recap(self) -> dict[str, int]:
        """The counts of the scenario's host: ok, changed, unreachable, failed…"""
        lines = re.findall(r"^host\s+: (ok=.*)$", self.output, re.MULTILINE)
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", lines[-1])} if lines else {}

    @property
    def message(self) -> str:
        """What was said, with the line breaks and indents that Ansible's output put in taken out."""
        return " ".join(self.output.split())


class Running:
    """A playbook that runs beside the test."""

    def __init__(self, words: list[str], inventory: str) -> None:
        self.words, self.begun = words, time.monotonic()
        self.file: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the run
        self.process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment(inventory),
            stdin=subprocess.DEVNULL,
            stdout=self.file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> Outcome:
        try:
            code = self.process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self.process.wait()
        seconds = time.monotonic() - self.begun
        with self.file:
            self.file.seek(0)
            return Outcome(self.words, code, self.file.read(), seconds)

    def kill(self) -> None:
        """Kill it and everything that it started here; what it started on the host is not asked."""
        for pid in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None


def descendants(pid: int) -> list[int]:
    """A process and all that it started, workers of Ansible with their connections too, which have sessions of their own."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended between the two looks
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def start(playbook: str, inventory: str, *options: str, **variables: Any) -> Running:
    """Start a playbook with variables, as -e gives them."""
    extra = ["-e", json.dumps(variables)] if variables else []
    return Running(["ansible-playbook", f"{playbook}.yml", *options, *extra], inventory)
