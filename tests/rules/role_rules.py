"""What holds for every role. The rules are pure functions over what a role's files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

FOLDERS = {"defaults", "files", "handlers", "meta", "tasks", "templates", "vars"}
SKELETON = {
    "README.md",
    "defaults/main.yml",
    "meta/argument_specs.yml",
    "meta/main.yml",
    "tasks/main.yml",
    "tasks/preflight.yml",
}
LIFECYCLE = ["preflight.yml", "install.yml", "configure.yml", "service.yml"]
SECRET = re.compile(r"(^|_)(password|passphrase|secret|secret_key|private_key|token)s?$")
HEADER = re.compile(r"\{\{ ansible_managed \| comment(\([^)]*\))? \}\}")


def lacks_of_the_skeleton(paths: set[str]) -> list[str]:
    """Compare a role's files, given relative to it, with the one skeleton."""
    missing = [f"{path} is missing" for path in sorted(SKELETON - paths)]
    tops = {path.split("/")[0] for path in paths} - {"README.md"} - FOLDERS
    return missing + [f"{top} is no part of a role" for top in sorted(tops)]


def disorder_in_main(items: list[dict[str, Any]]) -> list[str]:
    """Hold tasks/main.yml to a list of imports, in the order of the lifecycle."""
    imported = [item.get("ansible.builtin.import_tasks", item.get("ansible.builtin.include_tasks")) for item in items]
    if not all(isinstance(one, str) for one in imported):
        return ["tasks/main.yml is to be a list of imports"]
    if imported[:1] != ["preflight.yml"]:
        return ["tasks/main.yml is to begin with preflight.yml"]
    known = [one for one in imported if one in LIFECYCLE]
    return [] if known == sorted(known, key=LIFECYCLE.index) else [f"tasks/main.yml is to import {LIFECYCLE} in this order"]


def disagreements(options: dict[str, Any], defaults: dict[str, Any]) -> Iterator[str]:
    """Compare argument_specs with defaults, names and values, both ways."""
    for name in sorted(options.keys() | defaults.keys()):
        option = options.get(name)
        if option is None:
            yield f"{name} has a default but no argument_specs"
        elif option.get("required"):
            if name in defaults or "default" in option:
                yield f"{name} is required and has a default"
        elif name not in defaults or "default" not in option:
            yield f"{name} is not required: it is to have its default in defaults and in argument_specs"
        elif option["default"] != defaults[name]:
            yield f"{name} defaults to {defaults[name]!r} and says {option['default']!r} in argument_specs"


def undescribed(options: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Find the options, inner ones too, without a description or a type."""
    for name, option in options.items():
        lacking = [key for key in ("description", "type") if not option.get(key)]
        if lacking:
            yield f"{prefix}{name} has no {' and no '.join(lacking)}"
        yield from undescribed(option.get("options", {}), f"{prefix}{name}.")


def misnamed(role: str, names: Iterator[str]) -> list[str]:
    """Find public variables that do not begin with their role's name."""
    return [f"{name} is to begin with {role}_" for name in names if not name.startswith(f"{role}_")]


def public_in_vars(role: str, variables: dict[str, Any]) -> list[str]:
    """Find names in vars/, which nobody can set, that look as if one could."""
    return [f"{name} in vars is to begin with __{role}_" for name in variables if not name.startswith(f"__{role}_")]


def uncommented(defaults: str) -> list[str]:
    """Find the defaults without a comment on the line above."""
    lines = ["", *defaults.splitlines()]
    keys = [(above, line) for above, line in pairwise(lines) if re.match(r"\w+:", line)]
    return [f"{line.split(':')[0]} has no comment above" for above, line in keys if not above.startswith("# ")]


def secrets_with_a_default(defaults: dict[str, Any]) -> list[str]:
    """Find secrets that a role would make up itself."""
    return [f"{name} is a secret and has a default" for name, value in defaults.items() if SECRET.search(name) and value]


def bad_header(role: str, template: str) -> list[str]:
    """Hold a template to saying who manages it, and which role."""
    first, *others = [*template.splitlines(), ""]
    if not HEADER.fullmatch(first):
        return ["is to begin with {{ ansible_managed | comment }}"]
    return [] if any(role in line for line in others[:2]) else [f"names its role, {role}, in no comment below its first line"]
