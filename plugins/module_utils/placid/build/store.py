"""Files of the cache: written whole or not at all, found by what is in them, and never trusted without a look."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

FORGOTTEN = 24 * 60 * 60  # seconds after which the temporary files of a run that died are removed


@dataclass(frozen=True)
class Wheel:
    """A wheel of the store, which lies there at <sha256>/<file>."""

    name: str
    version: str
    file: str
    sha256: str
    size: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def canonical(value: object) -> bytes:
    """The one way to write a value as JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def digest_of(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_file(path: Path) -> str:
    """The sha256 of a file; nothing where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when it is whole and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield cast("BinaryIO", file)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(directory)
        os.close(directory)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """An object from the cache; empty where the file is missing or broken, so that it is made again."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@contextmanager
def scratch(cache: Path) -> Iterator[Path]:
    """A temporary directory in the cache, so that renames stay on one file system; removes what dead runs left."""
    parent = cache / "temporary"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.iterdir():
        try:
            forgotten = time.time() - left.stat().st_mtime > FORGOTTEN
        except FileNotFoundError:  # a run beside this one has just removed it
            continue
        if forgotten:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other run does the same work; the kernel frees the lock of a run that died."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Store:
    """Wheels by their content, and which of them was chosen for each pin and target."""

    cache: Path

    @property
    def wheels(self) -> Path:
        return self.cache / "wheels"

    def path(self, wheel: Wheel) -> Path:
        return self.wheels / wheel.sha256 / wheel.file

    def holds(self, wheel: Wheel) -> bool:
        """Whether a wheel is there and still is what it was."""
        return digest_file(self.path(wheel)) == wheel.sha256

    def add(self, wheel: Wheel, downloaded: Path) -> None:
        with downloaded.open("rb") as source, writing(self.path(wheel)) as output:
            shutil.copyfileobj(source, output, 1024 * 1024)

    def choice(self, pin: str, target: dict[str, str]) -> Wheel | None:
        """The wheel that was chosen before for a line of a lock, if it is still whole."""
        found = read_json(self._choice_path(pin, target))
        try:
            wheel = Wheel(**found)
        except TypeError:
            return None
        plain = "/" not in f"{wheel.file}{wheel.sha256}"
        return wheel if plain and self.holds(wheel) else None

    def remember(self, pin: str, target: dict[str, str], wheel: Wheel) -> None:
        with writing(self._choice_path(pin, target)) as output:
            output.write(canonical(wheel.as_dict()))

    def _choice_path(self, pin: str, target: dict[str, str]) -> Path:
        return self.cache / "choices" / f"{digest_of([pin, target])}.json"
