from __future__ import annotations

from collections.abc import Callable

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.site import Site

told: list[str] = []


@pytest.fixture(scope="module")
def site(host: Host) -> Site:
    return Site(host)


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Takes a line that belongs below the results, also of a test that passed."""
    return told.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in told:
        terminalreporter.write_line(line)
