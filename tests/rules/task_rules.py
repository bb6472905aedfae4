"""What holds for every task. A rule is a pure function: a task in, what is wrong with it out, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from rules.repository import BRANCHES, ROOT, Task

OURS = {path.stem for kind in ("modules", "action") for path in (ROOT / "plugins" / kind).glob("*.py")}
RUNS_A_STRING = {"shell", "raw", "script"}
CREATES = {"copy", "template", "get_url", "unarchive", "assemble", "deb822_repository"}
IMPORTS = ("import_tasks", "include_tasks", "import_role", "include_role")
VERBS_IN_S = {"Access", "Address", "Compress", "Discuss", "Express", "Pass", "Press", "Process"}
MODE = re.compile(r"0[0-7]{3}|[0-7]{4}|{{.*}}|preserve")


def short(task: Task) -> str:
    """Give a module's name without its collection."""
    return task.module.rpartition(".")[2]


def is_named_in_the_imperative(task: Task) -> str:
    title = str(task.body.get("name", ""))
    first = title.split(" ")[0]
    if not title:
        return "has no name"
    if len(title) >= 70:
        return f"name has {len(title)} characters, 69 are allowed"
    if not first[0].isupper() or title.endswith("."):
        return "name is to begin with a capital and to end without a full stop"
    if first.endswith("ing") or first in {"The", "A", "An"} or (first.endswith("s") and first not in VERBS_IN_S):
        return f"name is to begin with an imperative, not {first!r}"
    return ""


def has_a_qualified_module(task: Task) -> str:
    if any(branch in task.body for branch in BRANCHES):
        return ""
    if not task.module:
        return "names its module by action or local_action"
    ours = task.module in OURS
    return "" if ours or task.module.count(".") == 2 else f"module {task.module!r} is not fully qualified"


def runs_no_string(task: Task) -> str:
    return f"{short(task)} is not used here: command, or a module" if short(task) in RUNS_A_STRING else ""


def ignores_no_errors(task: Task) -> str:
    return "ignores errors: say in failed_when what is no error" if "ignore_errors" in task.body else ""


def asks_for_no_latest(task: Task) -> str:
    moving = [key for key in ("state", "version", "upgrade") if task.args.get(key) == "latest"]
    return f"{moving[0]}: latest gives another result tomorrow" if moving else ""


def explains_its_command(task: Task) -> str:
    return "no comment says why no module fits this command" if short(task) == "command" and not task.comment else ""


def says_when_its_command_changes(task: Task) -> str:
    says = "changed_when" in task.body or {"creates", "removes"} & task.args.keys()
    return "command without changed_when, creates or removes" if short(task) == "command" and not says else ""


def quotes_its_modes(task: Task) -> str:
    for key in ("mode", "directory_mode"):
        mode = task.args.get(key)
        if mode is not None and not (isinstance(mode, str) and MODE.fullmatch(mode)):
            return f'{key} is to be four quoted digits, such as "0644"'
    return ""


def makes_files(task: Task) -> bool:
    """Tell whether the task can leave a new file or directory behind."""
    by_state = short(task) == "file" and task.args.get("state") in {"directory", "touch"}
    by_choice = short(task) in {"lineinfile", "blockinfile"} and task.args.get("create") is True
    return short(task) in CREATES or by_state or by_choice


def owns_what_it_creates(task: Task) -> str:
    if not makes_files(task):
        return ""
    wanted = ["mode"] if task.local or short(task) == "deb822_repository" else ["owner", "group", "mode"]
    missing = [key for key in wanted if key not in task.args]
    return f"creates a file without {', '.join(missing)}" if missing else ""


def loops_with_loop(task: Task) -> str:
    return "with_* is loop: now" if any(key.startswith("with_") for key in task.body) else ""


def labels_loops_over_mappings(task: Task) -> str:
    loop = task.body.get("loop")
    mappings = "dict2items" in loop if isinstance(loop, str) else any(isinstance(item, dict) for item in loop or [])
    label = (task.body.get("loop_control") or {}).get("label")
    return "loop over mappings without loop_control.label" if mappings and not label else ""


def keeps_its_variables_internal(task: Task) -> str:
    """Hold a role's registered, set and local variables to `__<role>_`."""
    if not task.role or short(task) in IMPORTS:
        return ""
    set_here = task.args if short(task) == "set_fact" else {}
    found: list[Any] = [
        *set_here,
        *(task.body.get("vars") or {}),
        (task.body.get("loop_control") or {}).get("loop_var"),
    ]
    found.append(task.body.get("register"))
    wrong = [str(one) for one in found if one and one != "cacheable" and not one.startswith(f"__{task.role}_")]
    wrong = [one for one in wrong if not one.startswith("ansible_")]
    return f"internal names begin with __{task.role}_, not: {', '.join(wrong)}" if wrong else ""


RULES: list[Callable[[Task], str]] = [
    is_named_in_the_imperative,
    has_a_qualified_module,
    runs_no_string,
    ignores_no_errors,
    asks_for_no_latest,
    explains_its_command,
    says_when_its_command_changes,
    quotes_its_modes,
    owns_what_it_creates,
    loops_with_loop,
    labels_loops_over_mappings,
    keeps_its_variables_internal,
]


def broken(rule: Callable[[Task], str], tasks: Iterator[Task]) -> list[str]:
    """List the tasks that break a rule."""
    return [f"{task.where}: {task.body.get('name', task.module)}: {wrong}" for task in tasks if (wrong := rule(task))]
