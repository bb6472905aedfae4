"""New processes are asked all at once, so that each has loaded what an answer needs before visitors ask."""

from __future__ import annotations

import http.server
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid.front_door import FrontDoor

TOGETHER = 6


@pytest.fixture
def door(tmp_path: Path) -> FrontDoor:
    return FrontDoor("x", 80, "http", [], socket=tmp_path / "web.sock")


@pytest.fixture
def asked(door: FrontDoor) -> Iterator[list[str]]:
    """What a server is asked that answers only when so many ask together."""
    pages: list[str] = []
    barrier = threading.Barrier(TOGETHER)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            barrier.wait(10)
            pages.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Server(str(door.socket), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield pages
        server.shutdown()


def test_all_are_asked_at_once(door: FrontDoor, asked: list[str]) -> None:
    door.warm(["/healthz", "/"], TOGETHER)
    assert sorted(asked) == ["/"] * 3 + ["/healthz"] * 3


def test_no_answer_is_no_error(door: FrontDoor) -> None:
    door.warm(["/"], 2)
