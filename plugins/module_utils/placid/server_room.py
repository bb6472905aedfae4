"""Whether a host can take a server: its ports are nobody else's, and no site of others goes with the server that it replaces."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Collection
from pathlib import Path

#: What the templates of sites say of themselves.
OURS = re.compile(rb"^# Role: (?:app|load_balancer)\. The site of ", re.MULTILINE)


def problems(server: str, ports: Collection[int], programs: Collection[str], listening: dict[int, str]) -> list[str]:
    """What stands in the way of the server, a sentence each with its remedy. programs: who may have its ports already."""
    return [
        f"Port {port}, which {server} is to have, is taken by {program}. Stop it and take it off the host: "
        f"systemctl disable --now {program}"
        for port, program in listening.items()
        if port in ports and program not in programs
    ]


def foreign_sites(directory: Path, server: str, root: Path = Path("/")) -> list[str]:
    """The sites in the directory that would go with it and are neither Placid's nor as Debian's packages brought them."""
    return [
        f"{path} is a site of others, and would be removed with its web server where {server} is to be. Move the site to another "
        f"host, or remove the file where nobody needs it; or leave this host out of the inventory."
        for path in sorted(directory.glob("*"))
        if path.is_file() and not _is_ours(path, root)
    ]


def _is_ours(path: Path, root: Path) -> bool:
    content, status = path.read_bytes(), root / "var/lib/dpkg/status"
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()  # what dpkg keeps of a configuration file
    shipped = status.read_text(errors="replace") if status.exists() else ""
    return bool(OURS.search(content)) or f" /{path.resolve().relative_to(root.resolve())} {digest}\n" in shipped


def listening(ports: Collection[int], root: Path = Path("/")) -> dict[int, str]:
    """The program that listens on each of the ports, on any address."""
    inodes = {}
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in (root / "proc/net" / table).read_text().splitlines()[1:]:
                words = line.split()
                port = int(words[1].rpartition(":")[2], 16)
                if words[3] == "0A" and port in ports:
                    inodes[f"socket:[{words[9]}]"] = port
    found: dict[int, str] = {}
    for process in (root / "proc").glob("[0-9]*") if inodes else ():
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                port = inodes.get(os.readlink(descriptor), 0)
                if port:
                    found[port] = (process / "comm").read_text().strip()
    return dict(sorted(found.items()))
