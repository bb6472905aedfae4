"""Numbers on the front page: the scheduler keeps them fresh in the cache."""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import Count, Q

from entries.models import Entry

CACHE_KEY = "statistics:1"  # counted up with the shape of the value, because two releases may share a cache
CACHE_SECONDS = 300


def statistics() -> dict[str, int]:
    """Return the cached numbers, or fresh ones where the cache has none."""
    return cache.get(CACHE_KEY) or refresh_statistics()


def refresh_statistics() -> dict[str, int]:
    """Count, and put the numbers into the cache."""
    numbers = Entry.objects.aggregate(
        entries=Count("pk"),
        people=Count("name", distinct=True),
        pictures=Count("pk", filter=~Q(picture="")),
    )
    cache.set(CACHE_KEY, numbers, timeout=CACHE_SECONDS)
    return numbers
