"""Runs an application's own tests on the controller, before any host is touched."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import zstandard
from ansible.module_utils.placid import command
from ansible.module_utils.placid.build.store import canonical, digest_of, writing
from ansible.module_utils.placid.build.tool import TIMEOUT
from ansible.module_utils.placid.errors import ProofError
from ansible.module_utils.placid.tree import unpack

NOT_TOLD = ("ANSIBLE_", "GIT_", "PYTHON", "VIRTUAL_ENV")  # variables of whoever deploys that would change how tests run


def prove(commands: list[str], source: dict[str, Any], archive: Path, cache: Path) -> str:
    """Run the commands in a copy of the tree, unless they passed on the same files before; return what was done, in words.

    source: the manifest's. What the commands write is kept by `command.keep`. Raises ProofError where one fails.
    """
    passed = cache / "tested" / f"{digest_of([source['tree_sha256'], commands])}.json"
    if passed.exists():
        return f"Tested before, on the same files: {'; '.join(commands)}"
    # Not in the cache: a test runner and git look for their configuration in the directories above, too.
    with tempfile.TemporaryDirectory(prefix="placid-test-", ignore_cleanup_errors=True) as temporary:
        tree = Path(temporary, "tree")
        with archive.open("rb") as packed, tempfile.TemporaryFile() as tar:
            zstandard.ZstdDecompressor().copy_stream(packed, tar)
            unpack(tar, tree)
        for line in commands:
            _run(line, tree)
    with writing(passed) as output:
        output.write(canonical(commands))
    return f"Tested: {'; '.join(commands)}"


def environment(base: dict[str, str]) -> dict[str, str]:
    """The environment of whoever deploys, in which a command of this project's own tools is found last."""
    ours = os.path.join(sys.prefix, "bin")
    path = [each for each in base.get("PATH", os.defpath).split(os.pathsep) if each != ours]
    return {name: value for name, value in base.items() if not name.startswith(NOT_TOLD)} | {
        "PATH": os.pathsep.join([*path, ours])
    }


def _run(line: str, tree: Path) -> None:
    surroundings = environment(dict(os.environ))
    try:
        done = subprocess.run(
            ["env", *shlex.split(line)],  # looks for the program in the PATH that it is given
            cwd=tree,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProofError(f"The test {line!r} did not end within {TIMEOUT // 60} minutes. No host was touched.") from None
    said = command.keep(f"test {line}", done.stdout, done.stderr)
    if done.returncode:
        raise ProofError(f"The test {line!r} ended with {done.returncode}; no host was touched.{command.tail(said)}")
