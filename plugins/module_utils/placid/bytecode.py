"""The bytecode of packages: compiled before anything runs, and taken over from an earlier virtual environment where it can be.

Nothing of a package is run for it. All files belong to root by then.
"""

from __future__ import annotations

import os
import stat
import subprocess
from importlib.util import source_from_cache
from pathlib import Path


def adopt(old: Path, new: Path) -> int:
    """Link the bytecode of a virtual environment into another for each source that both hold alike; return for how many.

    Bytecode is good for a source of one size and time (PEP 3147), so the source in the new one gets the time of its twin. Where
    it lay when it was compiled does not matter: Python sets that right when it is loaded.
    """
    adopted = 0
    for packages in old.glob("lib/*/site-packages"):
        for directory, _, names in os.walk(packages):  # thousands of files: pathlib would take seconds
            if os.path.basename(directory) == "__pycache__":
                beside = os.path.join(new, os.path.relpath(directory, old))
                adopted += sum(_adopt(os.path.join(directory, name), os.path.join(beside, name)) for name in names)
    return adopted


def _adopt(compiled: str, link: str) -> bool:
    try:
        source, twin = source_from_cache(compiled), source_from_cache(link)
        times, same = os.stat(source), os.lstat(twin)
        if os.path.exists(link) or not stat.S_ISREG(same.st_mode) or times.st_size != same.st_size:
            return False
        if _content(source) != _content(twin):
            return False
    except (ValueError, OSError):  # no bytecode, or of a source that only one of them has
        return False
    os.makedirs(os.path.dirname(link), mode=0o755, exist_ok=True)
    os.link(compiled, link)
    os.utime(twin, ns=(same.st_atime_ns, times.st_mtime_ns))
    return True


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def sources(directory: Path) -> int:
    """How many files of Python are below a directory."""
    return sum(name.endswith(".py") for _, _, names in os.walk(directory) for name in names)


def compile_tree(interpreter: str, directory: Path, *options: str) -> None:
    """Compile what has no bytecode yet, or none that is good; a file that is no Python of this version stays without."""
    command = [interpreter, "-I", "-S", "-m", "compileall", "-qq", *options, str(directory)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
