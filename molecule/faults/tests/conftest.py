from __future__ import annotations

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.site import Site
from live.table import Table

table = Table()


@pytest.fixture(scope="module")
def site(host: Host) -> Site:
    site = Site(host)
    if not site.live():
        site.make_live("v4")
    return site


@pytest.fixture(name="table")
def fixture_table() -> Table:
    return table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of docs/faults.md, as this run found it."""
    for line in table.lines():
        terminalreporter.write_line(line)
