"""The kernel's settings: what a file of sysctl.d asks for, and what the kernel has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PROC = Path("/proc/sys")


def parse(text: str) -> dict[str, str]:
    """Names and values of a file of sysctl.d; of a name that stands twice, the last."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#;")
    return {name.strip().lstrip("-"): _value(value) for name, _, value in pairs if name.strip()}


def differing(wanted: Mapping[str, str], prefix: str = "", proc: Path = PROC) -> dict[str, tuple[str, str]]:
    """(what the kernel has, what is wanted) of each setting that begins with the prefix and is another now.

    A setting that this kernel has not is left out, as systemd-sysctl does.
    """
    found = {}
    for name, value in wanted.items():
        path = proc / name.replace(".", "/")
        if name.startswith(prefix) and path.exists() and (now := _value(path.read_text())) != value:
            found[name] = (now, value)
    return found


def write(settings: Mapping[str, str], proc: Path = PROC) -> None:
    """Give the kernel these values."""
    for name, value in settings.items():
        (proc / name.replace(".", "/")).write_text(value)


def _value(text: str) -> str:
    return " ".join(text.split())
