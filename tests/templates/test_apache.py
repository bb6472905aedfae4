from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from rules.repository import ROOT

Render = Callable[..., str]
OPENSSL = {"__apache_openssl": {"stdout": "3.5.4"}}
ENTRY: dict[str, Any] = {
    "name": "guestbook",
    "domains": ["guestbook.example.org", "*.example.org"],
    "max_body_mb": 25,
    "static": {"root": "static", "url": "/static/"},
    "media": {"url": "/media/"},
    "tls": "self_signed",
    "app_server": "processes",
    "mod_wsgi": {"processes": 2, "threads": 8, "memory_mb": 256, "timeout": 60},
}
VARS: dict[str, Any] = yaml.safe_load((ROOT / "roles/app/vars/main.yml").read_text())


def site(render: Render, **changes: Any) -> str:
    policy = VARS["__app_page_policy"]
    return render("app", "site-apache.conf.j2", __app_entry={**ENTRY, **changes}, __app_page_policy=policy)


def test_limits_are_those_given(render: Render) -> None:
    lines = render(
        "apache", "placid.conf.j2", apache_max_request_workers=50, apache_proxy_timeout_seconds=5, **OPENSSL
    ).splitlines()
    assert {"MaxRequestWorkers 50", "ServerLimit 6", "ProxyTimeout 5"} <= set(lines)


@pytest.mark.parametrize(("profile", "protocols"), [("intermediate", "-all +TLSv1.2 +TLSv1.3"), ("modern", "-all +TLSv1.3")])
def test_the_profile_says_which_protocols_are_spoken(render: Render, profile: str, protocols: str) -> None:
    text = render("apache", "placid.conf.j2", apache_tls_profile=profile, **OPENSSL)
    assert f"SSLProtocol {protocols}" in text.splitlines()
    assert ("SSLCipherSuite" in text) == (profile == "intermediate")


@pytest.mark.parametrize(("openssl", "groups"), [("3.0.17", "X25519:"), ("3.5.4", "?X25519MLKEM768:X25519:")])
def test_the_key_exchange_is_one_that_the_hosts_openssl_knows(render: Render, openssl: str, groups: str) -> None:
    assert f"SSLOpenSSLConfCmd Groups {groups}" in render("apache", "placid.conf.j2", __apache_openssl={"stdout": openssl})


def test_both_web_servers_speak_tls_alike(render: Render) -> None:
    apache = render("apache", "placid.conf.j2", **OPENSSL)
    nginx = render("nginx", "placid-tls.conf.j2", __nginx_openssl={"stdout": "3.5.4"})
    for ours, theirs in (("SSLCipherSuite", "ssl_ciphers"), ("SSLOpenSSLConfCmd Groups", "ssl_ecdh_curve")):
        assert re.findall(rf"^{ours} (\S+?);?$", apache, re.MULTILINE) == re.findall(rf"^{theirs} (\S+);$", nginx, re.MULTILINE)


def test_only_the_balancers_are_believed(render: Render) -> None:
    behind = render("apache", "placid.conf.j2", apache_trusted_proxies=["192.0.2.1", "2001:db8::1"], **OPENSSL)
    assert "RemoteIPInternalProxy 192.0.2.1 2001:db8::1" in behind.splitlines()
    assert "%{CONN_REMOTE_ADDR} -ipmatch '192.0.2.1' || %{CONN_REMOTE_ADDR} -ipmatch '2001:db8::1' || " in behind
    alone = render("apache", "placid.conf.j2", **OPENSSL)
    assert not [word for word in ("RemoteIP", "SetEnvIf") if word in alone]


@pytest.mark.parametrize("name", ["0123456789abcdef" * 2, "aGVsbG8sIHdvcmxkISEh@-_AAAA"])
def test_both_web_servers_take_over_what_a_balancer_calls_a_request(render: Render, name: str) -> None:
    apache = render("apache", "placid.conf.j2", apache_trusted_proxies=["192.0.2.1"], **OPENSSL)
    nginx = render("nginx", "placid-proxies.conf.j2", nginx_trusted_proxies=["192.0.2.1"])
    (ours,), (theirs,) = re.findall(r"=~ /\^\((\S+)\)\$/", apache), re.findall(r"yes:\(\?<\w+>(\S+)\)\$", nginx)
    assert ours == theirs
    assert re.fullmatch(ours, name)
    assert not re.fullmatch(ours, f'{name}" forged')


def test_the_site_names_no_release(render: Render) -> None:
    text = site(render)
    assert "unix:/srv/guestbook/web.sock|http://guestbook/ disablereuse=on retry=0" in text
    assert "releases/" not in text


def test_mod_wsgi_serves_in_processes_of_the_applications_own_user(render: Render) -> None:
    text = site(render, app_server="mod_wsgi")
    daemons = re.findall(r"WSGIDaemonProcess (\S+) user=(\S+) group=(\S+)", text)
    assert daemons == [("guestbook-a", "guestbook", "guestbook"), ("guestbook-b", "guestbook", "guestbook")]
    assert text.count("processes=2 threads=8 memory-limit=268435456") == 2
    assert "web.sock" not in text
    assert "releases/" not in text
    assert "WSGI" not in site(render)


def test_python_never_runs_in_apaches_own_processes(render: Render) -> None:
    assert "WSGIRestrictEmbedded On" in render("apache", "placid.conf.j2", apache_mod_wsgi=True, **OPENSSL).splitlines()
    assert "WSGI" not in render("apache", "placid.conf.j2", **OPENSSL)


def test_apache_lets_processes_of_an_application_write_to_its_state_alone(render: Render) -> None:
    lines = render("app", "apache-unit.conf.j2", __app_entry=ENTRY).splitlines()
    assert [line for line in lines if "Paths" in line] == ["ReadWritePaths=-/var/lib/guestbook"]


def test_a_wildcard_is_an_alias_and_no_name(render: Render) -> None:
    text = site(render)
    assert re.findall(r"ServerName (.*)", text) == ["guestbook.example.org"] * 2
    assert re.findall(r"ServerAlias (.*)", text) == ["guestbook.example.org *.example.org"] * 2
    assert "ServerName guestbook.invalid" in site(render, domains=["*.example.org"])


def test_without_a_certificate_the_site_is_served_on_port_80(render: Render) -> None:
    text = site(render, tls=False)
    assert text.count("<VirtualHost *:80>") == text.count("<VirtualHost") == 1
    assert "SSL" not in text


def test_an_authority_is_answered_before_visitors_are_sent_on(render: Render) -> None:
    door = site(render, tls="acme").partition("</VirtualHost>")[0]
    assert door.index("acme-challenge") < door.index("[R=301,L]")
    assert "acme" not in site(render)


def test_every_section_is_closed(render: Render) -> None:
    text = site(render, tls="acme") + render("apache", "placid-unknown.conf.j2")
    assert sorted(re.findall(r"<(\w+)", text)) == sorted(re.findall(r"</(\w+)", text))


def test_the_unit_may_write_little(render: Render) -> None:
    lines = render("apache", "unit.conf.j2").splitlines()
    assert {"ProtectSystem=strict", "NoNewPrivileges=yes", "ReadWritePaths=/run /var/log/apache2"} <= set(lines)
