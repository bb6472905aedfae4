"""Runs pip: with the indexes and credentials that its user configured, and nothing else of that configuration."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import os
import re
import sys
from pathlib import Path

from ansible.module_utils.placid.build.git import environment as git_environment
from ansible.module_utils.placid.build.git import without_password
from ansible.module_utils.placid.build.tool import readable, run
from ansible.module_utils.placid.errors import WheelhouseError

EPOCH = "315532800"  # 1980, the first year that a wheel can name: a wheel that is built does not tell when
KEPT = frozenset(
    {
        "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy",
        "timeout", "default-timeout", "retries", "keyring-provider", "cache-dir", "no-cache-dir",
    }
)  # fmt: skip
UNREACHABLE = re.compile(
    r"Retrying \(|Could not fetch URL|ConnectionError|Max retries exceeded|\b(401|403|5\d\d) (Client |Server )?Error"
)
NOT_LOCKED = "What the package index serves is not what was locked"
FIND_OUT = "Either the lock is stale or somebody changed the files: find out which before you make the lock again."
NOT_FOUND = re.compile(r"No matching distribution found for ([^\s=]+)==")


def version() -> str:
    try:
        return importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError as error:
        raise WheelhouseError(
            f"pip is not installed beside Ansible ({sys.executable}). Install it with: {sys.executable} -m ensurepip"
        ) from error


def environment(base: dict[str, str], configured: dict[str, str]) -> dict[str, str]:
    """The environment for pip: its configuration files are off, and what may stay of them is in variables.

    A `target`, `user`, `constraint` or `no-binary` that helps at the keyboard must not decide what is deployed.
    """
    kept: dict[str, str] = {}
    for section in ("global.", "download.", ":env:."):  # the later one wins, as in pip
        for key, value in configured.items():
            if key.startswith(section) and key.removeprefix(section) in KEPT:
                kept["PIP_" + key.removeprefix(section).upper().replace("-", "_")] = value
    clean = {name: value for name, value in base.items() if not name.startswith("PIP_")}
    fixed = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "LC_ALL": "C.UTF-8"}
    return clean | kept | fixed


def configuration(listing: str) -> dict[str, str]:
    """What `pip config list` prints, as a dictionary."""
    found = {}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        if separator:
            try:
                found[key] = str(ast.literal_eval(value))
            except (SyntaxError, ValueError):
                continue
    return found


def _is_read(variable: tuple[str, str]) -> bool:
    """Whether pip's configuration depends on this variable of the environment."""
    return variable[0].startswith(("PIP_", "XDG_CONFIG_", "HOME", "VIRTUAL_ENV"))


@functools.cache
def configured(variables: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What pip is configured to, by its files and these of the environment's variables; it is asked once."""
    listing = run("pip", ["-m", "pip", "config", "list"], dict(os.environ) | dict(variables))
    if listing.returncode:
        raise WheelhouseError(f"pip cannot read its configuration: {_tail(readable(listing.stderr))}. See: pip config debug")
    return configuration(listing.stdout)


class Pip:
    """pip, ready to download."""

    def __init__(self) -> None:
        version()
        self.environment = environment(dict(os.environ), configured(tuple(sorted(filter(_is_read, os.environ.items())))))

    def download(self, lines: list[str], options: list[str], destination: Path) -> str:
        """Download a wheel for each line of requirements; answers pip's messages where that failed, else nothing."""
        return self._do("download", lines, ["--only-binary", ":all:", *options, "--dest", str(destination)], destination)

    def download_source(self, name: str, line: str, python: str, destination: Path) -> str:
        """Download the sdist of a line of requirements for a Python; nothing in it is run, and its hash is not compared."""
        options = ["--no-binary", name, "--python-version", python, "--dest", str(destination)]
        return self._do(str(Path(__file__).with_name("download_source.py")), [line], options, destination)

    def build(self, name: str, url: str, destination: Path) -> str:
        """Build a wheel of an sdist or a commit, apart from everything that is installed here."""
        # Without pip's own cache, which may hold a wheel that was built otherwise.
        wheels_only = ["--only-binary", ":all:", "--no-binary", name]  # all that it needs to be built comes as wheels
        options = [*wheels_only, "--no-cache-dir", "--wheel-dir", str(destination)]
        return self._do("wheel", [url], options, destination)

    def _do(self, command: str, lines: list[str], options: list[str], directory: Path) -> str:
        requirements = directory / "requirements.txt"
        requirements.write_text("".join(f"{line}\n" for line in lines))
        hashes = ["--require-hashes"] if "--hash=" in lines[0] else []
        program = ["-P", command] if command.endswith(".py") else ["-m", "pip", command]  # -P: our pip.py is not pip
        words = [*program, "--quiet", "--no-deps", *hashes, *options, "-r", str(requirements)]
        outcome = run("pip", words, git_environment(self.environment) | {"SOURCE_DATE_EPOCH": EPOCH})
        return "" if outcome.returncode == 0 else without_password(readable(outcome.stderr + outcome.stdout))


def explain(messages: str) -> tuple[str, str]:
    """What pip's messages mean: ("missing", name), ("unreachable", why), ("hashes", why) or ("other", why)."""
    if UNREACHABLE.search(messages):
        return "unreachable", _tail(messages, UNREACHABLE)
    if "DO NOT MATCH THE HASHES" in messages:
        expected = re.findall(r"^ +(\S+).*?:\n +Expected sha256", messages, re.MULTILINE)
        return "hashes", ", ".join(expected) or _tail(messages)
    missing = NOT_FOUND.search(messages)
    return ("missing", missing.group(1)) if missing else ("other", _tail(messages))


def _tail(messages: str, wanted: re.Pattern[str] | None = None) -> str:
    lines = [line.strip(" \t\u00d7\u2570\u2500>\u2502") for line in messages.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("note:", "hint:")) and (not wanted or wanted.search(line))]
    fatal = [line for line in lines if line.startswith("fatal:")]  # by git
    errors = [line for line in lines if line.startswith("ERROR")]
    return (fatal or errors or lines or ["no message"])[-1].removeprefix("ERROR:").strip().rstrip(".")[:300]
