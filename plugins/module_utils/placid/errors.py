"""The errors that Placid raises: each message says what is wrong, where, and what to type next."""

from __future__ import annotations


class PlacidError(Exception):
    """Anything that a person can put right. Its text is shown as it is, without a traceback."""


class SourceError(PlacidError):
    """A repository, a version or a submodule that cannot be had."""


class ArchiveError(PlacidError):
    """A tree or an archive that must not, or cannot, become a release."""


class ProofError(PlacidError):
    """An application whose own tests fail."""


class LockError(PlacidError):
    """A lock file that does not say exactly what to install."""


class UnpinnedError(LockError):
    """Requirements that leave the choice of versions open."""

    def __init__(self, message: str, names: list[str]) -> None:
        super().__init__(message)
        self.names = names


class WheelhouseError(PlacidError):
    """Wheels that cannot be had for the target, or are not what the lock promised."""


class ManifestError(PlacidError):
    """A manifest that is malformed or does not describe what lies beside it."""


class ActivationError(PlacidError):
    """A release that was not well. The release that was live before serves again, with the settings it had."""


class HalfUndoneError(ActivationError):
    """The same, and not all of it is as it was."""
