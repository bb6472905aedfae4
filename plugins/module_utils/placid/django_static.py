"""Collecting an application's static files, and making its page for errors, which may name some of them.

This source runs inside an application's own virtual environment, as the user that builds: `python - STEP...` with the source on
standard input, the steps in one start of the application. It imports nothing of Placid's, and Django only when it runs.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator

#: How the message begins that says why there is no page for errors.
NO_ERROR_PAGE = "no page for errors: "
#: What a client of a server ends with, or begins with, where the server is not for this user.
NOT_REACHED = (ConnectionError, PermissionError, TimeoutError)


def collect() -> None:
    """Run `manage.py collectstatic`."""
    sys.argv = ["manage.py", "collectstatic", "--noinput", "-v0"]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise


def error_page() -> None:
    """Make the page that visitors get where the application fails, by handler500: nothing else would ask for it before that day.

    It must do without middleware, which may be what failed; but this user gets to no database and no cache, so a page that asks
    one is no error.
    """
    import django
    from django.apps import apps
    from django.conf import settings
    from django.db import Error
    from django.test import RequestFactory
    from django.urls import get_resolver

    django.setup()
    if settings.DEBUG:
        return
    name = next(iter(settings.ALLOWED_HOSTS), "").strip(".*") or "localhost"
    request = RequestFactory(SERVER_NAME=name).get("/", secure=True)
    request.session = {}
    if apps.is_installed("django.contrib.auth"):
        from django.contrib.auth.models import AnonymousUser

        request.user = AnonymousUser()
    try:
        response = get_resolver().resolve_error_handler(500)(request)
        if not getattr(response, "is_rendered", True):
            response.render()
    except Exception as error:
        if not any(isinstance(each, (Error, *NOT_REACHED)) for each in reasons(error)):
            raise SystemExit(f"{NO_ERROR_PAGE}{type(error).__name__}: {error}") from error


def reasons(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


STEPS: dict[str, Callable[[], None]] = {"collectstatic": collect, "error_page": error_page}

if __name__ == "__main__":
    for step in sys.argv[1:]:
        STEPS[step]()
