"""Plugins that Ansible finds by their path, loaded for a test."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def load(path: str) -> Any:
    """The module at a path below plugins/, such as action/release.py."""
    name = f"placid_{path.removesuffix('.py').replace('/', '_')}"
    spec = importlib.util.spec_from_file_location(name, PLUGINS / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
