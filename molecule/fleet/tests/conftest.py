from __future__ import annotations

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.fleet import Fleet


@pytest.fixture(scope="module")
def fleet(host: Host) -> Fleet:
    return Fleet(host)
