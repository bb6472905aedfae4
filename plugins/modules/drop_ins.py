#!/usr/bin/python
"""Write several small configuration files in one step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drop_ins
short_description: Write several small configuration files in one step
description:
  - A task costs a third of a second over SSH, whatever it does; a host's base is a dozen files of ten lines. Each is
    replaced in one rename where its content or mode differs, and belongs to root.
  - All are validated before the first is written. What the whole does not do with them is taken back.
attributes:
  check_mode:
    support: full
    description: Says which files would be written.
  diff_mode:
    support: full
    description: The content of each before and after.
options:
  files:
    description: The files. Directories that are missing are made.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      content:
        description: What it holds.
        type: str
        required: true
      mode:
        description: Its mode, octal digits.
        type: str
        default: "0644"
      validate:
        description: A command, as a list, that must accept the file. C(%s) stands for its name.
        type: list
        elements: str
        default: []
  accepted_by:
    description:
      - A command, as a list, that must accept all that is on the disk once the files are written. Where it does not, and did
        before, the files are put back as they were and the task fails, so that a service finds no broken file when it starts.
      - Where it already refused what was there, the files stay written, since they may be what mends it.
    type: list
    elements: str
    default: []
author: Placid
"""

EXAMPLES = r"""
- name: Limit the journal
  drop_ins:
    files:
      - path: /etc/systemd/journald.conf.d/placid.conf
        content: "{{ lookup('ansible.builtin.template', 'journald.conf.j2') }}"
"""

RETURN = r"""
written:
  description: The files that were written, or would be.
  type: list
  elements: str
  returned: always
  sample: [/etc/systemd/journald.conf.d/placid.conf]
"""

import os
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import replace_file


class DropInError(PlacidError):
    """A file whose content is refused."""


def differs(path: Path, content: bytes, mode: int) -> bool:
    """Say whether a file is to be written."""
    if not path.is_file() or path.is_symlink():
        return True
    state = path.stat()
    return path.read_bytes() != content or state.st_mode & 0o7777 != mode or state.st_uid != 0 or state.st_gid != 0


def validate(path: Path, command: list[str], content: bytes) -> None:
    """Have the content accepted. Raises DropInError with what the command complained of."""
    with tempfile.NamedTemporaryFile() as candidate:
        candidate.write(content)
        candidate.flush()
        words = [word.replace("%s", candidate.name) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr or done.stdout).strip()
        raise DropInError(f"{command[0]} refuses what {path} would hold, so nothing was written: {complaint}")


def kept(path: Path) -> tuple[bytes, int] | None:
    """What a file holds, with its mode; nothing where there is none."""
    return (path.read_bytes(), path.stat().st_mode & 0o7777) if path.is_file() else None


def put_back(files: dict[Path, tuple[bytes, int] | None]) -> None:
    for path, before in files.items():
        if before:
            replace_file(path, *before, 0)
        else:
            path.unlink()


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "content": {"type": "str", "required": True},
                    "mode": {"type": "str", "default": "0644"},
                    "validate": {"type": "list", "elements": "str", "default": []},
                },
            },
            "accepted_by": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    judge = module.params["accepted_by"]
    wanted = [
        (Path(each["path"]), each["content"].encode(), int(each["mode"], 8), each["validate"]) for each in module.params["files"]
    ]
    todo = [each for each in wanted if differs(*each[:3])]
    diff = [
        {
            "before_header": str(path),
            "after_header": str(path),
            "before": path.read_text(errors="replace") if path.is_file() else "",
            "after": content.decode(),
        }
        for path, content, _, _ in todo
    ]
    if not module.check_mode:
        try:
            for path, content, _, command in todo:
                if command:
                    validate(path, command, content)
        except PlacidError as error:
            module.fail_json(msg=str(error))
        os.umask(0o022)
        before = {path: kept(path) for path, *_ in todo}
        sound = bool(judge and todo) and module.run_command(judge)[0] == 0
        for path, content, mode, _ in todo:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content, mode, 0)
        code, out, err = module.run_command(judge) if sound else (0, "", "")
        if code:
            put_back(before)
            names = ", ".join(map(str, before))
            module.fail_json(msg=f"{' '.join(judge)} refuses {names} as written, so that is as it was: {(err or out).strip()}")
    module.exit_json(changed=bool(todo), written=[str(each[0]) for each in todo], diff=diff)


if __name__ == "__main__":
    main()
