from __future__ import annotations

from pathlib import Path

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.builder import Builder


@pytest.fixture(scope="module")
def builder(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """With a cache of its own: what earlier runs built is not in it."""
    cache: Path = tmp_path_factory.mktemp("cache")
    return Builder(host, cache)
