"""Health page: asks the database and the cache, and says which one does not answer."""

from __future__ import annotations

import logging
import uuid

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where everything works, else 503."""
    checks = {"database": database_answers(), "cache": cache_answers()}
    healthy = all(checks.values())
    return JsonResponse(
        {
            "status": "ok" if healthy else "unavailable",
            **{name: "ok" if answers else "down" for name, answers in checks.items()},
            "commit": settings.COMMIT,
            "release": settings.RELEASE,
        },
        status=200 if healthy else 503,
    )


def database_answers() -> bool:
    """Return whether the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except DatabaseError as error:
        log.warning("the database does not answer: %s", error)
        return False


def cache_answers() -> bool:
    """Return whether the cache keeps a value. Its client treats failures as misses, so the value itself is compared."""
    key, value = f"healthz:{uuid.uuid4().hex}", "kept"
    cache.set(key, value, timeout=10)
    return cache.get(key) == value
