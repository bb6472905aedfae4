"""Certificates on a host: each a chain and its key, put in place together by one rename.

Uses Python's library and openssl alone, and nothing of Ansible: a host has this file, too, to renew what an authority issued.

    /etc/ssl/placid/NAME -> .pairs/NAME@….   fullchain.pem, and privkey.pem for root alone
    /var/lib/placid-acme/requests/NAME.csr   what is asked of the authority; no key is where the asking is done
    /var/lib/placid-acme/issued/NAME.pem     what it answered, NAME.error why it did not
"""

from __future__ import annotations

import datetime
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\n?")
_PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_NAMES = re.compile(r"Subject Alternative Name:[^\n]*\n\s*([^\n]+)")


class CertificateError(Exception):
    """A certificate, a key or a request that is not what it should be. No text holds any part of a key."""


@dataclass(frozen=True)
class Certificate:
    """The site's own certificate of a chain; made_here: it is self-signed."""

    names: frozenset[str]
    public_key: str
    begins: datetime.datetime
    ends: datetime.datetime
    made_here: bool


@dataclass(frozen=True)
class Request:
    names: frozenset[str]
    public_key: str


@dataclass(frozen=True)
class Store:
    """Where certificates lie; base: the root of the file system, another directory in tests."""

    base: Path = Path("/")

    @property
    def served(self) -> Path:
        return self.base / "etc/ssl/placid"

    @property
    def pairs(self) -> Path:
        return self.served / ".pairs"

    @property
    def acme(self) -> Path:
        return self.base / "var/lib/placid-acme"

    def chain(self, name: str) -> Path:
        return self.served / name / "fullchain.pem"

    def key(self, name: str) -> Path:
        return self.served / name / "privkey.pem"

    def request(self, name: str) -> Path:
        return self.acme / "requests" / f"{name}.csr"

    def issued(self, name: str) -> Path:
        return self.acme / "issued" / f"{name}.pem"

    def error(self, name: str) -> Path:
        return self.acme / "issued" / f"{name}.error"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A run of Ansible and a renewal do not swap at once."""
        self.pairs.mkdir(mode=0o755, parents=True, exist_ok=True)
        with open(self.pairs / ".lock", "a") as lock:  # "w" would change the time that services are compared with
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def put(self, name: str, chain: str, key: str) -> None:
        """Serve a chain and its key from now on; a run that is killed meanwhile leaves the old ones, whole."""
        pair = Path(tempfile.mkdtemp(prefix=f"{name}@", dir=self.pairs))
        for file, content, mode in (("fullchain.pem", chain, 0o644), ("privkey.pem", key, 0o600)):
            descriptor = os.open(pair / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "w") as opened:
                os.fchmod(descriptor, mode)
                opened.write(content)
                opened.flush()
                os.fsync(descriptor)
        pair.chmod(0o755)
        link, temporary = self.served / name, self.pairs / f".{name}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(f".pairs/{pair.name}")
        if link.is_dir() and not link.is_symlink():
            link.rename(Path(tempfile.mkdtemp(prefix=f"{name}@", dir=self.pairs)) / "before")
        temporary.rename(link)
        for directory in (pair, self.pairs, self.served):
            _sync(directory)
        self.sweep(name)

    def exposed(self, name: str) -> bool:
        """Whether somebody gave the key to others than root."""
        found = self.key(name).stat()
        return bool(found.st_mode & 0o077) or found.st_uid != os.geteuid()

    def conceal(self, name: str) -> None:
        os.chown(self.key(name), os.geteuid(), os.getegid())
        self.key(name).chmod(0o600)

    def sweep(self, name: str) -> None:
        """Remove the pairs of a name that are not served."""
        served = os.path.basename(os.path.realpath(self.served / name))
        for pair in self.pairs.glob(f"{name}@*"):
            if pair.name != served:
                shutil.rmtree(pair)

    def strangers(self, names: Iterable[str]) -> list[str]:
        """What is here and is none of the names."""
        known = set(names)
        served = {each.name for each in self.served.glob("[!.]*")}
        paired = {each.name.rpartition("@")[0] for each in self.pairs.glob("*@*")}
        asked = {each.stem for each in (self.acme / "requests").glob("*.csr")}
        return sorted((served | paired | asked) - known)

    def due(self, name: str) -> bool:
        """Whether the authority is to be asked; also where somebody touched the request since the answer was put in place."""
        asked = read_request(self.request(name).read_text())
        # The user that asks cannot read the key, and the request has it.
        if due(self.certificate(name, its_key=False), asked, datetime.datetime.now(datetime.UTC)):
            return True
        return self.request(name).stat().st_mtime > self.chain(name).stat().st_mtime

    def answer(self, name: str) -> str:
        """The chain that the authority issued; empty where there is none."""
        return "".join(blocks(_left(self.issued(name))))

    def complaint(self, name: str) -> str:
        """Why the authority issued nothing when it was asked last; empty where it did."""
        return "".join(each for each in _left(self.error(name))[:1000] if each.isprintable())

    def ask_no_more(self, name: str) -> None:
        for path in (self.request(name), self.issued(name), self.error(name)):
            path.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        self.ask_no_more(name)
        link = self.served / name
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        link.unlink(missing_ok=True)
        self.sweep(name)

    def certificate(self, name: str, its_key: bool = True) -> Certificate | None:
        """The certificate that is served, where there is one. its_key: and its key belongs to it."""
        try:
            certificate = read_certificate(self.chain(name).read_text())
            return None if its_key and public_key(self.key(name)) != certificate.public_key else certificate
        except (OSError, CertificateError):
            return None


def _left(path: Path) -> str:
    """What the user that asks left in a file; nothing where there is none. A link is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ""
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read(1 << 20)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def openssl(*words: str | Path, given: str = "") -> str:
    """Run openssl and return what it printed."""
    try:
        done = subprocess.run(["openssl", *words], input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CertificateError("There is no openssl on this host. Type: apt-get install openssl") from None
    if done.returncode:
        raise CertificateError(f"openssl {words[0]} failed: {(done.stderr.strip() or 'it said nothing').splitlines()[-1]}")
    return done.stdout


def read_certificate(chain: str) -> Certificate:
    """The first certificate of a chain. Raises CertificateError where any of them cannot be read."""
    found = blocks(chain)
    if not found:
        raise CertificateError("There is no certificate in it.")
    for other in found[1:]:
        openssl("x509", "-noout", given=other)
    words = ("-dates", "-dateopt", "iso_8601", "-subject_hash", "-issuer_hash", "-ext", "subjectAltName", "-pubkey")
    said = openssl("x509", "-noout", *words, given=found[0])
    dates = dict(re.findall(r"^(notBefore|notAfter)=(.+)Z$", said, re.MULTILINE))
    subject, issuer = re.findall(r"^[0-9a-f]{8}$", said, re.MULTILINE)[:2]
    begins, ends = (
        datetime.datetime.fromisoformat(dates[each]).replace(tzinfo=datetime.UTC) for each in ("notBefore", "notAfter")
    )
    return Certificate(_names(said), _public_key(said), begins, ends, made_here=subject == issuer)


def blocks(chain: str) -> list[str]:
    """The certificates of a text, each in PEM; what stands between them is left out."""
    return [f"{block.strip()}\n" for block in _BLOCK.findall(chain)]


def read_request(text: str) -> Request:
    said = openssl("req", "-noout", "-pubkey", "-text", given=text)
    return Request(_names(said), _public_key(said))


def public_key(key: Path) -> str:
    return _public_key(openssl("pkey", "-in", key, "-pubout"))


def _public_key(said: str) -> str:
    found = _PUBLIC_KEY.search(said)
    return found[0] if found else ""


def _names(said: str) -> frozenset[str]:
    found = _NAMES.search(said)
    return frozenset(each.removeprefix("DNS:").lower() for each in found[1].split(", ")) if found else frozenset()


def due(certificate: Certificate | None, asked: Request, now: datetime.datetime) -> bool:
    """Whether a certificate is none of an authority's, not what is asked for, or has less than a third of its time left."""
    if certificate is None or certificate.made_here:
        return True
    if certificate.public_key != asked.public_key or certificate.names != asked.names:
        return True
    return certificate.ends - now < (certificate.ends - certificate.begins) / 3
