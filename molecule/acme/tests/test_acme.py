from __future__ import annotations

import pytest
from testinfra.host import Host

pytestmark = pytest.mark.usefixtures("roots")
testinfra_hosts = ["nginx", "apache"]
SERVICES = {"nginx": "nginx.service", "apache": "apache2.service"}
KEY = "/etc/ssl/placid/guestbook/privkey.pem"
#: What a visitor who trusts the authority, and nobody else, is shown: the serial number.
VISIT = """
import socket, ssl, sys
context = ssl.create_default_context(cafile="/tmp/roots.pem")
with context.wrap_socket(socket.create_connection(("127.0.0.1", 443), 20), server_hostname=sys.argv[1]) as connection:
    print(connection.getpeercert()["serialNumber"])
"""
ROOTS = """
import re, ssl, urllib.request
directory = re.search("ask (https://[0-9.]+):14000", open("/etc/systemd/system/placid-acme.service").read())[1]
context = ssl.create_default_context(cafile="/etc/ssl/pebble.pem")
open("/tmp/roots.pem", "wb").write(urllib.request.urlopen(f"{directory}:15000/roots/0", context=context).read())
"""


@pytest.fixture(scope="module")
def roots(host: Host) -> None:
    """Pebble makes its root anew at each start."""
    host.check_output("python3 -c %s", ROOTS)


def server(host: Host) -> str:
    """The web server of a host, for which it is called."""
    return str(host.ansible.get_variables()["inventory_hostname"])


def serial(host: Host, within: str = "") -> str:
    return str(host.check_output("python3 -c %s %s", VISIT, f"{within}{server(host)}.example.org"))


def look(host: Host) -> None:
    """Let the host look for what is to be renewed, as its timer does."""
    done = host.run("systemctl start placid-acme.service")
    assert done.rc == 0, host.check_output("journalctl --unit=placid-acme.service --lines=40 --output=short-precise")


@pytest.mark.parametrize("within", ["", "www."])
def test_a_visitor_trusts_the_site_under_every_domain(host: Host, within: str) -> None:
    assert serial(host, within)


def test_no_other_site_has_a_certificate_of_the_authority(host: Host) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in host.run("python3 -c %s %s", VISIT, "wiki.example.org").stderr


def test_renewing_changes_the_certificate_and_restarts_nothing(host: Host) -> None:
    main = f"systemctl show --property=MainPID {SERVICES[server(host)]}"
    before, process = serial(host), host.check_output(main)
    key = host.file(KEY).sha256sum
    host.check_output("touch /var/lib/placid-acme/requests/guestbook.csr")
    look(host)
    renewed = serial(host)
    assert renewed != before
    assert (host.check_output(main), host.file(KEY).sha256sum) == (process, key)
    look(host)
    assert serial(host) == renewed


def test_what_is_not_for_the_sites_key_is_not_served(host: Host) -> None:
    before, issued = serial(host), "/var/lib/placid-acme/issued/guestbook.pem"
    host.check_output("cp -p %s /tmp/issued.pem && cat /etc/ssl/placid/wiki/fullchain.pem > %s", issued, issued)
    try:
        answer = host.run("systemctl start placid-acme.service")
        assert "is not for the key" in host.check_output("journalctl --unit=placid-acme.service --lines=20 --output=cat")
    finally:
        host.check_output("cp -p /tmp/issued.pem %s", issued)
        look(host)
    assert answer.rc != 0
    assert serial(host) == before


def test_what_speaks_with_the_authority_reads_no_key(host: Host) -> None:
    for path in (KEY, "/etc/ssl/placid/wiki/privkey.pem"):
        assert host.run("runuser -u placid-acme -- cat %s", path).rc != 0
    for path in ("/var/lib/placid-acme/requests", "/etc/ssl/placid", "/usr/local/lib/placid"):
        assert host.run("runuser -u placid-acme -- test -w %s", path).rc != 0


def test_nothing_of_a_challenge_is_left(host: Host) -> None:
    assert host.file("/var/lib/placid/acme").listdir() == []


def test_it_is_looked_for_twice_a_day(host: Host) -> None:
    timer = host.service("placid-acme.timer")
    assert (timer.is_running, timer.is_enabled) == (True, True)
    assert host.check_output("systemctl list-timers placid-acme.timer --output=json") != "[]"


def test_what_asks_is_confined(host: Host) -> None:
    score = host.check_output("systemd-analyze security --no-pager placid-acme.service | tail -n 1")
    print(score)
    assert float(score.split(": ")[1].split()[0]) <= 1.5
