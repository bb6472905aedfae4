from __future__ import annotations

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.site import Site
from live.tell import pytest_terminal_summary, tell

__all__ = ["pytest_terminal_summary", "tell"]


@pytest.fixture(scope="module")
def site(host: Host) -> Site:
    return Site(host)
