"""Lines that belong below the results, also of tests that passed; a conftest.py takes over what is here by importing it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_told: list[str] = []


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Takes a line."""
    return _told.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _told:
        terminalreporter.write_line(line)
