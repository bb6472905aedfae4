"""Asking the web server of this host as visitors do, or new processes before visitors get to them."""

from __future__ import annotations

import contextlib
import functools
import http.client
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.placid import probe

#: A page that no application has.
MISSING = "/a-page-that-placid-asks-for-since-it-is-missing"


@dataclass(frozen=True)
class FrontDoor:
    """How visitors come in: the site's first domain, the web server's port here, the scheme, and the paths that must answer.

    certificate: the one that the web server is to show; empty for plain HTTP. socket, group: the web process, or the group of
    mod_wsgi's processes, that is asked instead of what visitors get.
    """

    host: str
    port: int
    scheme: str
    smoke: list[str]
    certificate: str = ""
    socket: Path | None = None
    group: str = ""

    def ask(self, path: str) -> int:
        """The status of a page."""
        certificate = Path(self.certificate) if self.certificate and not self.socket else None
        address = self.socket or ("127.0.0.1", self.port)
        return probe.status(address, path, self.host, self.scheme, certificate=certificate, group=self.group)

    def warm(self, paths: Sequence[str], connections: int) -> None:
        """Ask for pages on so many connections at once, so that each process has loaded what an answer needs.

        What they answer is no matter: what must be well was asked before.
        """

        def ask(number: int) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.ask(paths[number % len(paths)])

        with ThreadPoolExecutor(max(1, connections)) as pool:
            list(pool.map(ask, range(connections)))

    def problem(self, health: Mapping[str, Any] | None = None) -> str:
        """What is wrong with the first of the paths that is not well; empty where all are.

        Of new processes it wants a page for what is not there, too; visitors' web server is spared a line in its log.
        health: `path` and `status` of the health page, if that is to be asked, too.
        """
        first = [(health["path"], health["status"])] if health else []
        last = [(MISSING, probe.WELL)] if self.socket or self.group else []
        for path, expected in [*first, *((path, probe.THERE) for path in self.smoke), *last]:
            ask = functools.partial(self.ask, path)
            problem = probe.wait_until_healthy(ask, expected, timeout=10, broken=lambda: "", patience=1.0)
            if problem:
                return f"{self.host}{path} is not well: {problem}"
        return ""
