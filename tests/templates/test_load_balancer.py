from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Render = Callable[..., str]

SITE = {"name": "shop", "domains": ["shop.example.org"], "tls": True, "max_body_mb": 5, "static_url": "/static/"}


def site(render: Render, **changes: Any) -> list[str]:
    text = render("load_balancer", "site.conf.j2", item={**SITE, **changes}, load_balancer_hosts=["192.0.2.1", "2001:db8::1"])
    return [line.strip() for line in text.splitlines()]


def test_every_host_is_asked(render: Render) -> None:
    servers = [line for line in site(render) if line.startswith("server ") and "max_fails" in line]
    wanted = ["192.0.2.1:80", "[2001:db8::1]:80"]
    assert servers == [f"server {address} max_fails=2 fail_timeout=10s;" for address in wanted]


@pytest.mark.parametrize(("tls", "plain", "secure"), [(True, 1, 1), (False, 1, 0)])
def test_a_site_listens_where_it_has_to(render: Render, tls: bool, plain: int, secure: int) -> None:
    lines = site(render, tls=tls)
    assert (lines.count("listen 80;"), lines.count("listen 443 ssl;")) == (plain, secure)
    assert ("return 301 https://$host$request_uri;" in lines) is tls


def test_a_site_without_static_files_looks_for_none_elsewhere(render: Render) -> None:
    assert not [line for line in site(render, static_url="") if "http_404" in line]


def test_nobody_is_believed_unless_named(render: Render) -> None:
    assert "yes;" not in render("nginx", "placid-proxies.conf.j2")
    text = render("nginx", "placid-proxies.conf.j2", nginx_trusted_proxies=["192.0.2.10"])
    assert "set_real_ip_from 192.0.2.10;" in text.splitlines()
    assert text.count(" yes;") == 3
