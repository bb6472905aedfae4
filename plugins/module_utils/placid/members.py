"""Which members of a tar archive may become files of a release. Standard library only, like tree.py that uses it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable

from ansible.module_utils.placid.errors import ArchiveError

LINKS_FOLLOWED = 40  # as the kernel does before it answers ELOOP
NAME_BYTES = 255  # the longest file name that ext4, xfs and btrfs hold
PROBLEMS_SHOWN = 10


def encode(name: str) -> bytes:
    """The bytes of a name, whatever the locale; tarfile hides undecodable ones as surrogates."""
    return name.encode("utf-8", "surrogateescape")


def check_members(members: Iterable[tarfile.TarInfo]) -> None:
    """Refuse members that could land, or lead, outside the tree or are not plain files, directories and links."""
    by_path: dict[str, tarfile.TarInfo] = {}
    problems: list[str] = []
    for member in members:
        problem = _problem(member)
        if not problem and member.name in by_path:
            problem = "is there twice"
        if problem:
            problems.append(f"{member.name!r} {problem}")
        else:
            by_path[member.name] = member
    links = {path: member.linkname for path, member in by_path.items() if member.issym()}
    sound: set[str] = {""}
    for path in by_path:
        if not _parents_are_directories(path, by_path, sound):
            problems.append(f"{path!r} lies below something that is not a directory")
        elif path in links and not _stays_inside(path, links):
            problems.append(f"{path!r} is a link that leaves the tree, or never ends: {links[path]!r}")
    if problems:
        rest = len(problems) - PROBLEMS_SHOWN
        more = f"; and {rest} more" if rest > 0 else ""
        raise ArchiveError(
            f"The archive cannot become a release: {'; '.join(problems[:PROBLEMS_SHOWN])}{more}. "
            "Remove or rename these in the repository, commit, and deploy that commit."
        )


def _problem(member: tarfile.TarInfo) -> str:
    parts = member.name.split("/")
    if member.name.startswith("/"):
        return "has an absolute path"
    if ".." in parts:
        return "climbs out with '..'"
    if "" in parts or "." in parts or "\0" in member.name:
        return "is not a plain relative path"
    if any(len(encode(part)) > NAME_BYTES for part in parts):
        return f"has a name longer than {NAME_BYTES} bytes"
    if member.islnk():
        return "is a hard link"
    if not (member.isreg() or member.isdir() or member.issym()):
        return "is a device, a pipe or another special file"
    if member.issym() and (not member.linkname or "\0" in member.linkname):
        return "is a link to nowhere"
    return ""


def _parents_are_directories(path: str, by_path: dict[str, tarfile.TarInfo], sound: set[str]) -> bool:
    parent = path.rpartition("/")[0]
    if parent in sound:
        return True
    member = by_path.get(parent)
    if (member is None or member.isdir()) and _parents_are_directories(parent, by_path, sound):
        sound.add(parent)
        return True
    return False


def _stays_inside(path: str, links: dict[str, str]) -> bool:
    """Walk a link as the kernel would, through other links of the tree, and see whether it ever leaves the root."""
    place: list[str] = path.split("/")[:-1]
    ahead = links[path].split("/")[::-1]
    if links[path].startswith("/"):
        return False
    followed = 1
    while ahead:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return False
            place.pop()
            continue
        target = links.get("/".join([*place, part]))
        if target is None:
            place.append(part)
            continue
        followed += 1
        if followed > LINKS_FOLLOWED or target.startswith("/"):
            return False
        ahead.extend(target.split("/")[::-1])
    return True
