"""Versions of the example that the host has never seen, each with something about it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from live.site import Site

Version = Callable[[Site], str]
SLOW = "broken/slow-boot"  # its web process waits while the site is held
#: Other settings than the inventory's.
TOKYO: dict[str, Any] = {"guestbook_settings": {"DEBUG": "false", "SECURE": "false", "TIME_ZONE": "Asia/Tokyo"}}

#: Adds a column, for which nobody else may be at the table.
MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("entries", "0002_likes")]
    operations = [migrations.RunSQL(sql, "SELECT 1") for sql in {statements}]
"""
#: Succeeds on the database's host while a migration does `SELECT pg_sleep(5)`.
AT_WORK = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)%' AND pid <> pg_backend_pid()"
IN_MIGRATION = f'runuser -u postgres -- psql -XAtc "{AT_WORK}" | grep .'
COLUMN = "ALTER TABLE entries_entry ADD COLUMN IF NOT EXISTS noted text"
WARNING = """

from django.core import checks

@checks.register(deploy=True)
def warn(**_):
    return [checks.Warning("This is a warning on purpose.", id="entries.W001")]
"""
#: A page that takes its time, and one that fails.
PAGES = """
import time

from django.http import HttpResponse
from django.urls import path

from entries import views

def slow(request):
    time.sleep(15)
    return HttpResponse("At last.")

def broken(request):
    raise RuntimeError("Broken on purpose.")

urlpatterns = [
    path("", views.front_page, name="front_page"),
    path("entries/<int:pk>/like", views.like, name="like"),
    path("slow", slow),
    path("broken", broken),
]
"""

#: A request id comes from the web server alone, so the new process is well as long as it is asked directly.
BEHIND_THE_WEB_SERVER = """
from django.core.wsgi import get_wsgi_application
django = get_wsgi_application()
def application(environ, start_response):
    if environ["PATH_INFO"] == "/healthz" and "HTTP_X_REQUEST_ID" in environ:
        start_response("500 Internal Server Error", [])
        return []
    return django(environ, start_response)
"""


def like(base: str) -> Version:
    """One of the example's own versions."""
    return lambda site: site.new_version(base, "news.txt", token_hex())


def with_file(path: str, text: str) -> Version:
    """The newest good version with one file written."""
    return lambda site: site.new_version("v4", path, text)


def migrating(*statements: str, atomic: bool = True) -> Version:
    """A migration, each time of another name, so that it was never applied before."""
    content = MIGRATION.format(atomic=atomic, statements=statements)
    return lambda site: with_file(f"entries/migrations/0003_{token_hex(4)}.py", content)(site)


broken_behind_the_web_server = with_file("guestbook/wsgi.py", BEHIND_THE_WEB_SERVER)


def lying(site: Site) -> str:
    """A hash in the lock is that of nothing."""
    lock = site.git("show", "v4:requirements.txt")
    return site.new_version("v4", "requirements.txt", re.sub(r"sha256:.", "sha256:0", lock))


def unmigrated(site: Site) -> str:
    """A model has changed, and no migration was made."""
    models = site.git("show", "v4:entries/models.py")
    return site.new_version("v4", "entries/models.py", models.replace("max_length=80", "max_length=81"))


def warned(site: Site) -> str:
    """A check of its own warns before a deployment."""
    return site.new_version("v4", "entries/models.py", site.git("show", "v4:entries/models.py") + WARNING)


def large(site: Site) -> str:
    """Too large to travel among a module's arguments."""
    return site.new_version("v4", "large.txt", os.urandom(1_500_000).hex())


def hostile(site: Site) -> str:
    """A link leads out of the tree."""
    site.git("checkout", "--quiet", "--detach", "v4")
    (site.repository / "outside").symlink_to("../../outside")
    return site.commit_all("Lead outside")


def oddly_named(site: Site) -> str:
    """File names as a file system takes them and programs stumble over."""
    site.git("checkout", "--quiet", "--detach", "v4")
    for odd in ("-rf", "two\nlines", "näme ☃", "$(touch x)", "a'b\"c", " ", "entries/static/entries/-ü.css"):
        (site.repository / odd).write_text(odd)
    return site.commit_all("Name files oddly")
