"""Runs the controller's own uv: to read its lock, and to make a lock where an application has none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ansible.module_utils.placid.build.git import without_password
from ansible.module_utils.placid.build.pip import Pip
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.build.tool import readable, run
from ansible.module_utils.placid.errors import LockError

PYTHON = ["--python", sys.executable]
PLAIN = ["--quiet", "--no-header", "--no-annotate"]
INDEXES = {
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
}


def environment(base: dict[str, str], pip: dict[str, str]) -> dict[str, str]:
    """The environment for uv: nothing of its user's configuration, and the indexes that pip is configured to."""
    kept = {name: value for name, value in base.items() if not name.startswith("UV_") or name == "UV_CACHE_DIR"}
    kept |= {ours: pip[theirs] for theirs, ours in INDEXES.items() if theirs in pip}
    if "PIP_FIND_LINKS" in pip:  # pip separates them by spaces, uv by commas
        kept["UV_FIND_LINKS"] = ",".join(pip["PIP_FIND_LINKS"].split())
    return kept | {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}


def choice(extras: list[str], groups: list[str]) -> list[str]:
    """What is installed of a project beside its dependencies, as options of uv."""
    return [word for extra in extras for word in ("--extra", extra)] + [word for group in groups for word in ("--group", group)]


def export(directory: Path, name: str, extras: list[str], groups: list[str]) -> bytes:
    """The lock of a directory as requirements, with hashes. Needs no network."""
    chosen = choice(extras, groups)
    fixed = ["export", "--frozen", "--no-emit-project", "--no-editable", "--no-default-groups"]
    outcome = run(
        "uv",
        ["-m", "uv", *fixed, "--format", "requirements-txt", *PLAIN, *chosen, *PYTHON],
        environment(dict(os.environ), {}) | {"UV_OFFLINE": "1"},
        directory,
    )
    if outcome.returncode:
        raise LockError(
            f"uv cannot read {name}: {_cause(outcome.stderr, directory)}. Make it again with: uv lock, and see what it holds "
            f"with: {' '.join(['uv', *fixed, *chosen])}"
        )
    return outcome.stdout.encode("utf-8", "surrogateescape")


def compile_lock(
    directory: Path, file: str, chosen: list[str], name: str, target: Target, *, wheels_only: bool, advice: str
) -> bytes:
    """A lock of the directory's requirements.in or pyproject.toml for the target: the newest versions that fit together today."""
    pip = Pip().environment
    words = ["pip", "compile", file, *chosen, "--generate-hashes", "--no-emit-index-url", *PLAIN]
    words += ["--python-version", target.python, "--python-platform", target.uv_platform()]
    words += ["--index-strategy", "unsafe-best-match"]  # as pip does: the best version of all indexes
    words += ["--no-index"] if pip.get("PIP_NO_INDEX", "") not in ("", "0", "false", "no") else []
    words += ["--only-binary", ":all:"] if wheels_only else []
    outcome = run("uv", ["-m", "uv", *words, *PYTHON], environment(dict(os.environ), pip), directory)
    if outcome.returncode:
        raise LockError(
            f"No lock can be made of {name} for {target}: {_cause(outcome.stderr, directory)}. Correct it, or make the lock "
            f"yourself with: {advice}"
        )
    return outcome.stdout.encode("utf-8", "surrogateescape")


def _cause(messages: str, directory: Path) -> str:
    """What uv says went wrong, without the lines that it draws around."""
    lines = [
        line.strip(" \t\u00d7\u2570\u2500\u25b6\u2502") for line in readable(messages).replace(f"{directory}/", "").splitlines()
    ]
    told = " ".join(line for line in lines if line and not line.startswith(("warning:", "hint:")))
    return without_password(told or "no message").removeprefix("error: ").rstrip(".")[:400]
