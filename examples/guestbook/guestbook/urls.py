"""Addresses of the site."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from guestbook.health import healthz

urlpatterns = [
    path("", include("entries.urls")),
    path("healthz", healthz),
    path("admin/", admin.site.urls),
    # In development only: elsewhere the web server answers for media.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
