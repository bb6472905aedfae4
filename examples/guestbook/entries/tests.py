"""What visitors, the health page, the worker and the settings are promised."""

from __future__ import annotations

import io
import os
import signal
import tempfile
import threading
from unittest import mock

from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import OperationalError
from django.test import SimpleTestCase, TestCase, override_settings
from PIL import Image

from entries import loop
from entries.models import Entry
from entries.thumbnails import process_next_entry
from guestbook import environment

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NO_CACHE = {"default": environment.cache("memcached+unix:/nonexistent/memcached.sock")}


def picture(name: str = "holiday.PNG", size: tuple[int, int] = (1200, 600)) -> SimpleUploadedFile:
    """Return an uploaded picture."""
    output = io.BytesIO()
    Image.new("RGB", size, "teal").save(output, "PNG")
    return SimpleUploadedFile(name, output.getvalue(), content_type="image/png")


class GuestbookTestCase(TestCase):
    """Pictures in a temporary directory and an empty cache."""

    def setUp(self) -> None:
        media = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(override_settings(MEDIA_ROOT=media))
        cache.clear()

    def sign(self, **fields: object) -> Entry:
        """Write an entry through the form."""
        response = self.client.post("/", {"name": "Ada", "message": "Hello", **fields})
        self.assertRedirects(response, "/")
        return Entry.objects.latest("pk")


class FrontPageTests(GuestbookTestCase):
    """What visitors see."""

    def test_an_empty_guestbook_invites(self) -> None:
        self.assertContains(self.client.get("/"), "Be the first!")

    def test_an_entry_appears_with_its_text_escaped(self) -> None:
        self.sign(message="<script>alert(1)</script>")
        self.assertContains(self.client.get("/"), "&lt;script&gt;alert(1)&lt;/script&gt;")

    def test_an_entry_without_a_message_is_refused(self) -> None:
        response = self.client.post("/", {"name": "Ada"})
        self.assertContains(response, "This field is required.")
        self.assertFalse(Entry.objects.exists())

    def test_a_picture_is_kept_under_a_name_of_ours(self) -> None:
        entry = self.sign(picture=picture())
        self.assertRegex(entry.picture.name, r"\Apictures/[0-9a-f]{32}\.png\Z")
        self.assertContains(self.client.get("/"), entry.picture.url)

    def test_files_that_are_no_pictures_are_refused(self) -> None:
        for name, upload in {
            "a suffix of something else": picture("holiday.html"),
            "text in a picture's name": SimpleUploadedFile("a.png", b"<html>", content_type="image/png"),
            "too large": SimpleUploadedFile("a.png", picture().read() + bytes(5 * 1024 * 1024)),
        }.items():
            with self.subTest(name):
                response = self.client.post("/", {"name": "Ada", "message": "Hello", "picture": upload})
                self.assertContains(response, "errorlist")
        self.assertFalse(Entry.objects.exists())

    def test_the_commit_that_serves_is_shown(self) -> None:
        with override_settings(COMMIT=COMMIT):
            response = self.client.get("/")
        self.assertContains(response, f'<meta name="commit" content="{COMMIT}">')
        self.assertContains(response, ">0123456</code>")
        self.assertEqual(response["X-Commit"], COMMIT)

    def test_pages_work_without_the_cache(self) -> None:
        with override_settings(CACHES=NO_CACHE):
            self.sign()
            self.assertContains(self.client.get("/"), "1 entry")

    def test_nothing_inline_is_needed_or_allowed(self) -> None:
        response = self.client.get("/")
        self.assertIn("default-src 'none'", response["Content-Security-Policy"])
        self.assertNotContains(response, "style=")
        self.assertNotContains(response, "<script")

    def test_a_missing_page_says_so(self) -> None:
        self.assertContains(self.client.get("/nothing"), "There is no such page", status_code=404)

    def test_an_error_has_a_page_of_its_own(self) -> None:
        self.client.raise_request_exception = False
        with mock.patch("entries.views.statistics", side_effect=OperationalError):
            self.assertContains(self.client.get("/"), "out of order", status_code=500)

    def test_the_admin_lists_entries(self) -> None:
        self.sign()
        self.client.force_login(User.objects.create_superuser("root"))
        self.assertContains(self.client.get("/admin/entries/entry/"), "Ada")


class HealthTests(GuestbookTestCase):
    """What probes see."""

    def test_healthy(self) -> None:
        response = self.client.get("/healthz")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json()["status"], "ok")

    def test_a_lost_cache_is_reported(self) -> None:
        with override_settings(CACHES=NO_CACHE):
            response = self.client.get("/healthz")
        self.assertEqual(response.status_code, 503)
        self.assertEqual((response.json()["database"], response.json()["cache"]), ("ok", "down"))

    def test_a_lost_database_is_reported(self) -> None:
        with mock.patch("guestbook.health.connection.cursor", side_effect=OperationalError("gone")):
            response = self.client.get("/healthz")
        self.assertEqual(response.status_code, 503)
        self.assertEqual((response.json()["database"], response.json()["cache"]), ("down", "ok"))


class BackgroundTests(GuestbookTestCase):
    """What the worker and the scheduler do."""

    def test_the_worker_makes_a_thumbnail_once(self) -> None:
        entry = self.sign(picture=picture())
        self.assertTrue(process_next_entry())
        self.assertFalse(process_next_entry())
        entry.refresh_from_db()
        with Image.open(entry.thumbnail) as thumbnail:
            self.assertEqual(thumbnail.size, (480, 240))
        self.assertContains(self.client.get("/"), entry.thumbnail.url)

    def test_a_lost_picture_does_not_stop_the_worker(self) -> None:
        entry = self.sign(picture=picture())
        entry.picture.storage.delete(entry.picture.name)
        self.assertTrue(process_next_entry())
        self.assertFalse(process_next_entry())

    def test_the_scheduler_refreshes_the_numbers_and_stops_when_told(self) -> None:
        self.client.get("/")
        self.sign()
        self.assertContains(self.client.get("/"), "0 entries")
        self.stop_soon()
        call_command("run_scheduler")
        self.assertContains(self.client.get("/"), "1 entry")

    def test_the_worker_waits_for_a_lost_database(self) -> None:
        results = mock.Mock(side_effect=[OperationalError("gone"), 60.0])
        self.stop_soon()
        with mock.patch.object(loop, "RETRY_SECONDS", 0.0):
            loop.repeat("worker", results)
        self.assertEqual(results.call_count, 2)

    def stop_soon(self) -> None:
        """Send SIGTERM to this process in a moment, and put its handlers back after the test."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        self.addCleanup(timer.cancel)


class EnvironmentTests(SimpleTestCase):
    """What the environment may say."""

    def test_a_database_on_the_local_socket(self) -> None:
        for url, host in {
            "postgresql:///guestbook": "",
            "postgres:///guestbook?host=/var/run/postgresql": "/var/run/postgresql",
        }.items():
            with self.subTest(url):
                database = environment.database(url)
                self.assertEqual((database["NAME"], database["HOST"], database["USER"]), ("guestbook", host, ""))

    def test_a_database_elsewhere(self) -> None:
        database = environment.database("postgresql://ada:p%40ss%2F@db.example.org:5433/guestbook?sslmode=require")
        self.assertEqual((database["USER"], database["PASSWORD"]), ("ada", "p@ss/"))
        self.assertEqual((database["HOST"], database["PORT"]), ("db.example.org", "5433"))
        self.assertEqual(database["OPTIONS"]["sslmode"], "require")

    def test_no_cursors_of_the_server_through_a_pooler(self) -> None:
        for pooler, disabled in {"": False, "pgbouncer": True}.items():
            with self.subTest(pooler), mock.patch.dict(os.environ, {"DATABASE_POOLER": pooler}):
                database = environment.database("postgresql:///guestbook?host=/run/pgbouncer-guestbook")
                self.assertEqual(database["DISABLE_SERVER_SIDE_CURSORS"], disabled)

    def test_caches(self) -> None:
        self.assertEqual(environment.cache("memcached+unix:/run/m.sock")["LOCATION"], "unix:/run/m.sock")
        self.assertEqual(environment.cache("memcached://127.0.0.1:11211")["LOCATION"], "127.0.0.1:11211")

    def test_what_is_not_understood_is_named(self) -> None:
        with mock.patch.dict(os.environ, {"DEBUG": "yes", "SECRET_KEY": ""}):
            for name, read in {
                "DEBUG": lambda: environment.boolean("DEBUG", default=False),
                "SECRET_KEY": lambda: environment.secret_key(required=True),
                "DATABASE_URL": lambda: environment.database("mysql://localhost/guestbook"),
                "CACHE_URL": lambda: environment.cache("redis://localhost"),
            }.items():
                with self.subTest(name), self.assertRaisesRegex(ImproperlyConfigured, name):
                    read()
