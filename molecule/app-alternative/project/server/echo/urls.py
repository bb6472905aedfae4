from __future__ import annotations

import os
import sys
import time

import django
from django.http import HttpRequest, JsonResponse
from django.urls import path
from phrases import GREETING  # of a submodule, which the lock has installed or PYTHONPATH names


def answer(_: HttpRequest, seconds: int = 0) -> JsonResponse:
    """Say, perhaps late, what answers."""
    time.sleep(seconds)
    versions = {"greeting": GREETING, "python": sys.version_info[:2], "django": django.VERSION[:2]}
    return JsonResponse({**versions, "commit": os.environ["PLACID_COMMIT"], "services": "DATABASE_URL" in os.environ})


urlpatterns = [path("", answer), path("late/<int:seconds>/", answer)]
