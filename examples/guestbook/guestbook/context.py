"""What every template may show."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def release(request: HttpRequest) -> dict[str, str]:
    """Return which commit serves, and where."""
    return {"commit": settings.COMMIT, "environment": settings.ENVIRONMENT}
