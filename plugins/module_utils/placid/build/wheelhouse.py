"""From a lock to wheels: chosen once for a target, kept by content, checked before every use."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils.placid.build import from_source
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.pip import FIND_OUT, NOT_LOCKED, Pip, explain
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import WheelhouseError
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parents[4] / "requirements.txt"  # of Placid itself, where it is a checkout


def installer() -> Pin:
    """The uv that the hosts use: the same version as the controller's, with the hashes that Placid's own lock has for it."""
    try:
        version = importlib.metadata.version("uv")
    except importlib.metadata.PackageNotFoundError as error:
        raise WheelhouseError(
            f"uv is not installed beside Ansible ({sys.executable}); the hosts get the same version of it. "
            f"Install it with: {sys.executable} -m pip install uv"
        ) from error
    text = REQUIREMENTS.read_text() if REQUIREMENTS.exists() else ""
    pinned = re.search(rf"^uv=={re.escape(version)}((?:[\s\\]+--hash=sha256:[0-9a-f]{{64}})+)", text, re.MULTILINE)
    return Pin("uv", version, frozenset(re.findall("[0-9a-f]{64}", pinned[1])) if pinned else frozenset())


@dataclass(frozen=True)
class Gathering:
    """Where wheels are for, where they are kept, and what may be built."""

    target: Target
    store: Store
    temporary: Path
    log: list[str]
    builder: str = ""  # what builds what has no wheel: nothing, local for this machine, or a host
    sdists: dict[Pin, Path] = field(default_factory=dict)  # that are here already

    def gather(self, pins: list[Pin]) -> list[Wheel]:
        """A wheel for each pin, in their order; the network is needed only for those that the store lacks."""
        wheels = {pin.line(): self.store.choice(pin.line(), self.target.as_dict()) for pin in pins}
        missing = [pin for pin in dict.fromkeys(pins) if wheels[pin.line()] is None]
        pip = Pip() if missing else None
        sources = [pin for pin in missing if pin.git or pin in self.sdists]
        indexed = [pin for pin in missing if pin not in sources]
        if pip:
            made = self._download_all(pip, indexed, sources)
            for pin, wheel in made.items():  # also where a builder is needed before it can go on
                self.store.remember(pin.line(), self.target.as_dict(), wheel)
            for pin, wheel in (made | self._build_all(pip, sources)).items():
                wheels[pin.line()] = wheel
        names = ", ".join(str(pin) for pin in indexed if pin not in sources) or "none"
        self.log.append(f"Downloaded {len(missing) - len(sources)} of {len(pins)} wheels for {self.target}: {names}")
        return [wheel for wheel in (wheels[pin.line()] for pin in pins) if wheel]

    def _download_all(self, pip: Pip, pins: list[Pin], sources: list[Pin]) -> dict[Pin, Wheel]:
        """Download the wheels; what has none is added to `sources`."""
        wheels: dict[Pin, Wheel] = {}
        for group in ([pin for pin in pins if pin.hashes], [pin for pin in pins if not pin.hashes]):
            found = self._download(pip, group, sources) if group else {}  # pip wants hashes for all or for none
            for pin, path in found.items():
                wheels[pin] = _checked(pin, path)
                self.store.add(wheels[pin], path)
        return wheels

    def _download(self, pip: Pip, pins: list[Pin], sources: list[Pin]) -> dict[Pin, Path]:
        while wanted := [pin for pin in pins if pin not in sources]:  # pip stops at the first one that has no wheel
            destination = Path(tempfile.mkdtemp(dir=self.temporary))
            messages = pip.download([pin.line() for pin in wanted], self.target.pip_options(), destination)
            if not messages:
                return _by_pin(wanted, destination)
            sources.append(self._culprit(pip, messages, wanted))
        return {}

    def _build_all(self, pip: Pip, sources: list[Pin]) -> dict[Pin, Wheel]:
        if not sources:
            return {}
        if not self.builder:
            raise WheelhouseError(self._refusal(sources))
        builder = from_source.Builder(pip, self.target, self.store, self.temporary, self.log, self.builder)
        return builder.build(sources, self.sdists)

    def _refusal(self, pins: list[Pin]) -> str:
        return (
            f"There is no wheel for {self.target} of: {', '.join(sorted(map(str, pins)))}. Nothing is compiled on the hosts. "
            "Set `builder` to a host that builds them once, or to local for what is plain Python (docs/locks.md); or pin "
            "versions that publish such a wheel; or build one on a machine like the hosts (pip wheel <name>==<version>) and "
            "commit it, put it on your package index, or in a directory that pip's `find-links` names."
        )

    def _culprit(self, pip: Pip, messages: str, wanted: list[Pin]) -> Pin:
        """The pin that pip has no wheel for; any other trouble is an error at once."""
        kind, detail = explain(messages)
        if kind == "unreachable":
            raise WheelhouseError(
                f"The package index cannot be used: {detail}. Check the network and your access with: "
                f"{sys.executable} -m pip download --no-deps --dest /tmp {wanted[0]}"
            )
        if kind == "hashes":
            for pin in wanted:
                if str(pin) in detail.split(", ") and self._locks_its_source(pip, pin):
                    return pin
            raise WheelhouseError(f"{NOT_LOCKED}: {detail}. {FIND_OUT}")
        for pin in wanted:
            if kind == "missing" and pin.name == canonicalize_name(detail):
                return pin
        raise WheelhouseError(f"pip could not download the wheels: {detail}. See its configuration: pip config list")

    def _locks_its_source(self, pip: Pip, pin: Pin) -> bool:
        """Whether the lock means the sdist of a package that has wheels as well."""
        try:
            sdist = from_source.download(pip, pin, self.target, self.temporary)
        except WheelhouseError:
            return False
        self.sdists[pin] = sdist
        return digest_file(sdist) in pin.hashes


def _by_pin(pins: list[Pin], directory: Path) -> dict[Pin, Path]:
    """Which of the downloaded files belongs to which pin. A wheel's name escapes that of its package, never with a dash."""
    found = {canonicalize_name(path.name.split("-", 1)[0]): path for path in directory.glob("*.whl")}
    lost = [str(pin) for pin in pins if pin.name not in found]
    if lost:
        raise WheelhouseError(f"pip downloaded nothing for {', '.join(lost)}, and did not say why. Try again.")
    return {pin: found[canonicalize_name(pin.name)] for pin in pins}


def _checked(pin: Pin, path: Path) -> Wheel:
    """The wheel, once more compared with the lock by us."""
    digest = digest_file(path)
    if pin.hashes and digest not in pin.hashes:
        raise WheelhouseError(
            f"{path.name} has sha256 {digest}, which the lock does not have for {pin}. Make the lock again if you "
            "trust that file."
        )
    return Wheel(pin.name, pin.version, path.name, digest, path.stat().st_size)
