"""Runs a tool that is installed beside Ansible: pip, uv, and what is a part of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible.module_utils.placid.errors import PlacidError

TIMEOUT = 1800  # seconds for one step, such as a download of everything that is missing


def run(
    tool: str, words: list[str], environment: dict[str, str], directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this Python with words behind it, to its end, whichever that is. What it writes that is no text is kept as surrogates.

    tool: its name for people.
    """
    try:
        return subprocess.run(
            [sys.executable, *words],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PlacidError(f"{tool} did not finish within {TIMEOUT // 60} minutes; try again.") from error


def readable(text: str) -> str:
    """What a tool wrote, as it can be shown."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
