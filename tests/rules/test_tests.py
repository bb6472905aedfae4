from __future__ import annotations

from fnmatch import fnmatch

import pytest

from rules.repository import ROOT


def test_no_test_is_passed_over_by_its_directorys_name(request: pytest.FixtureRequest) -> None:
    """Pytest's own list of directories to pass over holds names that are good ones here, such as build."""
    patterns = request.config.getini("norecursedirs")
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    assert tests
    assert [path for path in tests for part in path.parts[:-1] if any(fnmatch(part, each) for each in patterns)] == []
