#!/usr/bin/python
"""Make the kernel have the settings of a file of sysctl.d."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl_current
short_description: Make the kernel have the settings of a file of sysctl.d
description:
  - Compares each setting of the file with what the kernel has now, and writes those that differ. Systemd reads
    the same file at boot.
  - A setting that this kernel has not is passed over.
attributes:
  check_mode:
    support: full
    description: Says what would be written.
  diff_mode:
    support: full
    description: Lists each setting that differs.
options:
  file:
    description: The file.
    type: path
    required: true
  content:
    description: What the file would hold; only a check run looks at it, since there the file stays as it is.
    type: str
    default: ""
  prefix:
    description: Leave settings alone whose name begins otherwise. A container shares all with its machine but C(net.).
    type: str
    default: ""
author: Placid
"""

EXAMPLES = r"""
- name: Harden the kernel
  sysctl_current:
    file: /etc/sysctl.d/90-placid.conf
"""

RETURN = r"""
settings:
  description: The names of the settings that were written, or would be.
  type: list
  elements: str
  returned: always
  sample: [kernel.kptr_restrict]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid.sysctl import differing, parse, write


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "file": {"type": "path", "required": True},
            "content": {"type": "str", "default": ""},
            "prefix": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    content = module.params["content"] if module.check_mode else Path(module.params["file"]).read_text()
    found = differing(parse(content), module.params["prefix"])
    if not module.check_mode:
        try:
            write({name: wanted for name, (_, wanted) in found.items()})
        except OSError as error:
            module.fail_json(msg=f"The kernel does not take a setting of {module.params['file']}: {error}. Correct base_sysctl.")
    diff = {"prepared": "".join(f"{name}: {now} -> {wanted}\n" for name, (now, wanted) in found.items())}
    module.exit_json(changed=bool(found), settings=list(found), diff=diff)


if __name__ == "__main__":
    main()
