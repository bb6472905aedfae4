from __future__ import annotations

import re

import pytest
from testinfra.host import Host

APPLICATIONS = ["guestbook", "wiki"]
UNITS = [
    "guestbook-web@.service",
    "guestbook-worker-1@.service",
    "guestbook-worker-2@.service",
    "guestbook-scheduler@.service",
    "wiki-web@.service",
]
ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", timeout=10)
connection.request(sys.argv[2], sys.argv[3], "x" * int(sys.argv[4]), {"Host": sys.argv[1]})
answer = connection.getresponse()
print(answer.status, answer.getheader("Content-Type"), answer.read().decode().strip())
"""
HEADERS = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", timeout=10)
connection.request("GET", sys.argv[1], headers={"Host": "guestbook.example.org"})
print(connection.getresponse().headers)
"""


def ask(host: Host, name: str, path: str = "/", method: str = "GET", size: int = 0) -> str:
    return str(host.check_output("python3 -c %s %s %s %s %s", ASK, name, method, path, str(size)))


def instance(unit: str) -> str:
    """A name that systemd takes for one process of a release."""
    return unit.replace("@.", "@20260102T030405Z-0123abcd.1.")


@pytest.fixture(scope="module")
def private(host: Host) -> None:
    """What each application has of its own once it was deployed: settings, an upload, a socket."""
    for name in APPLICATIONS:
        as_it = f"runuser -u {name} --"
        host.check_output(f"install -m 640 -g {name} /dev/null /etc/{name}/settings.env")
        host.check_output(f"{as_it} install -m 644 -D /dev/null /var/lib/{name}/media/pictures/a.png")
        socket = f"import os, socket; os.umask(0); socket.socket(socket.AF_UNIX).bind('/run/{name}/web-1.sock')"
        host.check_output(f"{as_it} test -e /run/{name}/web-1.sock || {as_it} python3 -c {socket!r}")


@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.parametrize("suffix", ["", "-build"])
def test_each_application_has_two_users_that_cannot_log_in(host: Host, name: str, suffix: str) -> None:
    user = host.user(name + suffix)
    assert (user.group, user.groups) == (name + suffix, [name + suffix])
    assert (user.shell, user.home, user.password) == ("/usr/sbin/nologin", "/nonexistent", "!")
    assert 0 < user.uid < 1000


@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.usefixtures("private")
def test_an_application_owns_its_state_and_its_sockets_only(host: Host, name: str) -> None:
    owned = host.check_output("find / /run /dev/shm -xdev \\( -user %s -o -user %s-build \\)", name, name).splitlines()
    assert owned
    assert [path for path in owned if not re.match(rf"/(var/lib|run)/{name}(/|$)", path)] == []


@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.parametrize("path", ["/srv/{}", "/srv/{}/releases", "/etc/{}"])
def test_an_application_cannot_write_where_its_code_is(host: Host, name: str, path: str) -> None:
    for user in (name, f"{name}-build", "www-data"):
        assert host.run("runuser -u %s -- test -w %s", user, path.format(name)).rc != 0


@pytest.mark.parametrize("path", ["/etc/{}/settings.env", "/var/lib/{}/media/pictures/a.png", "/run/{}/web-1.sock"])
@pytest.mark.parametrize(("name", "other"), [("guestbook", "wiki"), ("wiki", "guestbook")])
@pytest.mark.usefixtures("private")
def test_an_application_cannot_reach_what_is_anothers(host: Host, path: str, name: str, other: str) -> None:
    reachable = "runuser -u %s -- stat %s"
    assert host.run(reachable, name, path.format(name)).rc == 0
    assert host.run(reachable, other, path.format(name)).rc != 0
    assert host.run(reachable, f"{name}-build", path.format(name)).rc != 0


@pytest.mark.parametrize(
    ("path", "test", "code"),
    [("/etc/{}/settings.env", "-e", 1), ("/var/lib/{}/media/pictures/a.png", "-r", 0), ("/run/{}/web-1.sock", "-w", 0)],
)
@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.usefixtures("private")
def test_the_web_server_reaches_uploads_and_sockets_alone(host: Host, name: str, path: str, test: str, code: int) -> None:
    assert host.run("runuser -u www-data -- test %s %s", test, path.format(name)).rc == code


@pytest.mark.parametrize("unit", [*UNITS, "guestbook.service", "wiki.service"])
def test_systemd_finds_nothing_wrong_with_a_unit(host: Host, unit: str) -> None:
    verified = host.run("systemd-analyze verify --man=no %s", instance(unit))
    assert (verified.rc, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_a_process_is_confined(host: Host, unit: str) -> None:
    score = host.check_output("systemd-analyze security --no-pager %s | tail -n 1", instance(unit))
    print(unit, score)
    assert float(score.split(": ")[1].split()[0]) <= (0.4 if unit.startswith("wiki-") else 1.2)  # which needs no network


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_live_release_is_started_at_boot(host: Host, name: str) -> None:
    assert host.service(f"{name}.service").is_enabled
    host.check_output("systemctl start %s", f"{name}.service")  # nothing is live yet, and that is no failure


@pytest.mark.parametrize("domain", ["guestbook.example.org", "www.guestbook.example.org", "wiki.example.org"])
def test_before_the_first_deployment_visitors_are_told_to_come_back(host: Host, domain: str) -> None:
    answer = ask(host, domain)
    assert answer.startswith("503 text/html ")
    assert "is being prepared. Please come back in a moment." in answer


@pytest.mark.parametrize(("domain", "status"), [("guestbook.example.org", "413"), ("wiki.example.org", "503")])
def test_a_request_may_be_as_large_as_the_application_says(host: Host, domain: str, status: str) -> None:
    assert ask(host, domain, "/", "POST", 1024 * 1024 + 1).startswith(status)


@pytest.mark.usefixtures("private")
def test_uploads_are_served_and_never_run(host: Host) -> None:
    assert ask(host, "guestbook.example.org", "/media/pictures/a.png").startswith("200 image/png")
    headers = host.check_output("python3 -c %s %s", HEADERS, "/media/pictures/a.png")
    assert "sandbox" in headers
    assert "nosniff" in headers


@pytest.mark.parametrize("path", ["/media/../../../etc/passwd", "/media../media/pictures/a.png", "/static../.placid", "/media/"])
def test_a_path_does_not_lead_out_of_the_directory(host: Host, path: str) -> None:
    assert ask(host, "guestbook.example.org", path).split()[0] in {"400", "403", "404", "503"}
