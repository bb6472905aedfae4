"""The repository as the rules see it: its files, its tasks, its roles."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible.playbook.block import Block
from ansible.playbook.handler import Handler
from ansible.playbook.task import Task as AnsibleTask

ROOT = Path(__file__).parents[2]
SECTIONS = ("pre_tasks", "tasks", "post_tasks", "handlers")
BRANCHES = ("block", "rescue", "always")
KEYWORDS = {
    *AnsibleTask.fattributes,
    *Handler.fattributes,
    *Block.fattributes,
    "local_action",
}


class Mapping(dict[Any, Any]):
    """A YAML mapping that knows the line it begins on."""

    line = 0


class Loader(yaml.SafeLoader):
    """Reads what Ansible reads: its tags too, which mean nothing to the rules."""


def _mapping(loader: Loader, node: yaml.MappingNode) -> Mapping:
    mapping = Mapping(loader.construct_mapping(node, deep=True))
    mapping.line = node.start_mark.line + 1
    return mapping


Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
Loader.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_scalar(node))


def parse(text: str) -> Any:
    """Give the one document of a YAML text."""
    return Loader(text).get_single_data()


def files(*patterns: str) -> list[Path]:
    """List the files that git tracks or would track: a rule speaks before the commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {ROOT / name for name in listed.split("\0") if name}
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def name(path: Path) -> str:
    """Name a file as a reader would type it at the root."""
    return str(path.relative_to(ROOT))


@dataclass
class Task:
    """One task of a playbook or a role."""

    body: dict[str, Any]
    where: str = "sample.yml:1"
    comment: bool = False  # one stands above the task or in it
    local: bool = False  # runs on the controller, as whoever runs Ansible
    role: str = ""
    module: str = field(init=False)
    args: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        named = [key for key in self.body if key not in KEYWORDS and not key.startswith("with_")]
        self.module = named[0] if named else ""
        args = self.body.get(self.module)
        self.args = args if isinstance(args, dict) else {}
        self.local = self.local or self.body.get("delegate_to") == "localhost"


def is_play(item: dict[str, Any]) -> bool:
    """Tell a play from a task."""
    return "hosts" in item or any(key.endswith("import_playbook") for key in item)


def items(path: Path) -> list[Any]:
    """Give the plays or tasks of a file; none where it is another kind of file."""
    text = path.read_text()
    document = None if text.startswith("$ANSIBLE_VAULT") else parse(text)
    return document if isinstance(document, list) else []


def plays() -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk all plays, each with the place it stands."""
    for path in files("*.yml"):
        for item in items(path):
            if isinstance(item, dict) and is_play(item):
                yield f"{name(path)}:{getattr(item, 'line', 0)}", item


def tasks() -> Iterator[Task]:
    """Walk all tasks of playbooks, roles and scenarios; of blocks too, themselves included."""
    for path in files("*.yml"):
        lines = path.read_text().splitlines()
        found = re.match(r"roles/(\w+)/", name(path))
        for item in items(path):
            if not isinstance(item, dict):
                continue
            local = item.get("hosts") == "localhost" or item.get("connection") == "local"
            groups = [item.get(section) or [] for section in SECTIONS] if is_play(item) else [[item]]
            for body in (task for group in groups for one in group for task in _with_branches(one)):
                line = getattr(body, "line", 1)
                yield Task(body, f"{name(path)}:{line}", _commented(lines, body), local, found[1] if found else "")


def _with_branches(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield task
    for branch in BRANCHES:
        for inner in task.get(branch) or []:
            yield from _with_branches(inner)


def _commented(lines: list[str], body: dict[str, Any]) -> bool:
    """Look for a comment above the task, or in it before the next one."""
    start = getattr(body, "line", 1) - 1
    indent = len(lines[start]) - len(lines[start].lstrip())
    within = [lines[start - 1]] if start else []
    for line in lines[start + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        within.append(line)
    return any(line.lstrip().startswith("#") for line in within)
