"""Visitors: a steady number of requests a second through the web server, and what became of each."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType

#: Each client asks ten times a second.
PAUSE_SECONDS = 0.1


class Connection(http.client.HTTPConnection):
    def __init__(self, port: int, name: str, tls: ssl.SSLContext | None) -> None:
        super().__init__("127.0.0.1", port, timeout=20)
        self._name, self._tls = name, tls

    def connect(self) -> None:
        super().connect()
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


@dataclass
class Load:
    """Visitors of one site for as long as the `with` block lasts.

    After it: how many requests were `sent` in how many `seconds`, why some `failed` (anything but 200), which `commits` answered
    how often, and the seconds that the `slowest` took.
    """

    port: int
    name: str
    new: int  # clients that open a connection for every request
    kept: int  # clients that keep theirs
    path: str = "/"
    tls: ssl.SSLContext | None = None  # to ask over TLS
    sent: int = 0
    failed: list[str] = field(default_factory=list)
    commits: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Load:
        self.seconds -= time.monotonic()
        for number in range(self.new + self.kept):
            thread = threading.Thread(target=self._visit, args=(number >= self.new,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self.seconds += time.monotonic()
        for thread in self._threads:
            thread.join(timeout=30)

    def report(self, what: str) -> str:
        failed = "; ".join(self.failed[:5])
        asked = f"{self.sent} requests, {self.sent / self.seconds:.0f} a second, {len(self.failed)} failed"
        return f"{what}: {asked}, slowest {self.slowest:.2f} s. {failed}".strip()

    def _visit(self, keep: bool) -> None:
        connection = Connection(self.port, self.name, self.tls)
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + PAUSE_SECONDS, time.monotonic() - 1)  # what a slow answer held up is made up for, a second's worth
            self._ask(connection, keep)
            if not keep:
                connection.close()
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, keep: bool) -> None:
        begun, problem, commit = time.monotonic(), "", ""
        try:
            connection.request("GET", self.path, headers={"Host": self.name} | ({} if keep else {"Connection": "close"}))
            answer = connection.getresponse()
            answer.read()
            commit = answer.getheader("X-Commit", "")
            problem = "" if answer.status == 200 else f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            problem = f"{type(error).__name__}: {error}"
            connection.close()
        with self._lock:
            self.sent += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.commits[commit] += 1
            if problem:
                kind = "kept" if keep else "new"
                self.failed.append(f"{time.strftime('%H:%M:%S')} on a {kind} connection: {problem}")
