"""The complete releases on a host, and what is in them for their processes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.placid.layout import Layout

#: Written last: a release without it is a leftover.
MARKER = "release.json"


def complete(layout: Layout, release: str) -> dict[str, Any] | None:
    """What release.json says, or None where the release is missing or half-made."""
    try:
        content = json.loads((layout.release(release) / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def releases(layout: Layout) -> dict[str, dict[str, Any]]:
    """The complete releases on the host by id, oldest first."""
    names = sorted(os.listdir(layout.releases)) if layout.releases.is_dir() else []
    found = {name: complete(layout, name) for name in names}
    return {name: content for name, content in found.items() if content is not None}


def process_environment(layout: Layout, spec: Mapping[str, Any]) -> dict[str, str]:
    """The variables that belong to one release and not to the settings file."""
    release = layout.release(spec["id"])
    static = {"STATIC_ROOT": str(release / spec["static"]["root"])} if spec["static"]["root"] else {}
    return {
        "PATH": f"{release / 'venv/bin'}:/usr/local/bin:/usr/bin:/bin",
        **static,
        "PLACID_RELEASE": spec["id"],
        "PLACID_COMMIT": spec["commit"],
        "PYTHONUNBUFFERED": "1",
    }
