from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid.tuning import settings

ROOT = {"mount": "/", "size_total": 100 << 30}
DATA = {"mount": "/var/lib/postgresql", "size_total": 10 << 30}
OTHER = {"mount": "/var/lib/postgres", "size_total": 1 << 30}


def tuned(memory: int, percent: int, *mounts: dict[str, Any]) -> list[str]:
    found = settings({"memtotal_mb": memory, "mounts": list(mounts)}, percent)
    return [
        found[name]
        for name in (
            "max_connections",
            "shared_buffers",
            "effective_cache_size",
            "maintenance_work_mem",
            "work_mem",
            "max_wal_size",
        )
    ]


@pytest.mark.parametrize(
    ("memory", "percent", "expected"),
    [
        pytest.param(256, 10, ["50", "6MB", "18MB", "64MB", "4MB", "1024MB"], id="the least"),
        pytest.param(1987, 40, ["50", "204MB", "614MB", "64MB", "4MB", "1024MB"], id="2 GB, shared with applications"),
        pytest.param(3920, 80, ["150", "768MB", "2304MB", "192MB", "5MB", "3072MB"], id="4 GB of its own"),
        pytest.param(32000, 80, ["400", "6400MB", "19200MB", "1024MB", "16MB", "5120MB"], id="32 GB of its own"),
        pytest.param(257000, 80, ["400", "8192MB", "154214MB", "1024MB", "128MB", "5120MB"], id="256 GB of its own"),
    ],
)
def test_what_a_host_can_give(memory: int, percent: int, expected: list[str]) -> None:
    assert tuned(memory, percent, ROOT) == expected


def test_a_little_more_or_less_memory_is_no_reason_for_a_restart() -> None:
    assert tuned(3900, 80) == tuned(3960, 80)


def test_the_log_takes_a_twentieth_of_the_file_system_with_the_data() -> None:
    found = settings({"memtotal_mb": 32000, "mounts": [ROOT, DATA, OTHER]}, 80)
    assert (found["max_wal_size"], found["min_wal_size"]) == ("512MB", "128MB")


def test_without_facts_about_file_systems_the_log_is_as_postgresql_has_it() -> None:
    assert settings({"memtotal_mb": 32000}, 80)["max_wal_size"] == "1024MB"
