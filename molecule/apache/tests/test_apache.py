from __future__ import annotations

import secrets
import ssl

import pytest
from testinfra.host import Host

from live.front_door import CERTIFICATE, DOMAIN, FrontDoor
from live.load import Load
from live.site import Site

#: A request with a name of its own that comes from an address of the host.
NAMED = """
import http.client, socket, ssl, sys
source, domain, name = sys.argv[1:]
plain = socket.create_connection(("127.0.0.1", 443), 20, (source, 0))
connection = http.client.HTTPConnection(domain)
connection.sock = ssl._create_unverified_context().wrap_socket(plain, server_hostname=domain)
connection.request("GET", "/named", headers={"X-Request-ID": name})
print(connection.getresponse().status)
"""


@pytest.fixture(scope="module")
def site(host: Host) -> Site:
    return Site(host)


def test_nginx_is_gone_with_its_sites(host: Host) -> None:
    assert not host.package("nginx").is_installed
    assert not host.file("/etc/nginx/sites-enabled").exists
    assert host.check_output("ss -Htlnp 'sport = :80 or sport = :443'").count("apache2") > 0


def test_no_request_is_lost_in_deployments_and_a_rollback(host: Host, site: Site) -> None:
    tls = ssl.create_default_context(cadata=host.file(CERTIFICATE).content_string)
    port = int(host.ansible.get_variables()["sandbox_https_port"])
    with Load(port, DOMAIN, new=3, kept=2, tls=tls) as load:
        site.succeed("deploy", version="v2")
        site.succeed("deploy", version="v3")
        site.succeed("rollback", migrations="keep")
    print(load.report("two deployments and a rollback"))
    assert load.failed == []
    assert {site.commit(version) for version in ("v1", "v2", "v3")} <= set(load.commits)
    assert site.live()["commit"] == site.commit("v2")
    assert site.strays() == []


def test_static_files_of_the_release_before_are_served(host: Host) -> None:
    directory = "/srv/guestbook/previous/static/entries"
    host.check_output(f"test -d {directory} && echo before > {directory}/before.0123456789ab.css")
    answer = FrontDoor(host).ask("/static/entries/before.0123456789ab.css")
    host.check_output(f"rm {directory}/before.0123456789ab.css")
    assert (answer.status, answer.body) == (200, "before\n")
    assert answer.one("cache-control") == "public, max-age=31536000, immutable"


def test_a_deployment_does_not_reload_apache(host: Host, site: Site) -> None:
    before = host.check_output("systemctl show apache2 --property=StateChangeTimestamp")
    site.make_live("v1")
    site.make_live("v2")
    assert host.check_output("systemctl show apache2 --property=StateChangeTimestamp") == before


def test_a_rotated_log_is_written_again(host: Host) -> None:
    host.check_output("logrotate --force /etc/logrotate.d/apache2")
    FrontDoor(host).ask("/after-rotation")
    assert "GET /after-rotation" in host.file("/var/log/apache2/access.log").content_string


@pytest.mark.parametrize(("source", "believed"), [("127.0.0.2", True), ("127.0.0.3", False)])
def test_a_request_has_the_name_that_a_balancer_gave_it_and_nobody_else(host: Host, source: str, believed: bool) -> None:
    name = secrets.token_hex(16)
    assert host.check_output("python3 -c %s %s %s %s", NAMED, source, DOMAIN, name) == "404"
    line = host.check_output("grep 'GET /named' /var/log/apache2/access.log | tail -n 1")
    assert (f" id={name} " in line) is believed


def test_only_the_modules_that_are_needed_are_loaded(host: Host) -> None:
    loaded = host.check_output("apachectl -M 2>/dev/null")
    assert "mpm_event_module" in loaded
    for unneeded in ("status", "autoindex", "cgi", "cgid", "userdir", "info", "dav", "negotiation"):
        assert f"{unneeded}_module" not in loaded


def test_the_workers_are_www_data(host: Host) -> None:
    assert {process.user for process in host.process.filter(comm="apache2")} == {"root", "www-data"}


@pytest.mark.parametrize("path", ["/home", "/root"])
def test_apache_sees_no_home(host: Host, path: str) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value apache2")
    assert host.run("ls /proc/%s/root%s", pid, path).stdout == ""


def test_apache_is_confined(host: Host) -> None:
    score = host.check_output("systemd-analyze security --no-pager apache2.service | tail -n 1")
    assert float(score.split(": ")[1].split()[0]) <= 2.5


def test_apache_starts_with_the_host(host: Host) -> None:
    assert host.service("apache2").is_enabled
