from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from rules.repository import ROOT

Render = Callable[..., str]
APP = {
    "name": "guestbook",
    "domains": ["guestbook.example.org", "www.example.org"],
    "max_body_mb": 25,
    "static": {"root": "static", "url": "/static/"},
    "media": {"url": "/media/"},
    "tls": False,
}
VARS: dict[str, Any] = yaml.safe_load((ROOT / "roles/app/vars/main.yml").read_text())
PAGES: dict[str, Any] = {name: VARS[name] for name in ("__app_pages", "__app_page_policy")}


def nginx_site(render: Render, **changes: Any) -> str:
    return render("app", "site-nginx.conf.j2", __app_entry={**APP, **changes}, **PAGES)


def process(render: Render, name: str, **limits: object) -> list[str]:
    entry = {**APP, "processes": {name: {"memory_max": "", "cpu_percent": 0, "tasks_max": 0, **limits}}}
    return unit(render, entry, name).splitlines()


def unit(render: Render, entry: dict[str, Any], name: str, sockets_only: bool = False, **variables: object) -> str:
    given = {"__app_slot": name, "__app_process": {"process": name}, "__app_sockets_only": sockets_only, **variables}
    return render("app", "process.service.j2", __app_entry=entry, **given)


def test_a_process_is_bounded_by_what_the_inventory_says_and_no_more(render: Render) -> None:
    bounds = {"MemoryMax=512M", "CPUQuota=150%", "TasksMax=64"}
    assert bounds <= set(process(render, "worker", memory_max="512M", cpu_percent=150, tasks_max=64))
    assert not [line for line in process(render, "worker") if line.startswith(("MemoryMax", "CPUQuota", "TasksMax"))]


@pytest.mark.parametrize(("debian", "steps"), [("12", 0), ("13", 1)])
def test_a_process_is_started_until_it_runs_ever_more_slowly(render: Render, debian: str, steps: int) -> None:
    entry = {**APP, "processes": {"web": {"memory_max": "", "cpu_percent": 0, "tasks_max": 0}}}
    facts = {"distribution_major_version": debian}
    text = unit(render, entry, "web", ansible_facts=facts)
    assert "StartLimitIntervalSec=0" in text
    assert text.count("RestartSteps=") == text.count("RestartMaxDelaySec=") == steps


@pytest.mark.parametrize("sockets_only", [False, True])
def test_each_line_of_the_unit_that_confines_a_process_has_its_reason(render: Render, sockets_only: bool) -> None:
    entry = {**APP, "processes": {"web": {"memory_max": "", "cpu_percent": 0, "tasks_max": 0}}}
    lines = unit(render, entry, "web", sockets_only).split("UMask=0022\n\n")[1].splitlines()
    assert lines[0].startswith("#")
    groups = re.split(r"(?:^#.*\n)+", "\n".join(lines), flags=re.MULTILINE)[1:]
    assert max(len(group.splitlines()) for group in groups) <= 6
    assert ("PrivateNetwork=yes" in lines, "RestrictAddressFamilies=AF_UNIX" in lines) == (sockets_only, sockets_only)


def test_a_process_runs_as_its_application_from_the_release_of_its_instance(render: Render) -> None:
    lines = process(render, "worker")
    assert {"User=guestbook", "Group=guestbook", "ExecStart=/usr/local/lib/placid/run-process guestbook worker %i"} <= set(lines)


def test_a_process_writes_to_its_state_and_its_sockets_alone(render: Render) -> None:
    lines = process(render, "worker")
    assert [line for line in lines if line.startswith("ReadWritePaths=")] == ["ReadWritePaths=/var/lib/guestbook /run/guestbook"]
    assert {"ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet="} <= set(lines)


@pytest.mark.parametrize(("name", "sockets"), [("web", 2), ("worker", 0)])
def test_only_the_web_process_is_given_a_socket(render: Render, name: str, sockets: int) -> None:
    assert "\n".join(process(render, name)).count("/run/guestbook/web-%i.sock") == sockets


def test_no_secret_is_in_a_unit(render: Render) -> None:
    environment = [line for line in process(render, "web") if line.startswith("Environment")]
    assert "EnvironmentFile=/etc/guestbook/settings.env" in environment
    assert not [line for line in environment if "SECRET" in line]


def test_the_site_names_no_release(render: Render) -> None:
    text = nginx_site(render)
    assert "proxy_pass http://unix:/srv/guestbook/web.sock:;" in text
    assert "root /srv/guestbook/current/.placid/www;" in text
    assert "root /srv/guestbook/previous/.placid/www;" in text
    assert "releases/" not in text


def test_the_site_answers_to_the_domains_with_what_was_asked(render: Render) -> None:
    text = nginx_site(render)
    assert "server_name guestbook.example.org www.example.org;" in text
    assert "client_max_body_size 25m;" in text
    assert {"proxy_set_header Host $host$placid_port;", "proxy_set_header X-Forwarded-Proto $placid_scheme;"} <= {
        line.strip() for line in text.splitlines()
    }


def test_uploads_run_nothing(render: Render) -> None:
    media = nginx_site(render).partition("location /media/")[2].partition("}")[0]
    assert "alias /var/lib/guestbook/media/;" in media
    assert "default-src 'none'; sandbox" in media


def servers(render: Render, tls: object) -> list[str]:
    """The text of each server of the site."""
    return nginx_site(render, tls=tls).split("\nserver {\n")[1:]


def test_without_a_certificate_the_site_is_served_on_port_80(render: Render) -> None:
    (site,) = servers(render, False)
    assert "listen 80;" in site
    assert "ssl" not in site


def test_with_a_certificate_port_80_leads_to_443(render: Render) -> None:
    door, site = servers(render, "self_signed")
    assert "return 301 https://$host$request_uri;" in door
    assert "proxy_pass" not in door
    assert {
        "listen 443 ssl;",
        "ssl_certificate /etc/ssl/placid/guestbook/fullchain.pem;",
        "include snippets/placid-tls.conf;",
    } <= {line.strip() for line in site.splitlines()}
    assert "listen 80;" not in site


def test_the_authority_is_answered_on_port_80_where_it_asks(render: Render) -> None:
    door, _ = servers(render, "acme")
    assert "alias /var/lib/placid/acme/;" in door.partition("location /.well-known/acme-challenge/")[2].partition("}")[0]
    assert "return 301 https://$host$request_uri;" in door.partition("location / {")[2]
    assert "acme" not in servers(render, "self_signed")[0]


def test_every_place_with_headers_of_its_own_has_those_of_all(render: Render) -> None:
    (site,) = servers(render, False)
    places = [place.partition("}")[0] for place in site.split("location ")]
    own = [place for place in places if "add_header" in place]
    assert len(own) == 4 + len(PAGES["__app_pages"])  # the server, static files of two releases, uploads, pages
    assert all("include snippets/placid-headers.conf;" in place and "Content-Security-Policy" in place for place in own)


def test_sockets_are_the_web_servers_to_enter(render: Render) -> None:
    assert "d /run/guestbook 2750 guestbook www-data -" in render("app", "tmpfiles.conf.j2", __app_entry=APP).splitlines()


@pytest.mark.parametrize("server", ["processes", "mod_wsgi"])
def test_the_live_release_starts_at_boot(render: Render, server: str) -> None:
    lines = render("app", "application.service.j2", __app_entry=APP | {"app_server": server}).splitlines()
    assert {"ExecStart=/usr/local/lib/placid/start-live guestbook", "WantedBy=multi-user.target"} <= set(lines)
    assert ("Before=apache2.service" in lines) == (server == "mod_wsgi")


@pytest.mark.parametrize("page", PAGES["__app_pages"])
def test_a_page_may_have_its_style_and_nothing_else_inline(page: str) -> None:
    text = (ROOT / f"roles/app/files/pages/{page}.html").read_text()
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in PAGES["__app_page_policy"]
    assert not re.search(r"<script|style=|\bon\w+=", text)


def test_the_host_itself_and_the_networks_named_see_the_application_in_a_maintenance(render: Render) -> None:
    text = render("app", "site-nginx.conf.j2", __app_entry=APP, app_maintenance_networks=["192.0.2.0/24"], **PAGES)
    assert re.findall(r'^    (\S+) "";$', text, re.MULTILINE) == ["127.0.0.0/8", "::1", "192.0.2.0/24"]


@pytest.mark.parametrize(("lives", "against"), [(["", "1" * 40, "2" * 40], "1" * 40), (["2" * 40, ""], "2" * 40), (["", ""], "")])
def test_a_plan_is_held_against_the_first_host_that_has_something_live(lives: list[str], against: str) -> None:
    hosts = {f"app{number}": {"live": {"commit": live} if live else {}} for number, live in enumerate(lives)}
    variables = {"__app_hosts": hosts, "__app_live": hosts["app0"]}
    found = Templar(DataLoader(), variables=variables).template(trust_as_template(VARS["__app_replaced"]))
    assert found["live"].get("commit", "") == against
