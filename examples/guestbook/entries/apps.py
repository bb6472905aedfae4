"""The application that holds the guestbook's entries."""

from __future__ import annotations

from django.apps import AppConfig


class EntriesConfig(AppConfig):
    """Entries of visitors."""

    name = "entries"
