"""Reads a lock file: exactly which version of which package belongs on the target, and with which hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ansible.module_utils.placid.build.git import FULL, SCHEMES, has_password, without_password
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError, UnpinnedError
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

INDEX_OPTIONS = ("-i", "--index-url", "--extra-index-url", "--no-index", "-f", "--find-links", "--trusted-host")
OTHER_OPTIONS = ("--only-binary", "--no-binary", "--prefer-binary", "--pre", "--use-feature")
HASH = re.compile(r"\s--hash[=\s]\s*(\S+)")
FILE = re.compile(r"(?P<path>\S+\.(whl|tar\.gz|zip))(\s*;\s*(?P<marker>.+))?")
DIRECTORY = re.compile(r"(?P<path>[^\s:;~/][^\s:;]*/[^\s:;]*)(\s*;\s*(?P<marker>.+))?")
COMPILE = "uv pip compile --generate-hashes requirements.in -o requirements.txt"


@dataclass(frozen=True)
class Pin:
    """One package at one version, from an index, a git repository, or a file or directory of the commit."""

    name: str  # empty where the directory alone says it
    version: str  # empty where a commit of a git repository or a directory says it
    hashes: frozenset[str] = frozenset()  # sha256 of each file that may be used; empty where the lock has none
    git: str = ""  # git+<URL>@<commit>, perhaps with #subdirectory=…
    path: str = ""  # of a wheel or sdist, as the lock writes it
    directory: str = ""  # within the repository, as the lock writes it
    tree: str = ""  # digest of what is in it, once that is known

    def __str__(self) -> str:
        if self.directory:
            return self.directory
        return f"{self.name} @ {without_password(self.git)}" if self.git else f"{self.name}=={self.version}"

    def line(self) -> str:
        """As a line of a requirements file; any change of it means another choice of wheel."""
        if self.tree:  # wherever it lies
            return f"tree {self.tree}"
        what = f"{self.name} @ {self.git}" if self.git else str(self)
        return " ".join([what, *(f"--hash=sha256:{digest}" for digest in sorted(self.hashes))])


@dataclass
class Lock:
    """What a lock file asks for on one target."""

    pins: list[Pin] = field(default_factory=list)  # sorted by name, each name once
    warnings: list[str] = field(default_factory=list)


def parse(content: bytes, name: str, target: Target) -> Lock:
    """Parse a requirements file that pins everything. `name` is how errors call it."""
    lock, found, wants_hashes = Lock(), dict[str, tuple[Pin, int]](), False
    first: UnpinnedError | None = None
    unpinned: list[str] = []
    for number, line in _logical_lines(_text(content, name)):
        where = f"{name}, line {number}"
        if line.startswith("-"):
            wants_hashes |= line.split()[0] == "--require-hashes"
            lock.warnings.extend(_option(line, where))
            continue
        try:
            pin = _pin(line, where, target, lock.warnings)
        except UnpinnedError as error:
            unpinned += error.names
            first = first or error
            continue
        if pin is None:
            continue
        key = pin.name or pin.directory
        before, there = found.get(key, (pin, number))
        if replace(before, hashes=pin.hashes) != pin:
            raise LockError(f"{where}: {pin} contradicts {before} in line {there}. Keep one, or make the lock again: {COMPILE}")
        found[key] = (replace(pin, hashes=before.hashes | pin.hashes), there)
    if first:
        others = f", nor are {', '.join(unpinned[1:])}" if unpinned[1:] else ""
        raise UnpinnedError(f"{first}{others}. Make a lock with: {COMPILE}", unpinned)
    lock.pins = [found[key][0] for key in sorted(found)]
    bare = [str(pin) for pin in lock.pins if not (pin.hashes or pin.git or pin.path or pin.directory)]
    if bare and wants_hashes:
        raise LockError(f"{name} says --require-hashes, but has none for {', '.join(bare)}. Make it again: {COMPILE}")
    if bare:
        lock.warnings.append(
            f"{name} has no hashes for {len(bare)} of {len(lock.pins)} packages ({', '.join(bare[:5])}"
            f"{', …' if len(bare) > 5 else ''}): what an index serves for them is trusted. Add them with: {COMPILE}"
        )
    return lock


def requirements(content: bytes, name: str) -> list[str]:
    """The requirements of a file without its options, so that no index which it names is asked.

    Raises LockError for what lies in the repository: whoever makes the lock there knows what that needs in its turn.
    """
    lines = [(number, line) for number, line in _logical_lines(_text(content, name)) if not line.startswith("-")]
    for number, line in lines:
        if match := FILE.fullmatch(line) or DIRECTORY.fullmatch(line):
            raise LockError(
                f"{name}, line {number}: {match['path']} is in the repository, and lock_missing: generate asks an index alone. "
                f"Make the lock yourself, where that file or directory is: {COMPILE}"
            )
    return [line for _, line in lines]


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LockError(f"{name} is not UTF-8 text (byte {error.start}). Make it again with: {COMPILE}") from error


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with continuations joined, comments removed, and the number of the first one, as pip reads them."""
    gathered, first = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], start=1):
        first = first if gathered else number
        is_comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not is_comment:
            gathered += raw[:-1] + " "
            continue
        line = re.sub(r"(^|\s)#.*$", "", gathered + ("" if is_comment else raw)).strip()
        gathered = ""
        if line:
            yield first, line


def _option(line: str, where: str) -> Iterator[str]:
    """Refuse or ignore a line that is an option. Its value is never shown: an index URL may hold a password."""
    word = re.split(r"[=\s]", line, maxsplit=1)[0]
    short = word[:2] if not word.startswith("--") else word
    if word in ("--editable", "--requirement", "--constraint") or short in ("-e", "-r", "-c"):
        what = "installs a working directory, not a version" if short in ("-e", "--editable") else "includes another file"
        raise LockError(f"{where}: {word} {what}; a lock stands alone. Make one file of it all with: {COMPILE}")
    if word == "--require-hashes":
        return
    if word in INDEX_OPTIONS or short in ("-i", "-f"):
        yield f"{where}: {word} is ignored; the controller's own configuration of pip says where packages come from"
    elif word in OTHER_OPTIONS:
        yield f"{where}: {word} is ignored; only wheels of exactly the locked versions are used"
    else:
        raise LockError(f"{where}: {word} is not known in a lock. Remove it, or make the lock again with: {COMPILE}")


def _pin(line: str, where: str, target: Target, warnings: list[str]) -> Pin | None:
    """One requirement; nothing where its marker says that it is not for the target."""
    shown = without_password(line.split(" --", 1)[0].strip())
    hashes = HASH.findall(line)
    specification = HASH.sub("", line).strip()
    if re.search(r"\s--?\w", specification):
        raise LockError(f"{where}: only --hash may follow a requirement ({shown}). Remove the other options.")
    if file := FILE.fullmatch(specification) or DIRECTORY.fullmatch(specification):
        try:
            marker = Marker(file["marker"]) if file["marker"] else None
        except InvalidMarker as error:
            raise LockError(f"{where}: the marker of {shown} cannot be understood. Correct what follows its ;") from error
        if not _applies(file["path"], marker, where, target, warnings):
            return None
        if file.re is DIRECTORY:
            if hashes:
                raise LockError(f"{where}: {file['path']} is a directory, which has no hash. Leave only its path.")
            return Pin("", "", directory=file["path"])
        return file_pin(file["path"], frozenset(_sha256(hashes, where)), where)
    if re.match(r"(\.|/|~|[a-z+]+:)", specification):
        raise LockError(f"{where}: {shown} is the project itself, a URL or a path here, not a version. {_remedy('<name>')}")
    try:
        requirement = Requirement(specification)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise LockError(f"{where}: {shown} cannot be understood ({reason}). Make the lock again: {COMPILE}") from error
    if not _applies(requirement.name, requirement.marker, where, target, warnings):
        return None
    name = canonicalize_name(requirement.name)
    if requirement.url:
        return Pin(name, "", git=git_origin(requirement.url, name, where))
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator != "==" or specifiers[0].version.endswith("*"):
        raise UnpinnedError(f"{where}: {shown} is not pinned to one version (name==1.2.3)", [requirement.name])
    return Pin(name, specifiers[0].version, frozenset(_sha256(hashes, where)))


def git_origin(url: str, name: str, where: str) -> str:
    """A URL of a git repository at a full commit, as pip takes it."""
    address, _, fragment = url.partition("#")
    scheme, commit = address.partition("://")[0], address.rpartition("@")[2]
    shown = without_password(url)
    if scheme not in {f"git+{known}" for known in SCHEMES}:
        raise LockError(f"{where}: {name} comes from a URL ({shown}), not from an index. {_remedy(name)}")
    if has_password(address.removeprefix("git+")):
        raise LockError(
            f"{where}: the URL {shown} holds a password, which would show in process lists and logs. "
            "Use an SSH key, or store it with: git config --global credential.helper store"
        )
    if not FULL.fullmatch(commit):
        raise LockError(
            f"{where}: {shown} names no full commit; a branch or a tag moves. Write the commit's 40 digits after the @: "
            f"{name} @ {shown.partition('#')[0]}@<commit>"
        )
    subdirectory = re.search(r"(?:^|&)subdirectory=([^&]+)", fragment)
    return address + (f"#subdirectory={subdirectory[1]}" if subdirectory else "")


def file_pin(path: str, hashes: frozenset[str], where: str) -> Pin:
    """A wheel or sdist within the tree; its name says what it is."""
    file = path.rsplit("/", 1)[-1]
    if path.startswith(("/", "~")) or "://" in path or ".." in path.split("/"):
        raise LockError(
            f"{where}: {without_password(path)} is not within the repository. Commit the file, and name it by its path there, "
            f"like: ./wheelhouse/{file}"
        )
    try:
        name, version = parse_wheel_filename(file)[:2] if file.endswith(".whl") else parse_sdist_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise LockError(f"{where}: {file} does not have the name of a wheel or sdist. Give it back its own name.") from error
    return Pin(name, str(version), hashes, path=path)


def _applies(name: str, marker: Marker | None, where: str, target: Target, warnings: list[str]) -> bool:
    if marker is None:
        return True
    first, last = (marker.evaluate(target.markers(patch)) for patch in (0, 99))
    if first != last:
        warnings.append(
            f"{where}: whether {name} is needed depends on the patch version of Python {target.python}; "
            f"it is taken as {target.python}.0"
        )
    return first


def _sha256(hashes: list[str], where: str) -> Iterator[str]:
    for text in hashes:
        algorithm, _, digest = text.partition(":")
        if algorithm != "sha256" or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            raise LockError(f"{where}: --hash={text[:20]}… is not a sha256. Make the lock again with: {COMPILE}")
        yield digest.lower()


def _remedy(name: str) -> str:
    return f"Build a wheel of it, publish that on your package index, and pin it as {name}==<version>."
