"""Until when a Django gets security fixes."""

from __future__ import annotations

import datetime

import pytest
from ansible.module_utils.placid.support import ended

TODAY = datetime.date(2026, 5, 1)


@pytest.mark.parametrize(
    ("requirements", "words"),
    [
        (
            "asgiref==3.2.1 --hash=sha256:00\ndjango==4.2.16 --hash=sha256:00",
            "django 4.2.16 gets no security fixes since the end of 2026-04",
        ),
        ("django==1.11.29 --hash=sha256:00", "django 1.11.29 gets no security fixes any more"),
        ("django==5.2 --hash=sha256:00", ""),
        ("django==5.2rc1 --hash=sha256:00", ""),
        ("django==7.1.3 --hash=sha256:00", ""),
        ("django-debug-toolbar==1.2.3 --hash=sha256:00", ""),
        ("", ""),
    ],
)
def test_a_series_ends_with_its_last_month(requirements: str, words: str) -> None:
    assert ended(requirements, TODAY) == words
    assert ended(requirements, datetime.date(2026, 4, 30)) == words * ("4.2" not in words)
