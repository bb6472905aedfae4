"""What killed runs leave on a host, and its removal."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import complete
from ansible.module_utils.placid.virtual_environment import unfinished


def leftovers(layout: Layout) -> list[Path]:
    """What a killed run left: releases without their marker, virtual environments without theirs, and temporary files.

    Those beside the settings may hold secrets.
    """
    live = layout.live_release()
    half_made = [layout.release(name) for name in os.listdir(layout.releases) if name != live and complete(layout, name) is None]
    return [*half_made, *layout.home.glob(".*"), *layout.settings.parent.glob(".*"), *unfinished(layout)]


def remove_leftovers(layout: Layout) -> None:
    """Remove what a killed run left."""
    for path in leftovers(layout):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
