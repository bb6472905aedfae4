"""Libraries of the system that compiled packages are linked with: what a host lacks, a visitor would be the first to find out."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.module_utils.placid.command import run_as

# As ldd does: the loader only lists, and runs nothing of a library. A line is what is not found, and the file that wants it.
LIST = """
while IFS= read -r file; do
  list=$(LD_TRACE_LOADED_OBJECTS=1 "$1" "$file" 2>/dev/null </dev/null)
  case $list in *" => not found"*)
    echo "$list" | sed -n 's/ => not found$//p' | while read -r library; do echo "$library $file"; done
  esac
done
"""


def loader(root: Path = Path("/")) -> Path | None:
    """The dynamic loader of glibc, of whichever machine."""
    return next((path for directory in ("lib64", "lib") for path in sorted((root / directory).glob("ld-linux-*.so.*"))), None)


def lacking(user: str, venv: Path) -> list[str]:
    """The libraries that files of a virtual environment are linked with and that are nowhere, each with one such file.

    What a wheel brings along is not, also where only the file that loads it knows the way.
    """
    files = [os.path.join(above, name) for above, _, names in os.walk(venv) for name in names if ".so" in name]
    if not files or not (program := loader()):
        return []
    names, found = "".join(f"{file}\n" for file in sorted(files)), dict[str, str]()
    there = {os.path.basename(file) for file in files}
    command = ["/bin/sh", "-c", LIST, "sh", str(program)]
    for line in run_as(user, command, venv, {}, "Looking for libraries of the system", stdin=names).splitlines():
        library, _, file = line.partition(" ")
        if library not in there:
            found.setdefault(library, file.rpartition("/site-packages/")[2])
    return [f"{library} ({file})" for library, file in sorted(found.items())]
