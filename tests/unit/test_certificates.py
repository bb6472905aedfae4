"""What is refused of a certificate before any host is touched."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible.module_utils.placid import certificates
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

problems = certificates.certificate_problems
Key = ec.EllipticCurvePrivateKey
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
DOMAIN = "shop.example.org"


def distinguished(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem(*names: str, key: Key = KEY, subject: str = "shop", issuer: str = "CA", days: int = 30) -> str:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(distinguished(issuer), distinguished(subject), key.public_key(), 1)
    builder = builder.not_valid_before(now - datetime.timedelta(60)).not_valid_after(now + datetime.timedelta(days))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(OTHER, SHA256()).public_bytes(Encoding.PEM).decode()


def private(key: Key | ed25519.Ed25519PrivateKey = KEY, passphrase: bytes = b"") -> str:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def entry(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"name": "shop", "domains": [DOMAIN], "source": "files", "certificate": pem(DOMAIN), "key": private()}
    return {**made, **changes}


@pytest.mark.parametrize(
    "good",
    [
        entry(),
        entry(certificate=pem(DOMAIN) + pem(subject="CA", issuer="Root")),
        entry(certificate=pem("*.example.org")),
        entry(certificate=pem(DOMAIN, "www.example.org"), domains=["WWW.example.org", DOMAIN]),
        entry(certificate=pem("*.example.org"), domains=["*.example.org"]),
        {"name": "shop", "domains": [DOMAIN], "source": "self_signed"},
        entry(source="self_signed", certificate="", key=""),
    ],
)
def test_what_can_serve_is_let_pass(good: dict[str, Any]) -> None:
    assert problems([good]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "../shop"}, "it becomes a directory"),
        ({"domains": []}, ".domains is empty"),
        ({"domains": ["a b"], "certificate": pem("a b")}, "'a b' is no name such as www.example.org"),
        ({"certificate": ""}, ".certificate is missing"),
        ({"key": ""}, ".key is missing"),
        ({"source": "self_signed"}, ".certificate is given, but the source is self_signed"),
        ({"certificate": "planted"}, ".certificate cannot be read"),
        ({"key": "planted"}, ".key cannot be read"),
        ({"key": private(passphrase=b"planted")}, ".key cannot be read"),
        ({"key": private(OTHER)}, ".key is not the key of the certificate"),
        ({"key": private(ed25519.Ed25519PrivateKey.generate())}, ".key is not the key of the certificate"),
        ({"certificate": pem(subject="CA", key=OTHER) + pem(DOMAIN)}, ".key is not the key of the certificate"),
        ({"domains": [DOMAIN, "www.example.org"]}, "is for shop.example.org, not for www.example.org"),
        ({"certificate": pem()}, "is for no name, not for shop.example.org"),
        ({"certificate": pem("*.example.org"), "domains": ["a.b.example.org"]}, "not for a.b.example.org"),
        ({"certificate": pem("*.example.org"), "domains": ["example.org"]}, "not for example.org"),
        ({"certificate": pem(DOMAIN, days=-1)}, ".certificate expired on "),
        ({"certificate": pem(DOMAIN) + pem(subject="Root", issuer="Root")}, "the chain is out of order behind CN=shop"),
    ],
)
def test_what_could_not_serve_is_refused_without_a_word_of_the_key(changes: dict[str, Any], said: str) -> None:
    given = entry(**changes)
    text = "\n".join(problems([given]))
    assert said in text
    assert "planted" not in text
    assert not [line for line in given["key"].splitlines() if line and not line.startswith("-") and line in text]


def test_two_certificates_cannot_share_a_directory() -> None:
    assert problems([entry(), entry()]) == ["tls_certificates names shop twice: give each a name of its own."]


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ({}, []),
        ({"key": private(OTHER)}, ["postgresql_certificate.key is not the key of the certificate"]),
        ({"key": ""}, ["postgresql_certificate.key cannot be read"]),
        ({"certificate": pem("db1", days=-1)}, ["postgresql_certificate.certificate expired on"]),
    ],
)
def test_a_pair_is_looked_at_without_its_names(pair: dict[str, str], said: list[str]) -> None:
    found = certificates.pair_problems({"certificate": pem("db1"), "key": private(), **pair}, "postgresql_certificate")
    assert [line.startswith(start) for line, start in zip(found, said, strict=True)] == [True] * len(said)
