"""Self-signed certificates, and requests to an authority."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ansible.module_utils.placid.certificate_files import Certificate, openssl

_CONFIGURATION = """\
[req]
prompt = no
distinguished_name = subject
x509_extensions = certificate
req_extensions = request
[subject]
commonName = {name}
[request]
subjectAltName = {names}
[certificate]
subjectAltName = {names}
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
"""


def self_signed(name: str, domains: Sequence[str], days: int) -> tuple[str, str]:
    """A new certificate and its key."""
    key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    return _request(name, domains, key, "-x509", "-days", str(days)), key


def request(name: str, domains: Sequence[str], key: str) -> str:
    """What is asked of an authority: a certificate for these domains and this key."""
    return _request(name, domains, key, "-subj", "/")  # a common name would be one more name to prove


def _request(name: str, domains: Sequence[str], key: str, *words: str) -> str:
    # In files of root's alone: an argument would show the key to every user of the host.
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "key").write_text(key)
        names = ",".join(f"DNS:{domain}" for domain in domains)
        (Path(directory) / "configuration").write_text(_CONFIGURATION.format(name=name, names=names))
        files = ("-config", Path(directory) / "configuration", "-key", Path(directory) / "key")
        return openssl("req", "-new", *words, *files)


def lasts(certificate: Certificate, days: int, now: datetime.datetime) -> bool:
    """Whether a self-signed certificate has more than half of its days left."""
    return certificate.ends > now + datetime.timedelta(days=days // 2)
