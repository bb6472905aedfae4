"""Headers that every response carries."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",  # the admin's; the guestbook has no script
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def commit(get_response: Handler) -> Handler:
    """Say which commit answered."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.COMMIT:
            response["X-Commit"] = settings.COMMIT
        return response

    return middleware


def content_security_policy(get_response: Handler) -> Handler:
    """Let browsers load nothing but this site's own files. Django's debug pages are inline, hence left alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response["Content-Security-Policy"] = POLICY
        return response

    return middleware
