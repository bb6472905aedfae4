"""Asking a web process, or the web server before it, for a page; and waiting until its queue is empty."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

#: Seconds between two looks at whether a process that does not answer is there at all; a look takes processor time.
LOOK_SECONDS = 0.5
#: What may be expected instead of one status: an answer of a server that is well; a page that is there.
WELL, THERE = 0, 1
_WRONG = {WELL: [HTTPStatus.BAD_REQUEST], THERE: [HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND]}
#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python does not name.
_NO_CHECK_TIME = 0x200000


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _TLSConnection(http.client.HTTPConnection):
    """Trusts one file: the certificate that the web server is to show, for the right name.

    So it takes a self-signed certificate as well as one of an authority that this host does not know. It takes one that has
    expired, too: that is no fault of the release, status.yml tells of it, and a deployment may be what cannot wait.
    """

    def __init__(self, host: str, port: int, name: str, certificate: Path, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._name = name
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
        self._context.load_verify_locations(certificate)

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)


def status(
    address: Path | tuple[str, int],
    path: str,
    host: str,
    scheme: str,
    timeout: float = 10.0,
    certificate: Path | None = None,
    group: str = "",
) -> int:
    """The status of one GET, asked as the web server asks: with a real Host, X-Forwarded-Proto and X-Forwarded-For.

    address: a unix socket, or host and port. certificate: ask a port over TLS, and insist on this one.
    group: the processes of mod_wsgi to ask, a or b, instead of those that visitors get.
    Raises OSError or http.client.HTTPException when there is no answer.
    """
    connection: http.client.HTTPConnection
    if isinstance(address, Path):
        connection = _UnixConnection(address, timeout)
    elif certificate:
        connection = _TLSConnection(*address, host, certificate, timeout)
    else:
        connection = http.client.HTTPConnection(*address, timeout=timeout)
    headers = {
        "Host": host,
        "X-Forwarded-Proto": scheme,
        "X-Forwarded-For": "127.0.0.1",
        "User-Agent": "placid-health-check",
        "Connection": "close",
    }
    if group:
        headers["X-Placid-Group"] = group
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def wrong_answer(answer: int, expected: int) -> bool:
    """Whether a status is not the expected one; WELL takes any but a server's error and a request that it does not take."""
    return answer >= 500 or answer in _WRONG[expected] if expected in _WRONG else answer != expected


def wait_until_healthy(
    ask: Callable[[], int], expected: int, timeout: float, broken: Callable[[], str], patience: float = 3.0
) -> str:
    """Ask until the answer is the expected one; return why it never was, or an empty text.

    timeout: seconds for the first answer. patience: seconds for a wrong answer to become right.
    broken: says why there is no sense in waiting on, or nothing.
    """
    begun = time.monotonic()
    deadline = begun + timeout
    problem, wrong_since, looked = "no answer", 0.0, begun
    while True:
        try:
            answer = ask()
        except (OSError, http.client.HTTPException) as error:
            problem = f"no answer after {time.monotonic() - begun:.0f} seconds ({type(error).__name__}: {error})"
        else:
            if not wrong_answer(answer, expected):
                return ""
            others = " and ".join(str(int(each)) for each in _WRONG.get(expected, []))
            wanted = f"anything below 500 but {others}" if others else f"{expected}"
            problem = f"it answered {answer} where {wanted} was expected"
            problem += ", as Django does whose ALLOWED_HOSTS lacks that name" if answer == HTTPStatus.BAD_REQUEST else ""
            wrong_since = wrong_since or time.monotonic()
        now = time.monotonic()
        if now - looked >= LOOK_SECONDS:
            reason, looked = broken(), now
            if reason:
                return f"{problem}; {reason}"
        if now > deadline or (wrong_since and now - wrong_since > patience):
            return problem
        time.sleep(0.05)


def drain(sockets: str, timeout: float = 10.0) -> bool:
    """Wait until no connection waits to be accepted on sockets that nothing new connects to; False if one still does.

    sockets: the path of one, or what the paths of several have in common.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        listing = subprocess.run(["ss", "-xlH"], capture_output=True, text=True, check=False).stdout
        if all(line.split()[2] == "0" for line in listing.splitlines() if sockets in line):
            return True
        time.sleep(0.1)
    return False
