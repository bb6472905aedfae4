from __future__ import annotations

import pytest
from testinfra.host import Host

ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", timeout=10)
connection.request("GET", sys.argv[2], headers={"Host": sys.argv[1]})
answer = connection.getresponse()
print(answer.status, answer.getheader("Server"), answer.read().decode().strip())
"""


def ask(host: Host, name: str, path: str) -> str:
    answer = host.run("python3 -c %s %s %s", ASK, name, path)
    return str(answer.stdout or answer.stderr)


def test_a_request_for_an_unknown_name_gets_no_answer(host: Host) -> None:
    assert "RemoteDisconnected" in ask(host, "unknown.example.org", "/")


def test_a_site_of_a_killed_run_reaches_its_application(host: Host) -> None:
    assert ask(host, "guestbook.example.org", "/") == "200 nginx hello\n"


def test_a_site_serves_files_below_srv(host: Host) -> None:
    assert ask(host, "guestbook.example.org", "/static/site.css") == "200 nginx body {}\n"


def test_the_log_names_the_request_and_who_took_the_time(host: Host) -> None:
    ask(host, "guestbook.example.org", "/entry")
    line = host.check_output("grep 'GET /entry' /var/log/nginx/access.log | tail -n 1")
    assert " host=guestbook.example.org id=" in line
    assert "upstream=unix:/srv/guestbook/web.sock" in line


def test_a_rotated_log_is_written_again(host: Host) -> None:
    host.check_output("logrotate --force /etc/logrotate.d/nginx")
    ask(host, "guestbook.example.org", "/after-rotation")
    assert "GET /after-rotation" in host.file("/var/log/nginx/access.log").content_string


def test_nothing_alarmed_nginx(host: Host) -> None:
    assert host.run("grep -E '\\[(alert|crit|emerg)\\]' /var/log/nginx/error.log*").stdout == ""


def test_the_workers_are_www_data(host: Host) -> None:
    assert {process.user for process in host.process.filter(comm="nginx")} == {"root", "www-data"}


@pytest.mark.parametrize("path", ["/home", "/root"])
def test_nginx_sees_no_home(host: Host, path: str) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value nginx")
    assert host.run("ls /proc/%s/root%s", pid, path).stdout == ""


def test_nginx_is_confined(host: Host) -> None:
    score = host.check_output("systemd-analyze security --no-pager nginx.service | tail -n 1")
    assert float(score.split(": ")[1].split()[0]) <= 2.5


def test_nginx_starts_with_the_host(host: Host) -> None:
    assert host.service("nginx").is_enabled
