"""The action plugin, run by a real ansible-playbook for hosts that cannot be reached."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import Repository, write_sdist, write_wheel

PLUGINS = Path(__file__).parents[3] / "plugins"


@dataclass
class Run:
    """What one play came to: each task's result, and everything that was printed."""

    directory: Path
    commit: str
    results: dict[str, dict[str, Any]]
    output: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One play for two hosts that do not exist: an artefact that can be built, and some that cannot."""
    directory = tmp_path_factory.mktemp("play")
    index = directory / "index"
    index.mkdir()
    write_wheel(index, "uv", importlib.metadata.version("uv"), "py3-none-manylinux_2_17_x86_64")
    write_wheel(index, "thing", "1.0")
    repository = Repository(directory / "app")
    lock = {"requirements.txt": "-i https://x.example.org\nthing==1.0\n"}
    commit = repository.commit("{{ lookup('pipe', 'id') }}", **lock)
    repository.git("checkout", "--quiet", "-b", "source")
    repository.commit("source", **{"requirements.txt": "far==1.0\n"})
    repository.git("checkout", "--quiet", "-b", "forbidden", "main")
    repository.commit("forbidden", **{".env": "A=1\n"})
    repository.git("checkout", "--quiet", "main")
    write_sdist(index, "far", "1.0")
    # Where Placid's own requirements.txt is not, against which the uv of this index cannot be held.
    plugins = shutil.copytree(PLUGINS, directory / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    target = {"python": "3.13", "machine": "x86_64", "glibc": "2.41"}
    common = {"application": "guestbook", "repository": "app", "target": target, "cache_dir": "cache"}
    asked = {
        "built": {**common, "version": "main", "since": ""},
        "away": {**common, "version": "source", "builder": "b1", "builders": ["b2"]},
        "forbidden": {**common, "version": "forbidden"},
        "refused": {**common, "version": "nope"},
        "mistyped": {**common, "version": "main", "comit": "x"},
    }
    tasks = [{"artefact": each, "run_once": True, "register": name, "ignore_errors": True} for name, each in asked.items()]
    content = "{{ {" + ", ".join(f"'{name}': {name}" for name in asked) + "} | to_json }}"
    copy = {"content": content, "dest": f"{directory}/results.json", "mode": "0600"}
    tasks.append({"ansible.builtin.copy": copy, "delegate_to": "localhost", "run_once": True})
    (directory / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    (directory / "ansible.cfg").write_text(
        f"[defaults]\nlibrary={plugins}/modules\nmodule_utils={plugins}/module_utils\naction_plugins={plugins}/action\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")} | {
        "ANSIBLE_CONFIG": f"{directory}/ansible.cfg",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "one.invalid,two.invalid,", "play.yml"]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return Run(directory, commit, json.loads((directory / "results.json").read_text()), output)


def test_the_result_has_the_promised_keys_and_paths_relative_to_the_playbook(run: Run) -> None:
    result, commit = run.results["built"], run.commit
    assert (result["changed"], result["failed"], result["commit"], result["version"]) == (True, False, commit, "main")
    assert result["archive"] == f"{run.directory}/cache/artefacts/guestbook/{commit}.tar.zst"
    assert Path(result["archive"]).exists()
    assert json.loads(Path(result["manifest_file"]).read_text()) == result["manifest"]
    assert result["manifest"]["subject"] == "{{ lookup('pipe', 'id') }}"
    assert (result["wheels_dir"], result["plan"]["direction"]) == (f"{run.directory}/cache/wheels", "first")
    assert result["log"][0] == f"Version main of {run.directory}/app is commit {commit}"
    assert isinstance(result["seconds"], float)
    assert "line 1: -i is ignored" in " ".join(run.output.split())


def test_an_error_is_one_clean_message(run: Run) -> None:
    assert run.results["refused"]["failed"]
    assert run.results["refused"]["msg"].startswith(f"Version nope is not in {run.directory}/app. The nearest names are: ")
    assert "Traceback" not in run.output


def test_what_was_done_until_an_error_is_said(run: Run) -> None:
    assert run.results["forbidden"]["msg"].startswith("The commit holds what must not be in a release: '.env' is a settings")
    assert [line.partition(" of ")[0] for line in run.results["forbidden"]["log"]] == ["Version forbidden"]


def test_a_builder_that_is_none_is_named(run: Run) -> None:
    assert run.results["built"]["to_build"] == []
    message = run.results["away"]["msg"]
    assert (
        "No wheel is to be had of: far==1.0. `builder` of the application is b1, but of the inventory's group builders" in message
    )
    assert "there is b2 that runs no application" in message


def test_an_unknown_argument_is_named(run: Run) -> None:
    assert run.results["mistyped"]["failed"]
    assert run.results["mistyped"]["msg"].startswith("Unsupported parameters for (artefact) module: comit.")
