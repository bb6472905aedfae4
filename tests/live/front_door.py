"""What a visitor of the guestbook gets from the web server, asked from inside the host but not as the host itself."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from testinfra.host import Host  # type: ignore[import-untyped]

from live import daemons

DOMAIN = "guestbook.localhost"
#: Begins the policy of a page that the web server made itself.
OWN_PAGE = "default-src 'none'; style-src 'self' 'sha256-"
CERTIFICATE = "/etc/ssl/placid/guestbook/fullchain.pem"
#: One request over HTTP/1.1 by Python's own client; prints the answer, or why there was none. A body that is too large is
#: refused before all of it was sent.
ASK = """
import contextlib, http.client, json, ssl, sys
q = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(q["address"], q["port"], timeout=20)
try:
    connection.connect()
    if q["port"] == 443:
        context = ssl.create_default_context(cafile=q["certificate"])
        connection.sock = context.wrap_socket(connection.sock, server_hostname=q["handshake"])
    body = "x" * q["size"] if not q["chunked"] else (b"x" * 65536 for _ in range(q["size"] // 65536))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
        connection.request(q["method"], q["path"], body or None, q["headers"], encode_chunked=q["chunked"])
    answer = connection.getresponse()
    print(json.dumps([answer.status, [[k.lower(), v] for k, v in answer.getheaders()], answer.read().decode("latin-1")]))
except (OSError, http.client.HTTPException) as error:
    print(json.dumps([0, [], repr(error)]))
"""
#: An application that tells what it was asked, and answers with the headers that the path names.
ECHO = """
import http.server, json, os, socketserver
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(200)
        if self.path == "/own":
            for name in ("X-Content-Type-Options", "Referrer-Policy", "Strict-Transport-Security"):
                self.send_header(name, "own")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "web server"
os.umask(0o007)
socketserver.ThreadingUnixStreamServer("/run/guestbook/echo.sock", Echo).serve_forever()
"""


class Answer:
    """A status (0 for no answer), headers and body."""

    def __init__(self, status: int, headers: list[list[str]], body: str) -> None:
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:300]!r}"

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str:
        """The header that is there once; empty for none."""
        values = self.all(name)
        assert len(values) <= 1, (name, values)
        return values[0] if values else ""


class FrontDoor:
    """The web server of a host, by the address that other hosts use."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.address = str(host.check_output("hostname -I")).split()[0]

    def ask(self, path: str = "/", method: str = "GET", **options: Any) -> Answer:
        """Ask once. Options: port, address, name, handshake (another name for TLS), size of the body, chunked, headers."""
        name = options.get("name", DOMAIN)
        question = {
            "address": options.get("address", self.address),
            "port": options.get("port", 443),
            "handshake": options.get("handshake", name),
            "certificate": CERTIFICATE,
            "method": method,
            "path": path,
            "size": options.get("size", 0),
            "chunked": options.get("chunked", False),
            "headers": {"Host": name, **options.get("headers", {})},
        }
        return Answer(*json.loads(self.host.check_output("python3 -c %s %s", ASK, json.dumps(question))))

    def handshake(self, *options: str, name: str = f"-servername {DOMAIN}") -> str:
        """What OpenSSL's client says of a handshake; it verifies the certificate."""
        client = f"openssl s_client -brief -connect {self.address}:443 -CAfile {CERTIFICATE} -verify_return_error"
        answer = self.host.run(f"{client} {name} {' '.join(options)} </dev/null")
        return str(answer.stdout + answer.stderr)

    @contextlib.contextmanager
    def application_away(self) -> Iterator[None]:
        """Nothing listens where the web server looks for the application."""
        sockets = "/run/apache2/wsgi.*.sock" if daemons.served(self.host) else "/srv/guestbook/web.sock"
        names = str(self.host.check_output(f"ls -d {sockets}")).split()
        self.host.check_output("; ".join(f"mv -T {name} {name}.away" for name in names))
        try:
            yield
        finally:
            self.host.check_output("; ".join(f"mv -T {name}.away {name}" for name in names))

    @contextlib.contextmanager
    def echo(self) -> Iterator[None]:
        """Visitors reach an application that tells what it was asked."""
        if daemons.served(self.host):
            self.host.check_output("sh -c %s", daemons.ECHO)
            try:
                yield
            finally:
                self.host.check_output("sh -c %s", daemons.REST)
            return
        run = "systemd-run --quiet --unit=echo --collect --uid=guestbook --gid=guestbook python3 -c %s"
        self.host.check_output(run, ECHO)
        self.host.check_output("timeout 20 sh -c 'until test -S /run/guestbook/echo.sock; do sleep 0.1; done'")
        try:
            with self.application_away():
                self.host.check_output("ln -s /run/guestbook/echo.sock /srv/guestbook/web.sock")
                yield
        finally:
            self.host.check_output("systemctl stop echo.service && rm -f /run/guestbook/echo.sock")


def assert_headers(answer: Answer, policy: str) -> None:
    assert answer.one("strict-transport-security").partition(";")[0] == "max-age=31536000"
    assert answer.one("x-content-type-options") == "nosniff"
    assert answer.one("referrer-policy") == "same-origin"
    assert answer.one("cross-origin-opener-policy") == "same-origin"
    assert answer.one("content-security-policy").startswith(policy)
    assert "unsafe" not in answer.one("content-security-policy")
