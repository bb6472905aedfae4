from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from testinfra.host import Host

ASK = """
import http.client, json, ssl, sys
method, scheme, name, path, headers = json.loads(sys.argv[1])
connection = http.client.HTTPConnection("127.0.0.1", 443 if scheme == "https" else 80, timeout=10)
connection.connect()
if scheme == "https":
    connection.sock = ssl._create_unverified_context().wrap_socket(connection.sock, server_hostname=name)
connection.request(method, path, headers={"Host": name, **headers})
answer = connection.getresponse()
print(json.dumps([answer.status, dict(answer.getheaders()), answer.read().decode()]))
"""
SHOP, PLAIN = "shop.example.org", "plain.example.org"


def ask(host: Host, path: str, method: str = "GET", name: str = PLAIN, scheme: str = "http", **headers: str) -> list[Any]:
    answer = host.check_output("python3 -c %s %s", ASK, json.dumps([method, scheme, name, path, headers]))
    return list(json.loads(answer))


def told(host: Host, path: str = "/", **options: str) -> dict[str, Any]:
    """What a host behind the load balancer was told."""
    status, _, body = ask(host, path, **options)
    assert status == 200
    return dict(json.loads(body))


def read_by(host: Host, number: int) -> list[str]:
    """The methods of the requests that a host has read."""
    read = "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
    return list(json.loads(host.check_output("python3 -c %s %s", read, f"http://127.0.0.{number}:8080/read")))


@pytest.fixture
def one_down(host: Host) -> Iterator[None]:
    host.check_output("systemctl stop behind@2.service")
    yield
    host.check_output("systemctl start behind@2.service")


@pytest.fixture
def fresh(host: Host) -> None:
    """No host is left out, and none has read anything."""
    host.check_output("systemctl restart behind@2.service behind@3.service nginx.service")
    listen = "until ss -tln | grep -q 127.0.0.2:8080 && ss -tln | grep -q 127.0.0.3:8080; do sleep 0.1; done"
    host.check_output("timeout 20 sh -c %s", listen)


@pytest.mark.usefixtures("fresh")
def test_requests_go_to_each_host_in_turn(host: Host) -> None:
    assert {told(host)["number"] for _ in range(4)} == {"2", "3"}


@pytest.mark.usefixtures("fresh", "one_down")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_down_costs_no_visitor_anything(host: Host, method: str) -> None:
    assert {told(host, method=method)["number"] for _ in range(6)} == {"3"}


@pytest.mark.usefixtures("fresh")
def test_what_a_host_has_read_is_sent_to_another_only_if_it_may_be_done_twice(host: Host) -> None:
    assert ask(host, "/die", "POST")[0] == 503
    assert sorted(read_by(host, 2) + read_by(host, 3)) == ["POST"]
    ask(host, "/die", "GET")
    assert sorted(read_by(host, 2) + read_by(host, 3)) == ["GET", "GET", "POST"]


@pytest.mark.usefixtures("fresh")
def test_a_file_that_one_host_has_not_is_asked_of_the_other(host: Host) -> None:
    assert {ask(host, "/static/but-2", name=SHOP, scheme="https")[0] for _ in range(4)} == {200}
    assert {ask(host, "/page/but-2", name=SHOP, scheme="https")[0] for _ in range(4)} == {200, 404}


def test_hosts_are_told_the_visitors_address_scheme_and_name_and_nothing_that_he_made_up(host: Host) -> None:
    forged = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.org",
        "X-Forwarded-Port": "1",
        "Forwarded": "for=192.0.2.1;proto=https",
    }
    headers = told(host, **forged)
    assert {key: value for key, value in headers.items() if "forwarded" in key} == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }
    assert headers["host"] == PLAIN
    assert told(host, name=SHOP, scheme="https")["x-forwarded-proto"] == "https"


def test_a_request_has_one_name_in_every_log_and_visitors_do_not_choose_it(host: Host) -> None:
    forged = "f" * 32
    given = told(host, "/named", **{"X-Request-ID": forged})["x-request-id"]
    assert given != forged
    assert f" id={given} " in host.check_output("grep 'GET /named' /var/log/nginx/access.log | tail -n 1")


def test_a_site_with_a_certificate_is_https(host: Host) -> None:
    status, headers, _ = ask(host, "/page?x=1", name=SHOP)
    assert (status, headers["Location"]) == (301, f"https://{SHOP}/page?x=1")
    assert "Strict-Transport-Security" in ask(host, "/", name=SHOP, scheme="https")[1]


def test_an_application_that_is_gone_leaves_a_configuration_that_nginx_starts_with(host: Host) -> None:
    assert not host.file("/etc/ssl/placid/former").exists
    host.check_output("nginx -t -q")


def test_a_site_that_somebody_else_wrote_stays(host: Host) -> None:
    assert sorted(host.file("/etc/nginx/sites-enabled").listdir()) == ["plain.conf", "shop.conf", "yours.conf"]
    assert ask(host, "/", name="yours.example.org")[0] == 204
