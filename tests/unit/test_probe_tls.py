"""Which certificates the question through the front door accepts, asked of a real TLS server."""

from __future__ import annotations

import datetime
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid.probe import status
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NAME = "guestbook.example.org"
Key = ec.EllipticCurvePrivateKey


def certificate(path: Path, issuer: Key | None = None, days: int = 1) -> Path:
    """A certificate for NAME with its key in one file; self-signed where no authority's key is given."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject, authority = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (NAME, "CA"))
    builder = x509.CertificateBuilder(authority if issuer else subject, subject, key.public_key(), 1)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    builder = builder.not_valid_before(now - datetime.timedelta(9)).not_valid_after(now + datetime.timedelta(days))
    made = builder.sign(issuer or key, SHA256()).public_bytes(Encoding.PEM)
    path.write_bytes(made + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def shown(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The certificate that the server shows."""
    authority = ec.generate_private_key(ec.SECP256R1()) if request.param == "of an authority" else None
    return certificate(tmp_path / "shown.pem", authority, -1 if request.param == "expired" else 1)


@pytest.fixture
def port(shown: Path) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(418)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(port: int, name: str, trusted: Path) -> int:
    return status(("127.0.0.1", port), "/", name, "https", certificate=trusted)


@pytest.mark.parametrize("shown", ["self-signed", "of an authority"], indirect=True)
def test_the_certificate_that_was_installed_is_accepted(port: int, shown: Path) -> None:
    assert ask(port, NAME, shown) == 418


@pytest.mark.parametrize("shown", ["self-signed", "of an authority"], indirect=True)
def test_another_certificate_is_refused(port: int, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, NAME, certificate(tmp_path / "other.pem"))


@pytest.mark.parametrize("shown", ["self-signed"], indirect=True)
def test_a_certificate_of_another_name_is_refused(port: int, shown: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        ask(port, "other.example.org", shown)


@pytest.mark.parametrize("shown", ["expired"], indirect=True)
def test_an_expired_certificate_does_not_stop_a_deployment(port: int, shown: Path, tmp_path: Path) -> None:
    assert ask(port, NAME, shown) == 418
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, NAME, certificate(tmp_path / "other.pem"))
