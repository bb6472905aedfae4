from __future__ import annotations

from collections.abc import Callable

import pytest

Render = Callable[..., str]


def test_what_asks_an_authority_is_no_root_and_what_root_does_comes_after(render: Render) -> None:
    lines = render(
        "tls", "placid-acme.service.j2", tls_acme_directory="https://ca/dir", tls_acme_email="a@example.org"
    ).splitlines()
    assert [line for line in lines if line.startswith(("ExecStart", "User"))] == [
        "User=placid-acme",
        "ExecStart=/usr/local/lib/placid/renew-certificates ask https://ca/dir a@example.org",
        "ExecStart=+/usr/local/lib/placid/renew-certificates install nginx.service apache2.service",
    ]


@pytest.mark.parametrize(("file", "lines"), [("", 0), ("/etc/ssl/ca.pem", 1)])
def test_an_authority_of_ones_own_is_trusted_where_it_is_named(render: Render, file: str, lines: int) -> None:
    assert render("tls", "placid-acme.service.j2", tls_acme_ca_file=file).count(f"Environment=SSL_CERT_FILE={file}\n") == lines


def test_renewals_are_looked_for_at_no_common_hour_and_none_is_missed(render: Render) -> None:
    lines = render("tls", "placid-acme.timer.j2").splitlines()
    assert {"OnCalendar=*-*-* 00/12:00:00", "RandomizedDelaySec=12h", "Persistent=true"} <= set(lines)
