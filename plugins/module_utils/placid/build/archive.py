"""Makes one deterministic archive of a commit and its submodules, and refuses what must not be in a release."""

from __future__ import annotations

import datetime
import io
import os
import posixpath
import re
import tarfile
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from ansible.module_utils.placid.build.git import Git, cause, entries, run
from ansible.module_utils.placid.build.submodules import Part
from ansible.module_utils.placid.errors import ArchiveError
from ansible.module_utils.placid.members import PROBLEMS_SHOWN, check_members, encode

LEVEL = 5  # of zstd: near the best size for source code at a tenth of the time
CHUNK = 2**20  # bytes of a file that are in memory at once
RESERVED = ("venv", "release.json", ".placid")  # what Placid itself puts at the top of a release
SAMPLES = (".example", ".sample", ".template", ".dist")
# At the beginning of a line, be it indented as in YAML: what only speaks of one, or a string in a program, is none.
PRIVATE_KEY = re.compile(rb"[\r\n][ \t]{0,40}-----BEGIN [A-Z ]{0,40}PRIVATE KEY( BLOCK)?-----")
LONGEST = 120  # bytes of what that finds
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Member:
    """A file or link on its way into the archive."""

    path: str
    info: tarfile.TarInfo
    archive: tarfile.TarFile
    submodule: str  # that it is from; empty for the application's own


def write_tar(parts: list[Part], subdirectory: str, when: datetime.datetime, temporary: Path, output: BinaryIO) -> list[str]:
    """Write the trees of all parts as one tar: sorted, one owner, one time, two modes. Same parts, same bytes.

    The first part is the application's own. Answers the committed files that `export-ignore` left out.
    """
    with ExitStack() as stack:
        members: list[Member] = []
        for number, part in enumerate(parts):
            within = "" if part.path else subdirectory
            path = temporary / f"part-{number}.tar"
            _git_archive(part, within, path, temporary)
            opened = stack.enter_context(tarfile.open(path, encoding="utf-8", errors="surrogateescape"))
            members.extend(_members(part, within, opened))
        members.sort(key=lambda member: encode(member.path))
        for member in members:
            member.info.name = member.path
        check_members(member.info for member in members)
        _write(members, parts[0].commit, int(when.timestamp()), output)
        return sorted(_listed(parts, subdirectory) - {member.path for member in members})


def _git_archive(part: Part, subdirectory: str, output: Path, temporary: Path) -> None:
    """Run git archive where only the commit decides: an empty repository that borrows the objects of the real one.

    Attributes, filters (git-lfs) and line endings of the real repository, of the user and of the machine would change
    the bytes; `export-ignore` and `export-subst` in the committed .gitattributes still work. The commit is named, and not its
    tree, since git substitutes nothing in a tree and reads no attributes above a directory.
    """
    git = part.source.git
    objects = Path(git.run("rev-parse", "--git-path", "objects").strip())
    borrowing = Path(tempfile.mkdtemp(dir=temporary))
    bare = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
    run(["init", "--quiet", "--bare", "--template=", str(borrowing)], extra=bare)
    alternates = borrowing / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{objects.resolve()}\n")
    options = ["-c", "core.attributesFile=", "-c", "core.autocrlf=false", "-c", "core.eol=lf"]
    options += ["-c", "core.abbrev=12"]  # git shortens by how many objects a repository has, and clones differ in that
    below = [f":(literal){subdirectory}"] if subdirectory else []
    command = [f"--git-dir={borrowing}", *options, "archive", "--format=tar", part.commit, "--", *below]
    with output.open("wb") as file:
        made = run(command, output=file, extra=bare)
    if made.returncode:  # what it wrote until then looks like a whole archive and is not
        output.unlink()
        what = f"submodule {part.path}" if part.path else "the repository"
        raise ArchiveError(f"git archive of {part.commit} failed in {git.name} ({what}): {cause(made.stderr)}. {_remedy(git)}")


def _remedy(git: Git) -> str:
    here = f"git --git-dir={git.directory}"
    if git.run("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$", allow=(0, 1)):
        return (
            f"It is a partial clone; get the rest of it with: {here} fetch --refetch --no-filter, or give `repository` as a URL"
        )
    return f"Objects are missing or damaged; see with: {here} fsck"


def _members(part: Part, subdirectory: str, archive: tarfile.TarFile) -> list[Member]:
    below, above = f"{part.path}/" if part.path else "", f"{subdirectory}/" if subdirectory else ""
    return [Member(below + info.name.removeprefix(above), info, archive, part.path) for info in archive if not info.isdir()]


def _listed(parts: list[Part], subdirectory: str) -> set[str]:
    """Every file and link that was committed."""
    paths: set[str] = set()
    for part in parts:
        known = entries(part.source.git, part.commit, "" if part.path else subdirectory)
        paths |= {posixpath.join(part.path, path) for path, entry in known.items() if entry.kind == "blob"}
    return paths


def _write(members: list[Member], commit: str, when: int, output: BinaryIO) -> None:
    problems: dict[str, str] = {}  # each with the submodule that has it
    headers = {"comment": commit}  # as git archive has it: `git get-tar-commit-id` reads it back
    with tarfile.open(
        fileobj=output, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape", pax_headers=headers
    ) as merged:
        for member in members:
            info = tarfile.TarInfo(member.path)
            info.mtime, info.mode, info.type = when, 0o777, member.info.type
            if member.info.issym():
                info.linkname = member.info.linkname
                problems[refusal(member.path, io.BytesIO())] = member.submodule
                merged.addfile(info)
                continue
            with cast("BinaryIO", member.archive.extractfile(member.info)) as source:
                problems[refusal(member.path, source)] = member.submodule
                source.seek(0)
                info.mode, info.size = 0o755 if member.info.mode & 0o100 else 0o644, member.info.size
                merged.addfile(info, source)
    problems.pop("", None)
    if problems:
        rest = len(problems) - PROBLEMS_SHOWN
        more = f"; and {rest} more" if rest > 0 else ""
        submodules = ", ".join(sorted({submodule for submodule in problems.values() if submodule}))
        theirs = (
            f". For what is in {submodules}, do so in that submodule: the line belongs into its own .gitattributes, with the "
            "path from there. Push it, then commit the submodule here"
        )
        raise ArchiveError(
            f"The commit holds what must not be in a release: {'; '.join(list(problems)[:PROBLEMS_SHOWN])}{more}. Remove it "
            "with `git rm --cached` and commit, or leave it out with a line in .gitattributes: <path> export-ignore"
            f"{theirs if submodules else ''}"
        )


def refusal(path: str, content: BinaryIO) -> str:
    """Why a file must not be in a release, judged by its path and its content; nothing where it may."""
    top, name = path.split("/", 1)[0], path.rsplit("/", 1)[-1]
    if top in RESERVED:
        return f"{path!r} has a name that Placid itself puts at the top of a release"
    if name == ".env" or (name.startswith(".env.") and not name.endswith(SAMPLES)):
        return f"{path!r} is a settings file, which may hold secrets (they belong in the vault)"
    if name.endswith(".pyc"):
        return f"{path!r} is compiled Python, which can hide what the source says"
    if content.read(len(LFS_POINTER)) == LFS_POINTER:
        return f"{path!r} is a git-lfs pointer, not the file itself (git-lfs is not supported; commit the file)"
    content.seek(0)
    return f"{path!r} holds a private key" if _holds_private_key(content) else ""


def _holds_private_key(content: BinaryIO) -> bool:
    """Whether a line of a file, be it as long as it may, begins one."""
    before = b"\n"
    while chunk := content.read(CHUNK):
        text = before + chunk
        if b"PRIVATE KEY" in text and PRIVATE_KEY.search(text):
            return True
        before = text[-LONGEST:]
    return False


def compress(tar: BinaryIO, output: BinaryIO, size: int) -> None:
    """Compress with one thread and fixed parameters: the same tar gives the same bytes."""
    tar.seek(0)
    compressor = zstandard.ZstdCompressor(level=LEVEL, threads=0, write_content_size=True, write_checksum=True)
    compressor.copy_stream(tar, output, size=size)
