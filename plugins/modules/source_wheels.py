"""Build a wheel of a source on this host."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: source_wheels
short_description: Build wheels of what is published only as source on a builder
description:
  - Is run for a builder, by C(delegate_to). The action plugin sends it each source that M(artefact) could not go on without, in
    turn, and keeps the wheel that comes back in the controller's cache, where M(artefact) then finds it.
  - A source is built by a user that exists for this build alone, in a temporary directory of its own, with the interpreter that
    the application's hosts have. Nothing of the application but this source reaches the builder, and no secret.
  - What builds need comes as wheels from the index that pip on the builder is configured to.
  - A builder that is not like the hosts is refused. What cannot be built is named, all of it, with the end of its output.
author: Placid
options:
  application:
    description: Name of the application, for messages.
    type: str
    required: true
  host:
    description: Name of the builder, for messages.
    type: str
    required: true
  sources:
    description: What to build, as M(artefact) returned it in RV(artefact#module:to_build).
    type: list
    elements: dict
    required: true
  target:
    description: C(python), C(machine) and C(glibc) of the application's hosts, as M(artefact) takes it.
    type: dict
    required: true
  cache_dir:
    description: Directory of the controller's cache, as M(artefact) takes it.
    type: path
    required: true
attributes:
  check_mode:
    description:
      - Wheels are built into the cache in check mode too, so that the plan is true, and RV(lines) says so.
      - Nothing stays on the builder.
    support: full
  diff_mode:
    description: There is no diff.
    support: none
"""

EXAMPLES = r"""
- name: Build what has no wheel
  source_wheels:
    application: guestbook
    host: builder.example.org
    sources: "{{ built.to_build }}"
    target: {python: "3.13", machine: x86_64, glibc: "2.41"}
    cache_dir: "{{ playbook_dir }}/.placid"
  delegate_to: builder.example.org
  run_once: true
"""

RETURN = r"""
built:
  description: Names of the wheels that were built.
  returned: always
  type: list
  elements: str
lines:
  description: The same in words, and where.
  returned: always
  type: list
  elements: str
output:
  description: What each build wrote, C(stdout) and C(stderr) by C(build NAME==VERSION); at most 100,000 characters of its end.
  returned: when something was built
  type: dict
seconds:
  description: How long it took.
  returned: always
  type: float
"""

import base64
import hashlib
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import building, command
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.interpreters import pythons


def work(parameters: dict[str, Any]) -> dict[str, str]:
    """Build one wheel."""
    host, application, source = parameters["host"], parameters["application"], Path(parameters["source"])
    here = {
        "pythons": pythons(),
        "machine": platform.machine(),
        "glibc": platform.libc_ver()[1],
        "compiler": shutil.which("cc") is not None,
    }
    wrong = building.unfit(here, parameters["target"], host, application)
    if wrong:
        raise building.BuildError(wrong)
    if hashlib.sha256(source.read_bytes()).hexdigest() != parameters["sha256"]:
        raise building.BuildError(
            f"The source of {parameters['shown']} was damaged on its way to {host}. Type the same command again."
        )
    arguments = [parameters["target"]["python"], parameters["name"], parameters["file"], parameters["subdirectory"]]
    with tempfile.TemporaryFile() as output:
        file = building.build(source, output, arguments, parameters["shown"], host, application)
        content = output.read()
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "content": base64.b64encode(content).decode()}


def main() -> None:
    """Run the module, with what the action plugin makes of its arguments."""
    module = AnsibleModule(
        argument_spec={
            **{name: {"type": "str", "required": True} for name in ("application", "host", "name", "shown", "file", "sha256")},
            "source": {"type": "path", "required": True},
            "subdirectory": {"type": "str", "default": ""},
            "target": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        result = work(module.params)
    except PlacidError as error:
        module.fail_json(msg=str(error), output=command.written)
    module.exit_json(changed=True, output=command.written, **result)


if __name__ == "__main__":
    main()
