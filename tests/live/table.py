"""The table of faults in docs/faults.md, as a run finds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from live.load import Load

HEAD = ["| fault | how the run ended | what served meanwhile | requests | failed |", "|---|---|---|---|---|"]


@dataclass
class Table:
    """A row for each fault, in the order in which they were tried."""

    rows: list[str] = field(default_factory=list)

    def add(self, fault: str, ended: str, served: str, load: Load) -> None:
        self.rows.append(f"| {fault} | {ended} | {served} | {load.sent} | {len(load.failed)} |")

    def lines(self) -> list[str]:
        return [*HEAD, *self.rows] if self.rows else []
