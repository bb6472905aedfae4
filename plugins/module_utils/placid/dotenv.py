"""The grammar of the settings file, read alike by systemd, a shell and Python.

One `NAME="value"` a line, the value always in double quotes, with a backslash before each of the four characters that mean
something there: backslash, double quote, dollar and backquote. systemd.exec(5) `EnvironmentFile=` and POSIX 2.2.3 agree on these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible.module_utils.placid.errors import PlacidError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = re.compile(r'([\\"$`])')
_ASSIGNMENT = re.compile(r'^([A-Za-z_][A-Za-z0-9_]*)="((?:[^\\"]|\\[\\"$`])*)"\n', re.MULTILINE)


class SettingError(PlacidError):
    """A setting that cannot be put into the environment of a process."""


def render(settings: Mapping[str, str], header: str) -> str:
    """The text of a settings file; names in order, so that equal settings give equal bytes.

    Raises SettingError for a name or a value that no environment can hold. The message never holds a value.
    """
    lines = [f"# {line}".rstrip() + "\n" for line in header.splitlines()]
    for name in sorted(settings):
        if not NAME.fullmatch(name):
            raise SettingError(
                f"The setting {name!r} cannot be the name of an environment variable. Use letters, digits and "
                "underscores, and begin with a letter."
            )
        if "\0" in settings[name]:
            raise SettingError(f"The setting {name} holds a NUL byte, which no environment can carry. Remove it.")
        value = _SPECIAL.sub(r"\\\1", settings[name])
        lines.append(f'{name}="{value}"\n')
    return "".join(lines)


def parse(text: str) -> dict[str, str]:
    """The settings of a file that `render` wrote."""
    return {name: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for name, value in _ASSIGNMENT.findall(text)}
