from __future__ import annotations

import re

import pytest
from testinfra.host import Host

DOMAIN = "guestbook.localhost"
CERTIFICATE = "/etc/ssl/placid/guestbook/fullchain.pem"
#: Asks for one page with Python's own client, over HTTP/1.1; prints the status and the headers.
ASK = """
import http.client, socket, ssl, sys
name, certificate, port, path, size = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
connection.connect()
if port == "443":
    connection.sock = ssl.create_default_context(cafile=certificate).wrap_socket(connection.sock, server_hostname=name)
connection.request("POST" if int(size) else "GET", path, "x" * int(size), {"Host": name})
answer = connection.getresponse()
print(answer.status, *(f"{key.lower()}: {value}" for key, value in answer.getheaders()), sep="\\n")
"""
POLICIES = {
    "/": "default-src 'none'; script-src 'self'",
    "/nowhere/": "default-src 'none'; script-src 'self'",
    "/static/nowhere.css": "frame-ancestors 'self'",
    "/media/nowhere.png": "default-src 'none'; sandbox",
}
#: Of the page that tells visitors to come back.
UNAVAILABLE = "default-src 'none'; frame-ancestors 'none'"


class Answer:
    def __init__(self, text: str) -> None:
        self.status, *lines = text.splitlines()
        self.headers = [tuple(line.split(": ", 1)) for line in lines]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def ask(host: Host, path: str, port: int = 443, size: int = 0) -> Answer:
    return Answer(host.check_output("python3 -c %s %s %s %s %s %s", ASK, DOMAIN, CERTIFICATE, str(port), path, str(size)))


def handshake(host: Host, *options: str, name: str = f"-servername {DOMAIN}") -> str:
    """What OpenSSL's client says of a handshake; it verifies the certificate."""
    command = (
        f"openssl s_client -brief -connect 127.0.0.1:443 {name} -CAfile {CERTIFICATE} -verify_return_error {' '.join(options)}"
    )
    answer = host.run(f"{command} </dev/null")
    return str(answer.stdout + answer.stderr)


def test_visitors_get_the_site_over_tls(host: Host) -> None:
    answer = ask(host, "/")
    assert answer.status == "200"
    assert len(answer.all("x-commit")[0]) == 40


def test_plain_http_leads_to_https(host: Host) -> None:
    answer = ask(host, "/entries/?page=2", port=80)
    assert (answer.status, answer.all("location")) == ("301", [f"https://{DOMAIN}/entries/?page=2"])


@pytest.mark.parametrize(("option", "protocol"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_the_protocols_of_today_are_spoken(host: Host, option: str, protocol: str) -> None:
    said = handshake(host, option)
    assert f"Protocol version: {protocol}" in said
    assert "Verification: OK" in said


@pytest.mark.parametrize(
    "option", ["-tls1", "-tls1_1", "-tls1_2 -cipher AES256-SHA", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384"]
)
def test_the_protocols_and_ciphers_of_yesterday_are_not(host: Host, option: str) -> None:
    assert "alert" in handshake(host, option, "-cipher 'ALL:@SECLEVEL=0'" if "cipher" not in option else "")


def test_the_key_exchange_is_the_best_that_openssl_knows(host: Host) -> None:
    version = tuple(int(part) for part in re.findall(r"\d+", host.check_output("openssl version"))[:2])
    assert ("X25519MLKEM768" if version >= (3, 5) else "X25519,") in handshake(host).replace(" bits", ",")


@pytest.mark.parametrize("name", ["-servername unknown.example.org", "-noservername"])
def test_an_unknown_name_gets_no_handshake(host: Host, name: str) -> None:
    assert "unrecognized name" in handshake(host, name=name)


def test_http_2_is_offered(host: Host) -> None:
    said = host.run(
        f"openssl s_client -connect 127.0.0.1:443 -servername {DOMAIN} -alpn h2,http/1.1 </dev/null | grep -a ALPN"
    ).stdout
    assert said == "ALPN protocol: h2\n"


def assert_headers(answer: Answer, policy: str) -> None:
    assert [value.partition(";")[0] for value in answer.all("strict-transport-security")] == ["max-age=31536000"]
    assert answer.all("x-content-type-options") == ["nosniff"]
    assert answer.all("referrer-policy") == ["same-origin"]
    assert answer.all("cross-origin-opener-policy") == ["same-origin"]
    (sent,) = answer.all("content-security-policy")
    assert sent.startswith(policy)
    assert "unsafe" not in sent


@pytest.mark.parametrize("path", POLICIES)
def test_every_answer_has_each_header_once(host: Host, path: str) -> None:
    answer = ask(host, path)
    assert answer.status == ("200" if path == "/" else "404")
    assert_headers(answer, POLICIES[path])


def test_a_static_file_has_them_and_is_kept_for_a_year(host: Host) -> None:
    found = host.check_output("find /srv/guestbook/current/static/entries -name 'style.*.css'").rpartition("/")[2]
    answer = ask(host, f"/static/entries/{found}")
    assert answer.status == "200"
    assert_headers(answer, "frame-ancestors 'self'")
    assert answer.all("cache-control") == ["public, max-age=31536000, immutable"]


def test_a_refusal_of_the_web_servers_own_has_them(host: Host) -> None:
    answer = ask(host, "/", size=21 * 1024 * 1024)
    assert answer.status == "413"
    assert_headers(answer, UNAVAILABLE)


def test_cookies_travel_over_tls_alone(host: Host) -> None:
    (cookie,) = ask(host, "/admin/login/").all("set-cookie")
    assert "; Secure" in cookie


def test_the_page_that_says_to_come_back_has_them(host: Host) -> None:
    socket = host.check_output("readlink /srv/guestbook/web.sock")
    host.check_output("mv /srv/guestbook/web.sock /srv/guestbook/web.sock.away")
    try:
        answer = ask(host, "/")
    finally:
        host.check_output("mv /srv/guestbook/web.sock.away /srv/guestbook/web.sock")
    assert socket == host.check_output("readlink /srv/guestbook/web.sock")
    assert answer.status == "503"
    assert_headers(answer, UNAVAILABLE)
