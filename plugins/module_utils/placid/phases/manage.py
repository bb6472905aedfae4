"""Running a management command with the live release: its code, its user, and the settings that its processes have."""

from __future__ import annotations

import shlex
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import dotenv
from ansible.module_utils.placid.command import run_as
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import environment_of, layout_of, mask, nothing_live, record, record_failure
from ansible.module_utils.placid.releases import complete, process_environment
from ansible.module_utils.placid.settings_file import SettingsFile

#: An import of a large file is a management command, too; one that hangs ends some time.
TIMEOUT_SECONDS = 24 * 3600.0


def run(module: AnsibleModule) -> dict[str, Any]:
    words = split(module.params["command"])
    layout = layout_of(module)
    live = layout.live_release()
    spec = complete(layout, live) if live else None
    if live is None or spec is None:
        raise nothing_live(layout)
    if module.check_mode:
        return {"changed": True, "release": live, "lines": [f"manage.py {shlex.join(words)} would run with {live}"]}
    environment_of(module)  # so that what the command prints of a secret is masked
    settings = dotenv.parse(SettingsFile(layout).text() or "")
    mask(module, settings)  # which may be an earlier one, until settings.yml
    try:
        output = work(layout, spec, words, settings)
    except PlacidError as error:
        record_failure(module, layout, live, "manage", error, commit=spec["commit"])
        raise
    record(module, layout, "managed", live, commit=spec["commit"])
    return {"changed": True, "release": live, "lines": output.splitlines()}


def split(command: str) -> list[str]:
    """The words of a command, as a shell would take them."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise PlacidError(f"The command {command!r} cannot be read: {error}. Quote it as for a shell.") from None
    if not words:
        raise PlacidError("Say which command to run: ansible-playbook manage.yml -e command='check --deploy'")
    return words


def work(layout: Layout, spec: dict[str, Any], words: list[str], settings: dict[str, str]) -> str:
    """Run the command as the application's user and return what it wrote. Raises CommandError where it fails."""
    release = layout.release(spec["id"])
    environment = {**settings, "PYTHONDONTWRITEBYTECODE": "1", **process_environment(layout, spec)}
    argv = [str(release / "venv/bin/python"), "manage.py", *words]
    return run_as(layout.name, argv, release, environment, f"manage.py {words[0]}", timeout=TIMEOUT_SECONDS)
