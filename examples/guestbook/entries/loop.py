"""The loop of a background process."""

from __future__ import annotations

import logging
import queue
import signal
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


def repeat(name: str, work: Callable[[], float]) -> None:
    """Call `work`, which returns the seconds to wait before the next call, until SIGTERM or SIGINT.

    Work that has begun is finished first. A lost database is waited for.
    """
    stop: queue.SimpleQueue[int] = queue.SimpleQueue()  # unlike Event.set(), put() is safe in a signal handler
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: stop.put(received))
    log.info("%s: started, commit %s", name, settings.COMMIT[:7] or "unknown")
    while True:
        close_old_connections()
        try:
            pause = work()
        except (InterfaceError, OperationalError) as error:
            log.warning("%s: no database, next attempt in %.0f s: %s", name, RETRY_SECONDS, error)
            pause = RETRY_SECONDS
        try:
            received = stop.get(timeout=pause)
        except queue.Empty:
            continue
        log.info("%s: stopped by %s", name, signal.Signals(received).name)
        return
