"""The lock of a commit, whichever its format: what it pins, and how the manifest names it."""

from __future__ import annotations

import hashlib
import posixpath
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.placid.build import lock, project, pylock, uv
from ansible.module_utils.placid.build.from_source import LOCAL
from ansible.module_utils.placid.build.git import Entry, entries
from ansible.module_utils.placid.build.lock import Lock, Pin
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.source import Source
from ansible.module_utils.placid.build.store import digest_of, locked, scratch, writing
from ansible.module_utils.placid.errors import LockError, UnpinnedError

PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")
KINDS = {"uv.lock": "uv", "pyproject.toml": "project"}
REMEDIES = {"uv": "uv lock", "pylock": pylock.EXPORT, "project": "uv init", "requirements": lock.COMPILE}
MAKING = {"project": project.LOCK, "requirements": lock.COMPILE}  # what pins what these leave open
NAMES_SHOWN = 10


@dataclass(frozen=True)
class Locked:
    """What a commit asks for on the target."""

    pins: list[Pin]
    warnings: list[str]
    identity: dict[str, Any]  # of the manifest
    generated: bytes  # the lock that was made where there is none; empty where there is one


def load(source: Source, commit: str, request: Request) -> Locked:
    """Read the lock from the commit, never from the working copy."""
    base = posixpath.basename(request.lock)
    kind = KINDS.get(base) or ("pylock" if PYLOCK.fullmatch(base) else "requirements")
    if kind == "requirements":
        _check_requirements(request, base)
    tree = entries(source.git, commit, request.subdirectory)
    content = _read(source, commit, tree, request, REMEDIES[kind])
    generated = b""
    identity = {"file": request.lock, "sha256": hashlib.sha256(content).hexdigest(), "generated": False}
    if kind == "uv":
        found = _export(source, tree, request)
        project.check_python(tomllib.loads(content.decode()).get("requires-python", ""), request)  # uv asks for its own only
    elif kind == "pylock":
        found = pylock.parse(content, request.lock, request.target, request.extras, request.groups)
    elif kind == "project":
        found, generated = _made(project.unpinned(content, request), content, request, kind, identity)
    else:
        try:
            found = lock.parse(content, request.lock, request.target)
        except UnpinnedError as error:
            found, generated = _made(error, content, request, kind, identity)
    if request.extras or request.groups:
        identity |= {"extras": sorted(set(request.extras)), "groups": sorted(set(request.groups))}
    return Locked(found.pins, found.warnings, identity, generated)


def _check_requirements(request: Request, base: str) -> None:
    if base.endswith((".toml", ".lock", ".json", ".yml", ".yaml")):
        raise LockError(
            f"{request.lock} is not a lock that can be read. Name a uv.lock or pylock.toml, or make a requirements file with "
            f"hashes: {lock.COMPILE}"
        )
    if request.extras or request.groups:
        raise LockError(
            f"extras and groups choose from a uv.lock or pylock.toml; {request.lock} has none. Leave them out, or name such "
            "a file as `lock`."
        )


def _read(source: Source, commit: str, tree: dict[str, Entry], request: Request, remedy: str) -> bytes:
    found = tree.get(request.lock)
    if not found or found.kind != "blob":
        raise LockError(
            f"{posixpath.join(request.subdirectory, request.lock)} is not in {source.git.name} at {commit[:12]}. Make it "
            f"with: {remedy} and commit it, or name another file as `lock`."
        )
    if found.is_link:
        raise LockError(f"{request.lock} is a symbolic link at {commit[:12]}. Name the file that it leads to as `lock`.")
    return source.git.run("cat-file", "blob", found.object).encode("utf-8", "surrogateescape")


def _export(source: Source, tree: dict[str, Entry], request: Request) -> Lock:
    """Let uv turn its lock into requirements. It reads the pyproject.toml beside it, and those of a workspace below."""
    directory = posixpath.dirname(request.lock)
    with scratch(request.cache) as temporary:
        for path, entry in tree.items():
            within = posixpath.relpath(path, directory or ".")
            wanted = path == request.lock or posixpath.basename(path) == "pyproject.toml"
            if wanted and entry.kind == "blob" and not entry.is_link and not within.startswith("../"):
                file = temporary / within
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(source.git.run("cat-file", "blob", entry.object).encode("utf-8", "surrogateescape"))
        if not (temporary / "pyproject.toml").exists():
            raise LockError(f"There is no pyproject.toml beside {request.lock}, which uv needs to read it. Commit that too.")
        text = uv.export(temporary, request.lock, request.extras, request.groups)
    return lock.parse(text, request.lock, request.target)


def _made(error: UnpinnedError, content: bytes, request: Request, kind: str, identity: dict[str, Any]) -> tuple[Lock, bytes]:
    """A lock that is made where there is none, if it may be, and its text; what the manifest says of it goes into `identity`."""
    if request.lock_missing != "generate":
        raise error
    new, text = _generate(content, request, kind)
    identity |= {"generated": True, "generated_sha256": hashlib.sha256(text).hexdigest()}
    found = lock.parse(text, f"the lock made of {request.lock}", request.target)
    found.warnings.append(_say(error, request, new, MAKING[kind]))
    return found, text


def _generate(content: bytes, request: Request, kind: str) -> tuple[bool, bytes]:
    """The lock that was made of the same before, or a new one: whether it is new, and its text."""
    chosen = uv.choice(sorted(set(request.extras)), sorted(set(request.groups)))
    key = digest_of([hashlib.sha256(content).hexdigest(), request.target.as_dict(), *([chosen] if chosen else [])])
    kept = request.cache / "locks" / f"{key}.txt"
    with locked(kept.with_suffix(".lock")):
        if kept.exists():
            return False, kept.read_bytes()
        with scratch(request.cache) as temporary:
            file = "pyproject.toml" if kind == "project" else "requirements.in"
            if kind == "requirements":
                content = "".join(f"{line}\n" for line in lock.requirements(content, request.lock)).encode()
            (temporary / file).write_bytes(content)
            wheels_only = request.builder != LOCAL
            text = uv.compile_lock(
                temporary, file, chosen, request.lock, request.target, wheels_only=wheels_only, advice=MAKING[kind]
            )
        with writing(kept) as output:
            output.write(text)
    return True, text


def _say(error: UnpinnedError, request: Request, made: bool, remedy: str) -> str:
    names = ", ".join(error.names[:NAMES_SHOWN]) + (", …" if len(error.names) > NAMES_SHOWN else "")
    return (
        f"{request.lock} does not pin {names}: "
        f"{'a lock was made of it now' if made else 'the lock that was made of it before was used'}, which another controller "
        f"would not make alike. Commit a lock instead: {remedy}"
    )
