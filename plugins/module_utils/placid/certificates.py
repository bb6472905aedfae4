"""What a certificate's entry in the inventory has wrong, found on the controller before any host is touched.

Needs cryptography, which the hosts may not have.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
DOMAIN = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def certificate_problems(certificates: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with an inventory's certificates, a line each; no line holds any part of a key."""
    names = [str(each["name"]) for each in certificates]
    problems = [f"tls_certificates names {name} twice: give each a name of its own." for name in _doubles(names)]
    for each in certificates:
        problems += [f"tls_certificates[{each['name']}]{problem}" for problem in _problems(each)]
    return problems


def pair_problems(pair: Mapping[str, Any], variable: str) -> list[str]:
    """What is wrong with the certificate and key that a variable holds, for whatever name."""
    return [f"{variable}{problem}" for problem in _of_the_pair({**pair, "domains": []})]


def covers(pattern: str, domain: str) -> bool:
    """Whether a name in a certificate holds for a domain; its asterisk stands for one label, the first."""
    pattern, domain = pattern.lower(), domain.lower()
    return pattern == domain or (pattern.startswith("*.") and pattern[2:] == domain.partition(".")[2])


def _doubles(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    if not NAME.fullmatch(str(entry["name"])):
        yield ".name: it becomes a directory, so give lower-case letters, digits, dots, dashes and underscores."
    if not entry["domains"]:
        yield ".domains is empty: give the names that visitors ask for."
    for domain in entry["domains"]:
        if not DOMAIN.fullmatch(str(domain)):
            yield f".domains: {domain!r} is no name such as www.example.org."
        elif entry["source"] == "acme" and str(domain).startswith("*"):
            yield f".domains: {domain!r} cannot be proved over HTTP: name each domain, or say source: files."
    given = [key for key in ("certificate", "key") if entry.get(key)]
    if entry["source"] != "files":
        if given:
            yield f".{given[0]} is given, but the source is {entry['source']}: remove it, or say source: files."
        return
    missing = [key for key in ("certificate", "key") if key not in given]
    if missing:
        yield f".{missing[0]} is missing: with source: files give the certificate with its chain, and the key from the vault."
        return
    yield from _of_the_pair(entry)


def _of_the_pair(entry: Mapping[str, Any]) -> Iterator[str]:
    try:
        chain = x509.load_pem_x509_certificates(str(entry["certificate"]).encode())
    except ValueError:
        yield ".certificate cannot be read: give it in PEM, -----BEGIN CERTIFICATE----- included, with its chain behind it."
        return
    try:
        key = load_pem_private_key(str(entry["key"]).encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        yield ".key cannot be read: give it in PEM and without a passphrase; the vault is what keeps it secret."
        return
    leaf = chain[0]
    if _encoded(leaf.public_key()) != _encoded(key.public_key()):
        yield ".key is not the key of the certificate: give the two that were made together, its own certificate first."
    names = _names(leaf)
    uncovered = [domain for domain in entry["domains"] if not any(covers(name, str(domain)) for name in names)]
    if uncovered:
        yield f".certificate is for {', '.join(names) or 'no name'}, not for {', '.join(uncovered)}: get one for all of domains."
    if leaf.not_valid_after_utc <= datetime.datetime.now(datetime.UTC):
        yield f".certificate expired on {leaf.not_valid_after_utc:%d %B %Y}: get a new one."
    for one, issuer in pairwise(chain):
        if one.issuer != issuer.subject:
            subject = one.subject.rfc4514_string()
            yield f".certificate: the chain is out of order behind {subject}; put each one's issuer next."


def _encoded(key: PublicKeyTypes | CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)
