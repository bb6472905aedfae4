from __future__ import annotations

from collections.abc import Callable

import pytest

Render = Callable[..., str]


def test_the_frame_says_nothing_of_tls(render: Render) -> None:
    """Debian 12's nginx.conf offers TLS 1.0 to every site that says nothing itself."""
    text = render("nginx", "nginx.conf.j2")
    assert "ssl_" not in text
    assert {"server_tokens off;", "include /etc/nginx/sites-enabled/*;"} <= set(map(str.strip, text.splitlines()))


def test_limits_are_those_given(render: Render) -> None:
    text = render(
        "nginx", "placid.conf.j2", nginx_client_max_body_size="64m", nginx_proxy_timeout_seconds=5, nginx_client_timeout_seconds=7
    )
    wanted = {"client_max_body_size 64m;", "proxy_read_timeout 5s;", "proxy_send_timeout 5s;", "client_body_timeout 7s;"}
    assert wanted <= set(text.splitlines())


def test_a_worker_may_open_more_than_its_connections(render: Render) -> None:
    assert "worker_rlimit_nofile 8192;" in render("nginx", "placid-limits.conf.j2").splitlines()


def test_a_name_without_a_site_gets_no_answer(render: Render) -> None:
    text = render("nginx", "placid-unknown.conf.j2")
    assert text.count("default_server;") == 4
    assert "ssl_reject_handshake on;" in text
    assert "return 444;" in text
    assert " ".join(text.partition("location / ")[2].split()) == '{ if ($http2 = "") { return 444; } return 421; } }'


def test_http_2_is_asked_for_as_the_version_of_nginx_wants_it(render: Render) -> None:
    old = {"ansible_facts": {"distribution_major_version": "12"}}
    assert render("nginx", "placid-unknown.conf.j2", **old).count("default_server http2;") == 2
    assert "http2 on;" not in render("nginx", "placid.conf.j2", **old)
    assert "http2 on;" in render("nginx", "placid.conf.j2").splitlines()


@pytest.mark.parametrize(
    ("openssl", "curves"), [("3.0.17", "X25519:"), ("3.5.4", "?X25519MLKEM768:X25519:"), ("4.0.0", "?X25519MLKEM768:")]
)
def test_the_key_exchange_is_one_that_the_hosts_openssl_knows(render: Render, openssl: str, curves: str) -> None:
    assert f"ssl_ecdh_curve {curves}" in render("nginx", "placid-tls.conf.j2", __nginx_openssl={"stdout": openssl})


@pytest.mark.parametrize(("profile", "protocols"), [("intermediate", "TLSv1.2 TLSv1.3"), ("modern", "TLSv1.3")])
def test_the_profile_says_which_protocols_are_spoken(render: Render, profile: str, protocols: str) -> None:
    text = render("nginx", "placid-tls.conf.j2", nginx_tls_profile=profile, __nginx_openssl={"stdout": "3.0.17"})
    assert f"ssl_protocols {protocols};" in text.splitlines()
    assert ("ssl_ciphers" in text) == (profile == "intermediate")


def test_headers_are_sent_with_errors_too(render: Render) -> None:
    headers = [line for line in render("nginx", "placid-headers.conf.j2").splitlines() if line.startswith("add_header")]
    assert len(headers) == 4
    assert all(line.endswith(" always;") for line in headers)


@pytest.mark.parametrize("template", ["placid.conf.j2", "placid-unknown.conf.j2"])
def test_every_block_is_closed(render: Render, template: str) -> None:
    text = render("nginx", template)
    assert text.count("{") == text.count("}")


def test_the_unit_may_write_little(render: Render) -> None:
    lines = render("nginx", "unit.conf.j2").splitlines()
    assert {"ProtectSystem=strict", "NoNewPrivileges=yes", "ReadWritePaths=/run /var/log/nginx /var/lib/nginx"} <= set(lines)
