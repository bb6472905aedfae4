from __future__ import annotations

import re

import pytest
from testinfra.host import Host

NAMES = ["guestbook", "shop"]


def directory(name: str) -> str:
    return f"/etc/ssl/placid/{name}"


def certificate(host: Host, name: str, *what: str) -> str:
    return str(host.check_output(f"openssl x509 -noout -in {directory(name)}/fullchain.pem {' '.join(what)}"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("file", "mode"), [("fullchain.pem", 0o644), ("privkey.pem", 0o600)])
def test_the_key_is_roots_alone(host: Host, name: str, file: str, mode: int) -> None:
    found = host.file(f"{directory(name)}/{file}")
    assert (found.user, found.group, found.mode) == ("root", "root", mode)


@pytest.mark.parametrize("name", NAMES)
def test_certificate_and_key_belong_together(host: Host, name: str) -> None:
    assert certificate(host, name, "-pubkey") == host.check_output("openssl pkey -pubout -in %s/privkey.pem", directory(name))


@pytest.mark.parametrize(
    ("name", "domain", "covered"),
    [
        ("guestbook", "guestbook.example.org", True),
        ("guestbook", "www.guestbook.example.org", True),
        ("guestbook", "guestbook", False),
        ("shop", "www.shop.example.org", True),
    ],
)
def test_a_certificate_is_for_its_domains(host: Host, name: str, domain: str, covered: bool) -> None:
    said = host.run("openssl x509 -noout -in %s/fullchain.pem -checkhost %s", directory(name), domain).stdout
    assert ("does match" in said) == covered


def test_a_client_that_trusts_it_accepts_a_self_signed_certificate(host: Host) -> None:
    path = f"{directory('guestbook')}/fullchain.pem"
    assert host.run("openssl verify -x509_strict -purpose sslserver -CAfile %s %s", path, path).rc == 0
    assert "CA:FALSE" in certificate(host, "guestbook", "-ext basicConstraints")


def test_a_self_signed_certificate_is_made_anew_long_before_it_expires(host: Host) -> None:
    days = 24 * 60 * 60
    assert host.run("openssl x509 -noout -in %s/fullchain.pem -checkend %s", directory("short"), str(300 * days)).rc == 0


def test_a_pair_is_swapped_by_one_link(host: Host) -> None:
    for name in NAMES:
        assert host.file(directory(name)).linked_to.startswith(f"/etc/ssl/placid/.pairs/{name}@")
    assert len(host.check_output("ls /etc/ssl/placid/.pairs").split()) == len([*NAMES, "short"])


def test_what_no_site_has_and_what_was_refused_leaves_nothing(host: Host) -> None:
    assert not host.file(directory("refused")).exists
    assert re.fullmatch(r"guestbook\s+shop\s+short", host.check_output("ls /etc/ssl/placid"))
