"""What a database held when a release had nothing to migrate in it: while it holds the same, Django need not be started to ask.

The plan of the migrations follows from the release, its settings and what is applied. The first never changes, the second is
known by its digest, and the third is one query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.placid import dump
from ansible.module_utils.placid.files import replace_file
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.migrations import nothing_to_do


def remember(layout: Layout, release: str, environment: Mapping[str, str], plan: Mapping[str, Any] | None) -> None:
    """Write down what is applied, if the plan of a release that is on the host says that nothing is to do."""
    if plan and nothing_to_do(plan):
        path, known = _path(layout, release), {"settings": _digest(environment), "applied": sorted(plan["applied_before"])}
        content = json.dumps(known).encode()
        if not path.exists() or path.read_bytes() != content:
            replace_file(path, content, mode=0o600)


def still(layout: Layout, release: str, environment: Mapping[str, str], url: str) -> bool:
    """Whether the database holds just what was written down, under the same settings; False also where that cannot be told."""
    try:
        known = json.loads(_path(layout, release).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not url or known["settings"] != _digest(environment):
        return False
    applied = dump.applied(layout, url)
    return applied is not None and set(applied) == set(known["applied"])


def _path(layout: Layout, release: str) -> Path:
    return layout.release(release) / ".placid" / "settled.json"


def _digest(environment: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(environment, sort_keys=True).encode()).hexdigest()
