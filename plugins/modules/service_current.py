#!/usr/bin/python
"""Make a service run the configuration that is on disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_current
short_description: Make a service run the configuration that is on disk
description:
  - Enables a unit, starts it, and restarts or reloads it where its files changed after it last read them.
  - It takes the place of a handler. A handler is lost with the run that notified it; this compares the times of the
    files with those that systemd keeps of the unit, so that the next run finishes what a killed one left.
  - The unit file and its drop-ins always count among the files that need a restart. Of a timer those of the service that it
    starts count, too; the service itself is not started.
  - A unit whose conditions systemd found unmet (time synchronisation in a container) is left alone.
attributes:
  check_mode:
    support: full
    description: Says what would be done. A unit that is not there yet counts as one that would be started.
  diff_mode:
    support: full
    description: Lists the files that are newer than what runs.
options:
  name:
    description: The unit with its suffix, for example C(nginx.service).
    type: str
    required: true
  enabled:
    description: Whether to enable the unit; V(false) leaves that as it is, for units that something else starts.
    type: bool
    default: true
  restart_for:
    description: Files and directories, absolute, whose changes need a restart.
    type: list
    elements: path
    default: []
  reload_for:
    description: Files and directories, absolute, whose changes need a reload.
    type: list
    elements: path
    default: []
  validate:
    description: A command, as a list, that must succeed before the unit is started, restarted or reloaded.
    type: list
    elements: str
    default: []
  expect:
    description:
      - V(restart) or V(reload) when tasks before this one would change files. Only a check run looks at it, since
        there the files stay as they are.
    type: str
    choices: [none, reload, restart]
    default: none
author: Placid
"""

EXAMPLES = r"""
- name: Run nginx with the configuration on disk
  service_current:
    name: nginx.service
    reload_for: [/etc/nginx]
    validate: [/usr/sbin/nginx, -t, -q]
"""

RETURN = r"""
actions:
  description: What systemctl was told, or would be, in order; empty when nothing was to do.
  type: list
  elements: str
  returned: always
  sample: [daemon-reload, restart]
newer:
  description: The files that were newer than what the service ran.
  type: list
  elements: str
  returned: always
  sample: [/etc/nginx/conf.d/placid.conf]
"""

from dataclasses import replace
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.service import PROPERTIES, Plan, Unit, changed_at, parse, plan, with_drop_ins
from ansible.module_utils.placid.systemd import UnitError, log, systemctl


def read(name: str) -> Unit:
    """The unit as systemd has it now; a timer with the service that it starts."""
    unit = with_drop_ins(parse(systemctl("show", "--timestamp=us+utc", f"--property={PROPERTIES}", name)), name)
    if name.endswith(".timer") and read(f"{name.removesuffix('.timer')}.service").outdated:
        return replace(unit, outdated=True)
    return unit


def apply(module: AnsibleModule, name: str, todo: Plan) -> None:
    """Validate, then do what the plan says. Raises UnitError, with the end of the log, when it does not run then."""
    command = module.params["validate"]
    if command and {"start", "restart", "reload"} & set(todo.verbs):
        code, out, err = module.run_command(command)
        if code:
            complaint = (err or out).strip()
            raise UnitError(f"{' '.join(command)} refuses the configuration, so {name} was left as it is: {complaint}")
    for verb in todo.verbs:
        if verb == "daemon-reload":
            systemctl(verb)
            continue
        try:
            systemctl(verb, name)
        except UnitError as error:
            raise UnitError(f"{error}{log(name)}") from None
    unit = read(name)
    if not unit.active and not unit.refused:
        done = " and ".join(todo.verbs)
        raise UnitError(f"{name} does not run after {done}. Look at: systemctl status {name}{log(name)}")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool", "default": True},
            "restart_for": {"type": "list", "elements": "path", "default": []},
            "reload_for": {"type": "list", "elements": "path", "default": []},
            "validate": {"type": "list", "elements": "str", "default": []},
            "expect": {"type": "str", "choices": ["none", "reload", "restart"], "default": "none"},
        },
        supports_check_mode=True,
    )
    name = module.params["name"]
    try:
        unit = read(name)
        if not unit.known and not module.check_mode:
            raise UnitError(f"There is no unit {name} on this host. Look at: systemctl status {name}")
        todo = plan(
            unit,
            enable=module.params["enabled"],
            restart=changed_at([*unit.files, *map(Path, module.params["restart_for"])]),
            reload=changed_at(map(Path, module.params["reload_for"])),
            expected=[module.params["expect"]] if module.check_mode else [],
        )
        if todo.verbs and not module.check_mode:
            apply(module, name, todo)
    except PlacidError as error:
        module.fail_json(msg=str(error))
    reasons = "".join(f"{path} is newer than what {name} runs\n" for path in todo.newer)
    verbs = "".join(f"systemctl {verb}{'' if verb == 'daemon-reload' else f' {name}'}\n" for verb in todo.verbs)
    diff = {"prepared": reasons + verbs}
    module.exit_json(changed=bool(todo.verbs), actions=list(todo.verbs), newer=list(todo.newer), diff=diff)


if __name__ == "__main__":
    main()
