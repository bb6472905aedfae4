"""Asking the web server of this host as visitors do."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.placid import probe


@dataclass(frozen=True)
class FrontDoor:
    """How visitors come in: the site's first domain, the web server's port here, the scheme, and the paths that must answer.

    certificate: the one that the web server is to show; empty for plain HTTP.
    """

    host: str
    port: int
    scheme: str
    smoke: list[str]
    certificate: str = ""

    def ask(self, path: str, group: str = "") -> int:
        """The status of a page; group: what of mod_wsgi's processes is asked, if not those that visitors get."""
        certificate = Path(self.certificate) if self.certificate else None
        return probe.status(("127.0.0.1", self.port), path, self.host, self.scheme, certificate=certificate, group=group)

    def problem(self) -> str:
        """What is wrong with the first of the paths that is not well; empty where all are."""
        for path in self.smoke:
            ask = functools.partial(self.ask, path)
            problem = probe.wait_until_healthy(ask, expected=0, timeout=10, broken=lambda: "", patience=1.0)
            if problem:
                return f"{self.host}{path} is not well: {problem}"
        return ""
