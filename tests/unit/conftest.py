"""Lets plain pytest import the plugins as Ansible does: `from ansible.module_utils.placid import …`."""

from __future__ import annotations

from pathlib import Path

import ansible.module_utils

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"

ansible.module_utils.__path__.append(str(PLUGINS / "module_utils"))
