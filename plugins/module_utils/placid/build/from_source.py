"""Wheels of what is published only as source: built once, here or on a builder, and never on an application host."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ansible.module_utils.placid.build import checkout
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.pip import FIND_OUT, NOT_LOCKED, Pip, explain
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file, locked
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import PlacidError, WheelhouseError
from ansible.module_utils.placid.tree import unpack
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

LOCAL = "local"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Source:
    """What a wheel is built of. `key` says what it is; the wheel of one key is built once for a target."""

    name: str  # empty where a directory of the commit says it
    version: str  # empty where that or a commit of a git repository says it
    shown: str  # what errors call it
    line: str  # of the lock
    key: str
    origin: str  # path of an sdist, or of a tar of a git checkout or a directory; or git+<URL>@<commit>
    subdirectory: str = ""  # within the checkout

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class BuildNeededError(Exception):
    """What cannot go on before a builder has built these; their files are its to remove."""

    def __init__(self, sources: list[Source]) -> None:
        super().__init__(", ".join(source.shown for source in sources))
        self.sources = sources


def check_built(source: Source, path: Path, target: Target, where: str, native: bool = False) -> Wheel:
    """The wheel that was built of a source. native: on a host like the target, so that it may be for Linux as it is there."""
    try:
        name, version = parse_wheel_filename(path.name)[:2]
    except InvalidWheelFilename as error:
        raise WheelhouseError(
            f"The source of {source.shown} makes {path.name!r}, which is no wheel. Correct the lock."
        ) from error
    if canonicalize_name(name) != (source.name or name) or str(version) != (source.version or str(version)):
        raise WheelhouseError(f"The source of {source.shown} makes {path.name}, another package. Correct the lock.")
    target.check_fits(path.name, f"What was built of {source.shown} on {where}", native)
    return Wheel(name, str(version), path.name, digest_file(path), path.stat().st_size)


def keep(store: Store, target: Target, source: Source, wheel: Wheel, path: Path) -> None:
    """Keep a wheel that was built, to be found again."""
    store.add(wheel, path)
    for key in (source.key, source.line):
        store.remember(key, target.as_dict(), wheel)


def building(store: Store) -> Path:
    """The file whose lock a run holds while it builds: two runs would make two wheels of one source."""
    return store.cache / "choices" / "from-source.lock"


def each(what: Iterable[Made], do: Callable[[Made], Any]) -> dict[Made, Any]:
    """What each comes to; what went wrong is told of all at once."""
    done, problems = {}, []
    for one in what:
        try:
            done[one] = do(one)
        except PlacidError as error:
            problems.append(str(error))
    if problems:
        raise WheelhouseError("\n".join(problems))
    return done


@dataclass(frozen=True)
class Builder:
    """The place where wheels are built: this machine, or a host that is named."""

    pip: Pip
    target: Target
    store: Store
    temporary: Path
    log: list[str]
    place: str = LOCAL

    def build(self, pins: list[Pin], sdists: Mapping[Pin, Path]) -> dict[Pin, Wheel]:
        """The wheels of pins. The same source gives the same bytes, because it is built once and then kept."""
        with locked(building(self.store)):
            sources = each(pins, lambda pin: self._source(pin, sdists.get(pin)))
            wheels = {pin: wheel for pin, source in sources.items() if (wheel := self._found(source))}
            rest = [pin for pin in pins if pin not in wheels]
            if rest and self.place != LOCAL:
                raise BuildNeededError(self._hand_over([sources[pin] for pin in rest]))
            return wheels | each(rest, lambda pin: self._make(sources[pin]))

    def _source(self, pin: Pin, sdist: Path | None) -> Source:
        what = (pin.name, pin.version, str(pin), pin.line())
        if pin.git:
            return Source(*what, f"git {pin.git.rpartition('@')[2]} {pin.name}", pin.git, checkout.parts_of(pin.git)[2])
        if pin.tree:
            return Source(*what, pin.line(), str(sdist))
        sdist = sdist or download(self.pip, pin, self.target, self.temporary)
        digest = digest_file(sdist)
        if pin.hashes and digest not in pin.hashes:
            raise WheelhouseError(f"{NOT_LOCKED}: {sdist.name} has sha256 {digest}, which the lock lacks for {pin}. {FIND_OUT}")
        return Source(*what, f"sdist sha256:{digest}", str(sdist))

    def _found(self, source: Source) -> Wheel | None:
        wheel = self.store.choice(source.key, self.target.as_dict())
        if wheel:
            self.store.remember(source.line, self.target.as_dict(), wheel)
            self.log.append(f"Found the wheel that was built of {source.shown} before: {wheel.file}")
        return wheel

    def _hand_over(self, sources: list[Source]) -> list[Source]:
        """Put what is to be built where it outlives this step, a day at most."""
        outlives = Path(tempfile.mkdtemp(prefix="sources-", dir=self.store.cache / "temporary"))

        def hand_over(source: Source) -> Source:
            directory = Path(tempfile.mkdtemp(dir=outlives))
            if source.origin.startswith("git+"):
                path = checkout.pack(source.origin, self.store.cache, directory)
            else:
                path = Path(shutil.copy(source.origin, directory))
            return replace(source, origin=str(path))

        return list(each(sources, hand_over).values())

    def _make(self, source: Source) -> Wheel:
        """Build a wheel on this machine."""
        directory = Path(tempfile.mkdtemp(dir=self.temporary))
        url = source.origin if source.origin.startswith("git+") else Path(source.origin).as_uri()
        if source.origin.endswith(".tar"):
            with Path(source.origin).open("rb") as tar:
                unpack(tar, directory / "source")
            url = (directory / "source").as_uri()
        messages = self.pip.build(source.name, url, directory)
        files = list(directory.glob("*.whl"))
        if messages or len(files) != 1:
            only = ["--no-binary", source.name] if source.name else []
            raise WheelhouseError(
                f"No wheel of {source.shown} can be built on the controller: {explain(messages)[1]}. See what it says with: "
                f"{' '.join([sys.executable, '-m pip wheel --no-deps', *only])} '{source.shown}'; or let `builder` be a host "
                "(docs/locks.md)."
            )
        wheel = check_built(source, files[0], self.target, "the controller")
        keep(self.store, self.target, source, wheel, files[0])
        self.log.append(f"Built {wheel.file} of {source.shown} on the controller")
        return wheel


def download(pip: Pip, pin: Pin, target: Target, temporary: Path) -> Path:
    """The sdist of a pin, as the index has it."""
    directory = Path(tempfile.mkdtemp(dir=temporary))
    messages = pip.download_source(pin.name, pin.line(), target.python, directory)
    files = [path for path in directory.iterdir() if path.name != "requirements.txt"]
    if messages or len(files) != 1:
        kind, detail = explain(messages)
        why = f"there is no source of it for Python {target.python}" if kind == "missing" else detail
        raise WheelhouseError(
            f"{pin} has no wheel for {target}, and its source cannot be had: {why}. Pin a version that publishes one of them, or "
            f"see what is wrong with: {sys.executable} -m pip download --no-deps --no-binary {pin.name} {pin}"
        )
    return files[0]
