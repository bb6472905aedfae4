"""The interpreter and machine of the hosts, as the tools that choose wheels want to hear it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from ansible.module_utils.placid.errors import WheelhouseError
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

# The oldest glibc of each machine's wheels, and the names that some of them had before PEP 600.
OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
OLDER_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
UV_GLIBC = (17, 28, *range(31, 41))  # the minor versions of glibc that uv has a platform for


@dataclass(frozen=True)
class Target:
    """What a wheel must run on: CPython on Linux with glibc."""

    python: str  # 3.13
    machine: str  # x86_64 or aarch64
    glibc: str  # 2.41

    def __post_init__(self) -> None:
        if not re.fullmatch(r"3\.\d{1,2}", self.python):
            raise WheelhouseError(f"target.python is {self.python!r}; it must be like '3.13' (in quotes).")
        if self.machine not in OLDEST_GLIBC:
            known = ", ".join(OLDEST_GLIBC)
            raise WheelhouseError(f"target.machine is {self.machine!r}; it must be one of: {known}.")
        if not re.fullmatch(r"2\.\d{1,2}", self.glibc):
            raise WheelhouseError(f"target.glibc is {self.glibc!r}; it must be like '2.41' (in quotes).")

    def __str__(self) -> str:
        return f"Python {self.python} on {self.machine} with glibc {self.glibc}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def platforms(self) -> list[str]:
        """The platform tags of wheels that run there, best first."""
        tags: list[str] = []
        for minor in range(int(self.glibc.split(".")[1]), OLDEST_GLIBC[self.machine] - 1, -1):
            tags.append(f"manylinux_2_{minor}_{self.machine}")
            if minor in OLDER_NAMES:
                tags.append(f"{OLDER_NAMES[minor]}_{self.machine}")
        return tags

    def tags(self, native: bool = False) -> list[Tag]:
        """The tags of wheels that run there, best first. native: also of those that were built on a host like that."""
        version, abi = (3, int(self.python[2:])), f"cp{self.python.replace('.', '')}"
        platforms = self.platforms() + [f"linux_{self.machine}"] * native
        return [*cpython_tags(version, [abi], platforms), *compatible_tags(version, abi, platforms)]

    def check_fits(self, file: str, what: str, native: bool = False) -> None:
        """Refuse a wheel that does not run there, judged by its name."""
        tags = parse_wheel_filename(file)[3]
        if tags.isdisjoint(self.tags(native)):
            raise WheelhouseError(
                f"{what} is {file}, which is for {', '.join(sorted(map(str, tags)))}, not for {self}. Build it on a "
                "`builder` that is like the hosts (docs/locks.md), or commit a wheel of it or publish one on your package index."
            )

    def uv_platform(self) -> str:
        """The nearest platform that `uv pip compile` knows: not newer than the target."""
        known = [minor for minor in UV_GLIBC if minor <= int(self.glibc.split(".")[1])]
        return f"{self.machine}-manylinux_2_{max(known, default=UV_GLIBC[0])}"

    def pip_options(self) -> list[str]:
        abi = f"cp{self.python.replace('.', '')}"
        words = ["--python-version", self.python, "--implementation", "cp"]
        words += [word for tag in (abi, "abi3", "none") for word in ("--abi", tag)]
        return words + [word for tag in self.platforms() for word in ("--platform", tag)]

    def markers(self, patch: int = 0) -> dict[str, str]:
        """What markers in a lock ask about. The patch version of the interpreter is not known here."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.{patch}",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.{patch}",
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
        }
