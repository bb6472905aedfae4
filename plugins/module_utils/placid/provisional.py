"""What a host keeps of the state before a switch until every host of the application has switched.

One file, for root alone: it holds the settings of before, and they hold secrets. It is there from before the first change until
the end of the run is written into the ledger; a run that was killed leaves it, and the next one goes on with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ansible.module_utils.placid.files import replace_file
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.settings_file import SettingsFile


@dataclass(frozen=True)
class Before:
    """token: the run that kept it. release: the one that was live, or empty. settings: the file's content, or None."""

    token: str
    release: str
    settings: str | None


def read(layout: Layout) -> Before | None:
    """What is kept, or None."""
    try:
        return Before(**json.loads(layout.before.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def keep(layout: Layout, token: str, unconfirmed: bool) -> bool:
    """Keep what is live now, unless what is kept already still counts; whether anything was kept anew.

    unconfirmed: what an earlier run kept still counts, because no host has confirmed that run.
    """
    kept = read(layout)
    if kept and (unconfirmed or kept.token == token):
        return False
    content = json.dumps(asdict(Before(token, layout.live_release() or "", SettingsFile(layout).text())))
    replace_file(layout.before, content.encode(), mode=0o600)
    return True


def drop(layout: Layout) -> None:
    """What was kept counts no more."""
    layout.before.unlink(missing_ok=True)
