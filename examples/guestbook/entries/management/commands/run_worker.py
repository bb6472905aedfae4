"""`manage.py run_worker`: make thumbnails of new pictures. Several may run at once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from entries.loop import repeat
from entries.thumbnails import process_next_entry

IDLE_SECONDS = 1.0


class Command(BaseCommand):
    """The worker."""

    help = "Make thumbnails of new pictures until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Process one entry after the other."""
        repeat("worker", lambda: 0.0 if process_next_entry() else IDLE_SECONDS)
