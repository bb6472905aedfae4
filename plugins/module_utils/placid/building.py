"""A builder: whether it is like the hosts, and how one source becomes a wheel there, apart from everything else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from ansible.module_utils.placid import command
from ansible.module_utils.placid.errors import PlacidError

#: Which Debian has which C library, for people.
DEBIAN = {"2.36": " (Debian 12)", "2.41": " (Debian 13)"}
SECONDS = 1800  # for one build
#: A user that exists for this build alone, with directories for temporary files of its own, which go with it; nothing else may
#: be written to, homes are not to be seen, and what it started ends with it.
PROPERTIES = {
    "DynamicUser": "yes",
    "ProtectHome": "yes",
    "ProtectProc": "invisible",
    "PrivateDevices": "yes",
    "PrivateIPC": "yes",
    "ReadOnlyPaths": "/run",
    "ProtectControlGroups": "yes",
    "ProtectKernelTunables": "yes",
    "RestrictNamespaces": "yes",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "RuntimeMaxSec": str(SECONDS),
}
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INPUT": "1",
    "SOURCE_DATE_EPOCH": "315532800",  # 1980, the first year that a wheel can name: a wheel does not tell when it was built
}
# The source comes in by standard input; the wheel goes out by standard output, behind a line with its name. What the build needs
# comes as wheels from where pip on this host is configured to look, and is installed apart (PEP 517); of sources only the one
# that was asked for is built.
SCRIPT = """
python=$1 name=$2 file=$3 subdirectory=$4
cd "$(mktemp --directory /var/tmp/build.XXXXXX)"
export HOME=$PWD
mkdir source out
case $file in
  *.tar.gz | *.zip) source=source/$file; cat > "$source" ;;
  *) source=./source/$subdirectory; tar --extract --directory source ;;
esac
"$python" -m venv venv >&2
venv/bin/pip wheel --quiet --use-pep517 --no-deps --only-binary :all: --no-binary "$name" --wheel-dir out "$source" >&2
set -- out/*.whl
[ $# = 1 ]
[ -f "$1" ]
basename "$1"
cat "$1"
"""
# What only says that something before it went wrong.
_ECHOES = re.compile(r"subprocess-exited-with-error|command .* failed|ERROR: Failed|Failed to build|metadata-generation-failed")
_CAUSE = re.compile(r"\b(fatal )?error: *\S|\berror\b.*: *\S|Error: *\S|not found", re.IGNORECASE)


class BuildError(PlacidError):
    """A wheel that cannot be built here."""


def unfit(here: Mapping[str, Any], target: Mapping[str, str], host: str, application: str) -> str:
    """Why what is built on this host would not do for the target; nothing where it does.

    here: `pythons`, `machine`, `glibc` and `compiler`, which says whether there is one.
    """
    remedy = (
        f"Take a host like the application's: add it to the group builders, type ansible-playbook site.yml -l <host>, and name "
        f"it in apps[{application}].builder."
    )
    if here["machine"] != target["machine"]:
        return f"The builder {host} is {here['machine']}, and the hosts are {target['machine']}. {remedy}"
    if _version(here["glibc"]) > _version(target["glibc"]):
        ours, theirs = (f"{each['glibc']}{DEBIAN.get(each['glibc'], '')}" for each in (here, target))
        return f"The builder {host} has glibc {ours}, newer than {theirs} of the hosts, where its wheels would not load. {remedy}"
    if target["python"] not in here["pythons"]:
        have = ", ".join(here["pythons"]) or "none"
        return f"The builder {host} has no Python {target['python']}, which the hosts run, but {have}. {remedy}"
    if not here["compiler"]:
        return f"The builder {host} has no compiler yet. Type: ansible-playbook site.yml -l {host}"
    return ""


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".")]


def words(python: str, name: str, file: str, subdirectory: str) -> list[str]:
    """The command that builds a wheel of what it is given as its standard input."""
    properties = [f"--property={key}={value}" for key, value in PROPERTIES.items()]
    environment = [f"--setenv={key}={value}" for key, value in ENVIRONMENT.items()]
    run = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--service-type=exec", *properties, *environment]
    return [*run, "sh", "-euc", SCRIPT, "build", f"/usr/bin/python{python}", name, file, subdirectory]


def build(source: Path, output: IO[bytes], arguments: list[str], shown: str, host: str, application: str) -> str:
    """Build a wheel into a file and return its name. What the build said is kept by `command.keep`."""
    with source.open("rb") as archive:
        done = subprocess.run(words(*arguments), stdin=archive, stdout=output, stderr=subprocess.PIPE, check=False)
    said = command.keep(f"build {shown}", "", done.stderr.decode("utf-8", "replace"))
    output.seek(0)
    name = output.readline(300).decode("utf-8", "replace").strip()
    if done.returncode or not name:
        raise BuildError(
            f"{shown} cannot be built on {host}: {cause(said)}. Debian packages that it needs for that, such as libxml2-dev, go "
            f"into apps[{application}].build_packages; then type: ansible-playbook site.yml -l {host}"
            f"{command.tail(said)}"
        )
    return name


def cause(output: str) -> str:
    """The line of a build's output that says best what was wrong."""
    lines = [line.strip(" \t\u00d7\u2570\u2500>\u2502") for line in output.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("note:", "hint:", "[end of output]"))]
    found = [line for line in lines if _CAUSE.search(line) and not _ECHOES.search(line)]
    return (found or lines or ["it said nothing"])[0 if found else -1].rstrip(".")[:300]
