"""The repository itself."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

from auditing.common import KEPT, ROOT, VENV, Result, run

#: Its pattern leaves out tests and the example, whose passwords open nothing.
BASELINE = ROOT / ".config" / "secrets.json"
#: Ours that runs somewhere; tests assert, which bandit calls a mistake.
PROGRAMS = ("plugins/*", "sandbox/*", "tools/*", "roles/*", "examples/*")


def tracked(*patterns: str) -> list[str]:
    return [name for name in run("git", "ls-files", "-z", "--", *patterns).stdout.split("\0") if name]


def is_python(name: str) -> bool:
    path = ROOT / name
    return name.endswith(".py") or (path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/env python3"))


def code() -> Iterator[Result]:
    done = run("make", "--no-print-directory", "lint")
    (KEPT / "lint.txt").write_text(done.stdout + done.stderr)
    yield Result("ansible-lint, yamllint, ruff, mypy", f"exit {done.returncode}", "exit 0", done.returncode == 0)
    # Programs are run by name, with a list of arguments: ruff holds the rest of that.
    files = [name for name in tracked(*PROGRAMS) if is_python(name) and not name.endswith("tests.py")]
    done = run(VENV / "bandit", "-q", "-f", "json", "-s", "B404,B603,B607", *files)
    (KEPT / "bandit.json").write_text(done.stdout + done.stderr)
    report = json.loads(done.stdout or '{"results": [], "errors": ["nothing"], "metrics": {}}')
    found, read = report["results"] + report["errors"], len(report["metrics"]) - 1
    figure = f"{len(found)} findings in {read} of {len(files)} files"
    yield Result("bandit", figure, "0 in all", not found and read == len(files))
    yield secrets()


def secrets() -> Result:
    """What looks like a secret and is not in the baseline, or is there and nobody has said that it is none."""
    listed = json.loads(BASELINE.read_text())["results"].values()
    unaudited = sum(1 for entries in listed for entry in entries if entry.get("is_secret") is not False)
    # It brings the lines of the baseline up to date, which is nothing that an audit does.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as copy:
        files = [name for name in tracked() if ROOT / name != BASELINE]
        copy.write(BASELINE.read_text())
        copy.flush()
        done = run(VENV / "detect-secrets-hook", "--baseline", copy.name, *files)
    (KEPT / "secrets.txt").write_text(done.stdout + done.stderr)
    unaudited += done.stdout.count("Location:")
    return Result(
        "detect-secrets", f"{unaudited} unaudited, exit {done.returncode}", "0", not unaudited and done.returncode in (0, 3)
    )
