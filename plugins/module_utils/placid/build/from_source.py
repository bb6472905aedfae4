"""Builds a wheel of what is published only as source: once, on the controller, and never on an application host."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.pip import FIND_OUT, NOT_LOCKED, Pip, explain
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file, locked
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import WheelhouseError
from packaging.utils import canonicalize_name, parse_wheel_filename


@dataclass(frozen=True)
class Builder:
    """This machine as the place where wheels are built."""

    pip: Pip
    target: Target
    store: Store
    temporary: Path
    log: list[str]

    def build(self, pin: Pin, sdist: Path | None) -> Wheel:
        """The wheel of a pin. The same source gives the same bytes, because it is built once and then kept."""
        with locked(self.store.cache / "choices" / "from-source.lock"):  # two runs would make two wheels
            if pin.git:
                key, url = f"git {pin.git.rpartition('@')[2]} {pin.name}", pin.git
            else:
                sdist = sdist or self._download(pin)
                digest = digest_file(sdist)
                if pin.hashes and digest not in pin.hashes:
                    raise WheelhouseError(f"{sdist.name} has sha256 {digest}, which the lock does not have for {pin}.")
                key, url = f"sdist sha256:{digest}", sdist.as_uri()
            wheel = self.store.choice(key, self.target.as_dict())
            if wheel:
                self.log.append(f"Found the wheel that was built of {pin} before: {wheel.file}")
                return wheel
            wheel, path = self._build(pin, url)
            self.store.add(wheel, path)
            self.store.remember(key, self.target.as_dict(), wheel)
            self.log.append(f"Built {wheel.file} of {pin} on the controller")
            return wheel

    def _download(self, pin: Pin) -> Path:
        """The sdist, its hash checked by pip before anything in it is run."""
        directory = Path(tempfile.mkdtemp(dir=self.temporary))
        messages = self.pip.download_source(pin.name, pin.line(), directory)
        files = [path for path in directory.iterdir() if path.name != "requirements.txt"]
        if messages or len(files) != 1:
            kind, detail = explain(messages)
            if kind == "hashes":
                raise WheelhouseError(f"{NOT_LOCKED}: {detail}. {FIND_OUT}")
            why = "there is no source of it that Python here can use" if kind == "missing" else detail
            raise WheelhouseError(
                f"{pin} has no wheel for {self.target} and cannot be built on the controller: {why}. Pin a version that "
                f"publishes such a wheel, or see what is wrong with: {sys.executable} -m pip download --no-deps "
                f"--no-binary {pin.name} {pin}"
            )
        return files[0]

    def _build(self, pin: Pin, url: str) -> tuple[Wheel, Path]:
        directory = Path(tempfile.mkdtemp(dir=self.temporary))
        messages = self.pip.build(pin.name, url, directory)
        files = list(directory.glob("*.whl"))
        if messages or len(files) != 1:
            raise WheelhouseError(
                f"No wheel of {pin} can be built on the controller: {explain(messages)[1]}. See all of its messages with: "
                f"{sys.executable} -m pip wheel --no-deps --no-binary {pin.name} '{pin}'"
            )
        [path] = files
        name, version = parse_wheel_filename(path.name)[:2]
        if canonicalize_name(name) != pin.name or (pin.version and str(version) != pin.version):
            raise WheelhouseError(f"The source of {pin} makes {path.name}, another package. Correct the lock.")
        self.target.check_fits(path.name, f"What was built of {pin} on the controller")
        return Wheel(pin.name, str(version), path.name, digest_file(path), path.stat().st_size), path
