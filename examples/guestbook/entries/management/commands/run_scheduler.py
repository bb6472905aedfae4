"""`manage.py run_scheduler`: refresh the cached statistics. One is enough."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand

from entries.loop import repeat
from entries.statistics import refresh_statistics

PERIOD_SECONDS = 60.0

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """The scheduler."""

    help = "Refresh the cached statistics once a minute until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Refresh, wait, and so on."""
        repeat("scheduler", self.refresh)

    def refresh(self) -> float:
        """Count once; return the seconds until the next time."""
        log.info("scheduler: %(entries)s entries, %(people)s people, %(pictures)s pictures", refresh_statistics())
        return PERIOD_SECONDS
