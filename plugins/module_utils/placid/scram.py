"""Passwords as PostgreSQL keeps them: SCRAM-SHA-256 verifiers (RFC 5803), which let nobody in by themselves."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

from ansible.module_utils.placid.errors import PlacidError

ITERATIONS = 4096
_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What PostgreSQL keeps of a password of printable ASCII, which SASLprep leaves as it is."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    words = [b64encode(each).decode() for each in (salt, client, server)]
    return f"SCRAM-SHA-256${iterations}:{words[0]}${words[1]}:{words[2]}"


def belongs(password: str, found: str) -> bool:
    """Whether a verifier is one of the password."""
    match = _VERIFIER.fullmatch(found)
    return match is not None and hmac.compare_digest(verifier(password, b64decode(match[2]), int(match[1])), found)


def verifiers(passwords: Mapping[str, str], found: Iterable[Mapping[str, str]] = ()) -> dict[str, str]:
    """The verifiers of roles' passwords: those that the server has ({rolname, rolpassword}), anew where they are another's."""
    for role, password in passwords.items():
        if not re.fullmatch(r"[ -~]+", password):
            raise PlacidError(
                f"The database password of {role} is empty or has other characters than ASCII's. Put another one into the vault: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
    known = {str(each["rolname"]): str(each["rolpassword"]) for each in found}
    return {
        role: known[role] if belongs(password, known.get(role, "")) else verifier(password, os.urandom(16))
        for role, password in passwords.items()
    }
