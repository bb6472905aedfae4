"""A release is the committed tree, whatever ran in it while it was staged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.stage import Stage, StageError
from ansible.module_utils.placid.tree import digest_directory

SPEC: dict[str, Any] = {"id": "R", "commit": "0123456789abcdef", "static": {"root": "static"}}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_is_written_into_the_committed_tree_is_refused_by_name(tmp_path: Path) -> None:
    layout = Layout("guestbook", tmp_path)
    release = layout.release("R")
    for name in ("manage.py", "locale/de/django.po"):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_text("committed")
        os.utime(release / name, (1_767_323_045, 1_767_323_045))
    source = {"tree_sha256": digest_directory(release).sha256}
    manifest = {"source": source, "committed_at": "2026-01-02T03:04:05Z"}
    (release / "static").mkdir()
    for name in ("static/style.css", "locale/de/django.mo", *(f"new{number}" for number in range(5))):
        (release / name).write_text("")
    made = Stage(layout, SPEC, manifest, tmp_path, {})
    with pytest.raises(StageError) as error:
        made._seal()
    assert "wrote or removed files (locale/de/django.mo, new0, new1, new2, new3 and 1 more)." in str(error.value)
