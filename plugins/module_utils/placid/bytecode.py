"""The bytecode of packages: compiled before anything runs, and taken over from an earlier virtual environment where it can be.

Nothing of a package is run for it. All files belong to root by then.
"""

from __future__ import annotations

import os
import subprocess
from importlib.util import source_from_cache
from pathlib import Path


def adopt(old: Path, new: Path) -> int:
    """Link the bytecode of a virtual environment into another for each source that both hold alike; return for how many.

    Bytecode is good for a source of one size and time (PEP 3147), so the source in the new one gets the time of its twin. Where
    it lay when it was compiled does not matter: Python sets that right when it is loaded.
    """
    adopted = 0
    for compiled in old.glob("lib/*/site-packages/**/__pycache__/*.pyc"):
        try:
            source = Path(source_from_cache(compiled))
        except ValueError:
            continue
        twin, link = new / source.relative_to(old), new / compiled.relative_to(old)
        if not link.exists() and _alike(source, twin):
            link.parent.mkdir(mode=0o755, exist_ok=True)
            os.link(compiled, link)
            os.utime(twin, ns=(twin.stat().st_atime_ns, source.stat().st_mtime_ns))
            adopted += 1
    return adopted


def _alike(source: Path, twin: Path) -> bool:
    return source.is_file() and twin.is_file() and not twin.is_symlink() and source.read_bytes() == twin.read_bytes()


def compile_tree(interpreter: str, directory: Path, *options: str) -> None:
    """Compile what has no bytecode yet, or none that is good; a file that is no Python of this version stays without."""
    command = [interpreter, "-I", "-S", "-m", "compileall", "-qq", *options, str(directory)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
