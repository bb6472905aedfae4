#!/usr/bin/python
"""Replace a file that decides who comes in, and take that back unless a new connection comes in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: confirmed_file
short_description: Replace a file that decides who comes in, so that nobody is locked out
description:
  - Writes the file and makes it effective, then comes back over a new connection to confirm it. Where that fails, or the
    controller dies, the host brings the old file back by itself, also after a reboot in between, and makes that effective.
  - A file that is as it should be costs no new connection.
  - The connection is made anew by an action plugin; with connections that cannot be reset, the same one confirms.
attributes:
  check_mode:
    support: full
    description: Says whether the file would be replaced or made effective again.
  diff_mode:
    support: full
    description: The content before and after.
options:
  path:
    description: The file. Its directory exists, and no name in the path has a blank.
    type: path
    required: true
  content:
    description: What the file holds.
    type: str
    required: true
  mode:
    description: Mode of the file, octal digits. It belongs to root.
    type: str
    default: "0644"
  absent:
    description: What takes the place of an old file where there was none.
    type: str
    default: ""
  validate:
    description: A command, as a list, that must accept the file before anything changes. C(%s) stands for its name.
    type: list
    elements: str
    default: []
  apply:
    description: The command, as a list with an absolute program, that makes the file effective, the new one and the old one.
    type: list
    elements: str
    required: true
  watch:
    description:
      - A command, as a list, that prints what is in effect. Where it prints something else than when the file was confirmed,
        or fails, the file is made effective again.
    type: list
    elements: str
    default: []
  seconds:
    description: How long a new connection has to confirm.
    type: int
    default: 60
  confirm:
    description: What the action plugin gives the second time, from the first answer.
    type: str
    default: ""
author: Placid
"""

EXAMPLES = r"""
- name: Let SSH accept keys only
  confirmed_file:
    path: /etc/ssh/sshd_config.d/00-placid.conf
    content: "{{ lookup('ansible.builtin.template', 'sshd.conf.j2') }}"
    validate: [/usr/sbin/sshd, -t, -f, "%s"]
    apply: [/usr/bin/systemctl, reload, ssh.service]
"""

RETURN = r"""
reasons:
  description: Why the file was put into effect; empty when nothing was to do.
  type: list
  elements: str
  returned: always
  sample: [its content differs]
confirm:
  description: What confirms the change, while it waits for that.
  type: str
  returned: when the file was replaced or made effective
"""

import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.confirm import Change, reasons
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import replace_file
from ansible.module_utils.placid.systemd import UnitError, log, systemctl


class ConfirmError(PlacidError):
    """A change that was not made, or not kept."""


def read(path: Path) -> bytes | None:
    """A file's content; None where there is no file."""
    return path.read_bytes() if path.exists() else None


def in_effect(command: list[str]) -> bytes | None:
    """What a command says is in effect; None without a command, nothing where it fails."""
    if not command:
        return None
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:  # a check run comes before what the program is in was installed
        return b""
    return b"" if done.returncode else done.stdout


def run(command: list[str], otherwise: str) -> None:
    """Run a command. Raises ConfirmError with what it complained of."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfirmError(f"{' '.join(command)} failed, so {otherwise}: {(done.stderr or done.stdout).strip()}")


def validate(change: Change, command: list[str], content: bytes) -> None:
    """Have the content accepted."""
    candidate = change.directory / "candidate"
    replace_file(candidate, content, 0o600)
    try:
        run([word.replace("%s", str(candidate)) for word in command], f"{change.path} was left as it was")
    finally:
        candidate.unlink()


def end(change: Change) -> None:
    """Forget how a change would be taken back."""
    if any(path.exists() for path in change.files):
        systemctl("disable", "--now", f"{change.unit}.timer", check=False)
        for path in change.files:
            path.unlink(missing_ok=True)
        systemctl("daemon-reload")


def begin(change: Change, parameters: dict[str, Any], content: bytes) -> str:
    """Make the change, with the way back laid before; return what confirms it."""
    token = secrets.token_hex(8)
    change.restored.unlink(missing_ok=True)
    before = read(change.path)
    replace_file(change.old, before if before is not None else parameters["absent"].encode(), 0o600)
    mode = int(parameters["mode"], 8)
    os.chmod(change.old, change.path.stat().st_mode & 0o7777 if before is not None else mode)
    replace_file(change.directory / "token", token.encode(), 0o600)
    service, timer = change.files
    replace_file(service, change.service(parameters["apply"]).encode())
    replace_file(timer, change.timer(parameters["seconds"]).encode())
    systemctl("daemon-reload")
    systemctl("enable", "--now", timer.name)
    replace_file(change.path, content, mode)
    try:
        run(parameters["apply"], f"the old {change.path} was brought back")
    except ConfirmError:
        systemctl("start", service.name)
        end(change)
        raise
    return token


def settle(change: Change) -> None:
    """Bring back at once what an earlier run changed and never confirmed."""
    if change.old.exists():
        systemctl("start", change.files[0].name)
        if change.old.exists():
            raise UnitError(f"{change.files[0].name} did not bring {change.path} back.{log(change.files[0].name)}")
    end(change)


def confirm(change: Change, token: str, watch: list[str]) -> None:
    """Keep the change. Raises ConfirmError when it was taken back before."""
    kept = change.directory / "confirmed"
    if read(change.directory / "token") != token.encode():
        settle(change)
    try:
        os.rename(change.old, kept)
    except FileNotFoundError:
        end(change)
        raise ConfirmError(f"The new {change.path} was not confirmed in time, so the host brought the old one back.") from None
    end(change)
    kept.unlink()
    replace_file(change.effect, in_effect(watch) or b"", 0o600)


def work(module: AnsibleModule) -> dict[str, object]:
    """Do one of the two steps."""
    parameters = module.params
    change, content = Change(Path(parameters["path"])), parameters["content"].encode()
    if parameters["confirm"]:
        confirm(change, parameters["confirm"], parameters["watch"])
        return {"changed": True}
    if not module.check_mode:
        change.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        settle(change)
    before = read(change.path)
    why = reasons(content, before, in_effect(parameters["watch"]), read(change.effect))
    diff = {"before": (before or b"").decode(errors="replace"), "after": parameters["content"], "before_header": str(change.path)}
    result: dict[str, object] = {"changed": bool(why), "reasons": why, "diff": diff}
    if why and not module.check_mode:
        if parameters["validate"]:
            validate(change, parameters["validate"], content)
        result["confirm"] = begin(change, parameters, content)
    return result


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "required": True},
            "mode": {"type": "str", "default": "0644"},
            "absent": {"type": "str", "default": ""},
            "validate": {"type": "list", "elements": "str", "default": []},
            "apply": {"type": "list", "elements": "str", "required": True},
            "watch": {"type": "list", "elements": "str", "default": []},
            "seconds": {"type": "int", "default": 60},
            "confirm": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    try:
        result = work(module)
    except PlacidError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
