"""Health checks, asked of real servers on unix sockets."""

from __future__ import annotations

import http.server
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid.front_door import MISSING, FrontDoor
from ansible.module_utils.placid.probe import THERE, drain, status, wait_until_healthy, wrong_answer

Asked = list[dict[str, str]]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers with the statuses given, one after the other, and with the last from then on."""

    daemon_threads = True

    def __init__(self, path: Path, statuses: list[int], asked: Asked) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append({"": f"{self.command} {self.path}", **self.headers})
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(str(path), Handler)


Serve = Callable[..., Asked]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web.sock"


@pytest.fixture
def serve(path: Path) -> Iterator[Serve]:
    """Start a server on the socket, after a delay in seconds; answers what it was asked."""
    servers: list[Server] = []

    def start(*statuses: int, delay: float = 0.0) -> Asked:
        asked: Asked = []

        def run() -> None:
            time.sleep(delay)
            servers.append(Server(path, list(statuses), asked))
            servers[-1].serve_forever(0.01)

        threading.Thread(target=run, daemon=True).start()
        while not delay and not servers:
            time.sleep(0.005)
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def check(path: Path, expected: int = 0, timeout: float = 5.0, patience: float = 3.0, broken: str = "") -> tuple[str, float]:
    """The problem and the seconds that it took to find."""
    begun = time.monotonic()
    problem = wait_until_healthy(lambda: status(path, "/", "x", "http"), expected, timeout, lambda: broken, patience)
    return problem, time.monotonic() - begun


@pytest.mark.parametrize(("host", "scheme"), [("guestbook.example.org", "https"), ("other.example.org", "http")])
def test_the_question_is_that_of_the_web_server(path: Path, serve: Serve, host: str, scheme: str) -> None:
    asked = serve(204)
    assert status(path, "/health?full=1", host, scheme) == 204
    assert asked == [
        {
            "": "GET /health?full=1",
            "Accept-Encoding": "identity",
            "Host": host,
            "X-Forwarded-Proto": scheme,
            "X-Forwarded-For": "127.0.0.1",
            "User-Agent": "placid-health-check",
            "Connection": "close",
        }
    ]


def test_a_port_can_be_asked_too() -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(418 if self.headers["Host"] == "guestbook.example.org" else 500)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert status(("127.0.0.1", server.server_port), "/", "guestbook.example.org", "http") == 418


@pytest.mark.parametrize(
    ("answer", "expected", "wrong"),
    [
        (200, 0, False),
        (302, 0, False),
        (404, 0, False),
        (499, 0, False),
        (500, 0, True),
        (503, 0, True),
        (302, THERE, False),
        (404, THERE, True),
        (400, THERE, True),
        (500, THERE, True),
        (200, 200, False),
        (204, 200, True),
        (302, 200, True),
        (404, 404, False),
        (500, 500, False),
    ],
)
def test_which_answers_are_wrong(answer: int, expected: int, wrong: bool) -> None:
    assert wrong_answer(answer, expected) == wrong


@pytest.mark.parametrize(
    ("statuses", "why", "pages"),
    [
        ([204, 200], "", ["/healthz", "/", MISSING]),
        ([200], "x/healthz is not well: it answered 200 where 204 was expected", ["/healthz"]),
        ([204, 404], "x/ is not well: it answered 404 where anything below 500 but 400 and 404 was expected", ["/healthz", "/"]),
    ],
)
def test_visitors_are_to_get_the_health_page_and_the_smoke_paths(
    path: Path, serve: Serve, statuses: list[int], why: str, pages: list[str]
) -> None:
    asked = serve(*statuses)
    door = FrontDoor("x", 80, "http", ["/"], socket=path)
    assert door.problem({"path": "/healthz", "status": 204}) == why
    assert list(dict.fromkeys(each[""] for each in asked)) == [f"GET {page}" for page in pages]


def test_a_healthy_server_is_asked_once(path: Path, serve: Serve) -> None:
    asked = serve(200)
    problem, seconds = check(path)
    assert (problem, len(asked)) == ("", 1)
    assert seconds < 5


def test_a_server_may_take_time_to_answer(path: Path, serve: Serve) -> None:
    serve(200, delay=0.3)
    problem, seconds = check(path)
    assert problem == ""
    assert seconds >= 0.3


def test_a_wrong_answer_may_become_right(path: Path, serve: Serve) -> None:
    asked = serve(503, 503, 200)
    assert check(path)[0] == ""
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("answer", "expected", "told"),
    [
        (500, 0, "it answered 500 where anything below 500 but 400 was expected"),
        (
            400,
            0,
            "it answered 400 where anything below 500 but 400 was expected, as Django does whose ALLOWED_HOSTS lacks that name",
        ),
        (302, 200, "it answered 302 where 200 was expected"),
    ],
)
def test_a_wrong_answer_that_stays_is_told_before_the_time_is_over(
    path: Path, serve: Serve, answer: int, expected: int, told: str
) -> None:
    serve(answer)
    problem, seconds = check(path, expected, timeout=30, patience=0.2)
    assert problem == told
    assert 0.2 < seconds < 10


def test_no_answer_is_told_with_its_reason_when_the_time_is_over(path: Path) -> None:
    problem, seconds = check(path, timeout=0.2)
    assert problem == "no answer after 0 seconds (FileNotFoundError: [Errno 2] No such file or directory)"
    assert 0.2 < seconds < 10


def test_a_socket_that_nobody_listens_on_is_no_answer(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    problem, _ = check(path, timeout=0.1)
    assert problem == "no answer after 0 seconds (ConnectionRefusedError: [Errno 111] Connection refused)"


def test_what_speaks_no_http_is_no_answer(path: Path) -> None:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(b"hello\n")

    with socketserver.UnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        problem, _ = check(path, timeout=0.1)
        server.shutdown()
    assert problem == "no answer after 0 seconds (BadStatusLine: hello\n)"


def test_a_server_that_says_nothing_is_given_up(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(TimeoutError):
            status(path, "/", "x", "http", timeout=0.1)


@pytest.mark.parametrize("listening", [True, False])
def test_a_process_that_broke_is_not_waited_for(path: Path, serve: Serve, listening: bool) -> None:
    if listening:
        serve(500)
    problem, seconds = check(path, timeout=30, broken="guestbook-web@R.1.service is failed")
    assert problem.endswith("; guestbook-web@R.1.service is failed")
    assert seconds < 10


def test_a_right_answer_counts_though_a_process_broke_before(path: Path, serve: Serve) -> None:
    serve(200)
    assert check(path, broken="restarted once")[0] == ""


def test_a_queue_is_waited_for_until_it_is_empty(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as visitor:
        server.bind(str(path))
        server.listen()
        assert drain(str(path), timeout=1)
        visitor.connect(str(path))
        assert not drain(str(path), timeout=0.3)
        threading.Timer(0.2, lambda: server.accept()).start()
        assert drain(str(path), timeout=5)


def test_a_socket_that_is_gone_has_no_queue(path: Path) -> None:
    assert drain(str(path), timeout=1)
