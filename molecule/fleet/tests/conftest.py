from __future__ import annotations

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.fleet import Fleet
from live.tell import pytest_terminal_summary, tell

__all__ = ["pytest_terminal_summary", "tell"]


@pytest.fixture(scope="module")
def fleet(host: Host) -> Fleet:
    return Fleet(host)
