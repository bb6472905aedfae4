"""The description of an artefact: what it was made from and what belongs to it, in one canonical form."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.placid.build.store import Wheel, canonical, digest_of
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import ManifestError

FORMAT = 2
NOT_DIGESTED = ("describe", "digest")  # which tags there are is not up to the commit


def requirements_of(wheels: list[Wheel]) -> str:
    """What the hosts install: one line a wheel, with the one hash that it must have; no end of line after the last."""
    return "\n".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}" for wheel in wheels)


def make(identity: dict[str, Any], source: dict[str, Any], wheels: list[Wheel], installer: Wheel) -> dict[str, Any]:
    """A manifest with its digests. `identity` is what was asked for and what the commit says of itself."""
    requirements = requirements_of(wheels)
    content = {
        "format": FORMAT,
        **identity,
        "source": source,
        "requirements": requirements,
        "wheels": [wheel.as_dict() for wheel in wheels],
        "installer": installer.as_dict(),
        "venv_digest": venv_digest(requirements, Target(**identity["target"])),
    }
    return content | {"digest": digest(content)}


def digest(manifest: dict[str, Any]) -> str:
    """The digest of all that is the same wherever and whenever the artefact is built."""
    return digest_of({key: value for key, value in manifest.items() if key not in NOT_DIGESTED})


def venv_digest(requirements: str, target: Target) -> str:
    """The name of the virtual environment that these requirements make on such a host."""
    return digest_of({"requirements": requirements, "target": target.as_dict()})


def check(manifest: dict[str, Any]) -> None:
    """Refuse a manifest that is not whole or whose digest is not that of its content."""
    if manifest.get("format") != FORMAT:
        raise ManifestError(f"The manifest's format is {manifest.get('format')!r}, not {FORMAT}. Build the version again.")
    if manifest.get("digest") != digest(manifest):
        raise ManifestError(f"The manifest of {manifest.get('commit')} was altered or cut. Build the version again.")


def as_bytes(manifest: dict[str, Any]) -> bytes:
    return canonical(manifest) + b"\n"
