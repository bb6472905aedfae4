"""How much of a host PostgreSQL takes: its settings of memory, connections and log, from the host's facts.

The formula, with M for the megabytes that PostgreSQL may count on, a share of the host's memory:

    max_connections       M / 20, from 50 to 400, in tens
    shared_buffers        M / 4, at most 8 GB
    effective_cache_size  M * 3 / 4
    maintenance_work_mem  M / 16, from 64 MB to 1 GB
    work_mem              (M - shared_buffers) / (3 * max_connections), from 4 to 128 MB
    max_wal_size          M, from 1 to 16 GB, at most a twentieth of the file system with the data, at least 128 MB
    min_wal_size          max_wal_size / 4
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Megabytes to which the host's memory is rounded: it varies a little with the kernel, and no such change is worth a restart.
STEP = 256


def settings(facts: Mapping[str, Any], percent: int, data: str = "/var/lib/postgresql") -> dict[str, str]:
    """The settings by name. facts: ansible_facts with memtotal_mb, and mounts. percent: the share of memory to count on."""
    memory = max(STEP, round(facts["memtotal_mb"] / STEP) * STEP) * percent // 100
    connections = _within(50, memory // 20, 400) // 10 * 10
    buffers = min(memory // 4, 8192)
    disk = _disk(facts.get("mounts") or [], data)
    log = max(128, min(_within(1024, memory, 16384), disk // 20)) if disk else 1024
    megabytes = {
        "shared_buffers": buffers,
        "effective_cache_size": memory * 3 // 4,
        "maintenance_work_mem": _within(64, memory // 16, 1024),
        "work_mem": _within(4, (memory - buffers) // (3 * connections), 128),
        "max_wal_size": log,
        "min_wal_size": log // 4,
    }
    return {"max_connections": str(connections), **{name: f"{value}MB" for name, value in megabytes.items()}}


def _within(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _disk(mounts: list[Mapping[str, Any]], data: str) -> int:
    """Megabytes of the file system that holds a directory; 0 where the facts do not say."""
    holding = [each for each in mounts if f"{data}/".startswith(f"{each['mount'].rstrip('/')}/")]
    found = max(holding, key=lambda each: len(each["mount"]), default={})
    return int(found.get("size_total") or 0) // (1 << 20)
