"""The file that a deployment locks: who may open it could hold it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.lock import Holder, held

ADA = Holder("ada's", "ada@laptop", "deploy v1", "2026-01-02T03:04:05+00:00")


@pytest.mark.parametrize("before", [None, 0o644])
def test_nobody_else_can_open_it_and_hold_it(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "lock"
    if before:
        path.touch(before)
    with held(path, ADA):
        assert path.stat().st_mode & 0o777 == 0o600
