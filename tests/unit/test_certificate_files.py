"""Pairs of chain and key on a host, put in place together, and what is asked of an authority."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.module_utils.placid.certificate_files import (
    Certificate,
    CertificateError,
    Request,
    Store,
    blocks,
    due,
    read_certificate,
    read_request,
)
from ansible.module_utils.placid.certificate_making import lasts, request, self_signed

from unit.plugins import load

DOMAINS = ["shop.example.org", "*.example.org"]
BEGINS = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ISSUED = Certificate(frozenset(DOMAINS), "KEY", BEGINS, BEGINS + datetime.timedelta(90), made_here=False)
ASKED = Request(frozenset(DOMAINS), "KEY")


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    return self_signed("shop", DOMAINS, 30)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for directory in ("requests", "issued"):
        (store.acme / directory).mkdir(parents=True)
    return store


def put(store: Store, pair: tuple[str, str], name: str = "shop") -> None:
    with store.locked():
        store.put(name, *pair)


def test_what_is_made_is_read_again(pair: tuple[str, str]) -> None:
    certificate = read_certificate(pair[0])
    assert (certificate.names, certificate.made_here) == (frozenset(DOMAINS), True)
    assert certificate.ends - certificate.begins == datetime.timedelta(30)


def test_a_request_is_for_the_domains_and_the_key_alone(pair: tuple[str, str]) -> None:
    asked = read_request(request("shop", DOMAINS, pair[1]))
    assert asked == Request(frozenset(DOMAINS), read_certificate(pair[0]).public_key)


def test_a_pair_is_served_through_one_link(store: Store, pair: tuple[str, str]) -> None:
    put(store, pair)
    assert (store.chain("shop").read_text(), store.key("shop").read_text()) == pair
    assert os.readlink(store.served / "shop").startswith(".pairs/shop@")
    assert [oct(path.stat().st_mode & 0o777) for path in (store.chain("shop"), store.key("shop"))] == ["0o644", "0o600"]
    assert store.certificate("shop") == read_certificate(pair[0])


def test_the_pair_before_goes_and_those_of_others_stay(store: Store, pair: tuple[str, str]) -> None:
    put(store, pair, "shop-2")
    put(store, pair)
    put(store, pair)
    assert len(list(store.pairs.glob("*@*"))) == 2
    assert store.certificate("shop-2")


def test_a_run_that_is_killed_before_the_swap_leaves_the_old_pair(
    store: Store, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, pair)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            put(store, ("other", "other"))
    assert (store.chain("shop").read_text(), store.key("shop").read_text()) == pair
    put(store, pair)
    assert len(list(store.pairs.glob("*@*"))) == 1


def test_a_directory_of_an_earlier_version_gives_way(store: Store, pair: tuple[str, str]) -> None:
    (store.served / "shop").mkdir(parents=True)
    store.chain("shop").write_text("old")
    put(store, pair)
    assert store.chain("shop").read_text() == pair[0]
    assert len(list(store.pairs.glob("*@*"))) == 1


def test_a_key_of_another_certificate_is_none(store: Store, pair: tuple[str, str]) -> None:
    put(store, (pair[0], self_signed("shop", DOMAINS, 30)[1]))
    assert store.certificate("shop") is None
    assert store.certificate("shop", its_key=False)


def test_a_key_that_others_can_read_is_noticed_and_mended(store: Store, pair: tuple[str, str]) -> None:
    put(store, pair)
    assert not store.exposed("shop")
    store.key("shop").chmod(0o640)
    assert store.exposed("shop")
    store.conceal("shop")
    assert not store.exposed("shop")


def test_what_no_site_has_is_known_and_goes_without_a_trace(store: Store, pair: tuple[str, str]) -> None:
    for name in ("shop", "gone", "unlinked"):
        put(store, pair, name)
    (store.served / "unlinked").unlink()
    (store.served / "old").mkdir()
    for path in (store.request("asked"), store.request("gone"), store.issued("gone"), store.error("gone")):
        path.write_text("")
    strangers = store.strangers(["shop"])
    assert strangers == ["asked", "gone", "old", "unlinked"]
    for name in strangers:
        store.remove(name)
    assert store.strangers(["shop"]) == []
    assert [path.name for path in store.pairs.glob("*@*")] == [os.path.basename(os.readlink(store.served / "shop"))]
    assert list(store.acme.rglob("*.*")) == []


def test_a_link_that_the_asking_user_left_is_not_followed(store: Store, tmp_path: Path, pair: tuple[str, str]) -> None:
    (tmp_path / "secret").write_text(pair[0])
    assert store.answer("shop") == ""
    store.issued("shop").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        store.answer("shop")


def test_what_the_asking_user_complains_of_is_one_line_that_a_terminal_can_show(store: Store) -> None:
    store.error("shop").write_text("no\x1b[31m\nanswer" + "!" * 5000)
    assert store.complaint("shop").startswith("no[31manswer!")
    assert len(store.complaint("shop")) <= 1000


def test_of_an_answer_only_certificates_are_taken(store: Store, pair: tuple[str, str]) -> None:
    store.issued("shop").write_text(f"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n{pair[0]}ssl_foo;\n{pair[0]}")
    assert store.answer("shop") == pair[0] * 2
    assert blocks("nothing") == []


@pytest.mark.parametrize(
    "text",
    ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["empty", "no PEM", "no certificate"],
)
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(CertificateError):
        read_certificate(text)


def test_a_chain_with_a_broken_link_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(CertificateError):
        read_certificate(pair[0] + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize(
    ("certificate", "days", "expected"),
    [
        pytest.param(None, 0, True, id="none"),
        pytest.param(replace(ISSUED, made_here=True), 0, True, id="one that stands in"),
        pytest.param(replace(ISSUED, public_key="OTHER"), 0, True, id="of another key"),
        pytest.param(replace(ISSUED, names=frozenset(["shop.example.org"])), 0, True, id="for fewer domains"),
        pytest.param(ISSUED, 59, False, id="more than a third of its time left"),
        pytest.param(ISSUED, 61, True, id="less than a third"),
        pytest.param(ISSUED, 91, True, id="expired"),
    ],
)
def test_an_authority_is_asked_only_for_what_is_lacking(certificate: Certificate | None, days: int, expected: bool) -> None:
    assert due(certificate, ASKED, BEGINS + datetime.timedelta(days)) is expected


def test_a_touched_request_is_asked_anew(store: Store, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.module_utils.placid.certificate_files.due", lambda *_: False)
    store.request("shop").write_text(request("shop", DOMAINS, pair[1]))
    put(store, pair)
    os.utime(store.request("shop"), (1, 1))
    assert not store.due("shop")
    os.utime(store.request("shop"))
    os.utime(store.chain("shop"), (1, 1))
    assert store.due("shop")


@pytest.mark.parametrize(("days", "expected"), [(59, True), (61, False)])
def test_a_self_signed_certificate_lasts_while_half_of_its_days_are_left(days: int, expected: bool) -> None:
    certificate = replace(ISSUED, ends=BEGINS + datetime.timedelta(120))
    assert lasts(certificate, 120, BEGINS + datetime.timedelta(days)) is expected


@pytest.mark.parametrize("server", ["nginx", "apache2"])
def test_a_certificate_is_in_use_while_a_site_names_it(store: Store, server: str) -> None:
    served = load("modules/site_certificates.py").served
    sites = store.base / "etc" / server / "sites-enabled"
    sites.mkdir(parents=True)
    (sites / "gone.conf").symlink_to("nowhere")
    assert not served(store, "shop")
    (sites / "shop.conf").write_text("ssl_certificate /etc/ssl/placid/shop/fullchain.pem;\n")
    assert served(store, "shop")
    assert not served(store, "sho")
