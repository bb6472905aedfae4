"""What is deployed to be measured: the example, which is small, and a site of Wagtail's, of a more usual size."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".placid" / "bench"

WAGTAIL = "wagtail==8.0.1"
WAGTAIL_REQUIREMENTS = f"{WAGTAIL}\ndj-database-url\ngunicorn\npsycopg[binary]\n"
#: What docs/applications.md has a project read, in the settings that `wagtail start` makes for production.
WAGTAIL_SETTINGS = """import os

import dj_database_url

from .base import *

DEBUG = False
INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.postgres"]
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
DATABASES = {"default": dj_database_url.config()}
STATIC_ROOT = os.environ.get("STATIC_ROOT") or BASE_DIR / "static"
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
"""


def run(*words: str | Path, told: bool = False, **options: Any) -> str:
    """Run a program that must succeed, and return what it printed."""
    command = [str(word) for word in words]
    if told:
        print(f"  {' '.join(command)}", flush=True)
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, cwd=ROOT, text=True, capture_output=True, check=False, **options
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def git(repository: Path, *words: str) -> str:
    return run("git", "-C", repository, "-c", "user.name=Bench", "-c", "user.email=bench@example.org", *words).strip()


@dataclass(frozen=True)
class Application:
    """One that is deployed by Placid and, under the name "byhand", by a script."""

    name: str
    #: A unit each when deployed by hand.
    processes: dict[str, str]
    #: Two commits that differ in the lock, and the file whose change makes each measured commit.
    locks: tuple[str, str]
    changed: str

    @property
    def repository(self) -> Path:
        return PLACE / self.name

    def commit(self, of: str) -> str:
        return git(self.repository, "rev-parse", f"{of}^{{commit}}")

    def new_commit(self, lock: str, number: int) -> str:
        """Commit a change of one line of code, with the lock of a version."""
        git(self.repository, "checkout", "--quiet", "--detach", self.locks[0])
        git(self.repository, "checkout", "--quiet", lock, "--", "requirements.txt")
        (self.repository / self.changed).write_text(f"NUMBER = {number}\n")
        git(self.repository, "add", "--all")
        git(self.repository, "commit", "--quiet", "--message", f"Change {number}")
        return git(self.repository, "rev-parse", "HEAD")

    def make(self) -> None:
        """Make the repository."""
        raise NotImplementedError

    def entry(self) -> str:
        """Its entry in `apps`, in YAML, with the variables that it needs."""
        raise NotImplementedError


class Guestbook(Application):
    def make(self) -> None:
        run(ROOT / "examples" / "make-repository", self.repository, told=True)

    def entry(self) -> str:
        apps = (ROOT / "group_vars" / "all" / "apps.yml").read_text().partition("apps:\n")[2]
        own = f"guestbook_repository: {self.repository}\nguestbook_database: {{password: of-hosts-that-are-removed-again}}\n"
        return f"{own}apps:\n{apps.rstrip()}\n    keep: 2\n"


class Wagtail(Application):
    """What `wagtail start` makes: 22 installed applications, some 40 packages, hundreds of static files."""

    def make(self) -> None:
        with tempfile.TemporaryDirectory(dir=PLACE) as place:
            made = Path(place) / "repository"
            made.mkdir()
            run("uv", "tool", "run", "--from", WAGTAIL, "wagtail", "start", "mysite", made, told=True)
            (made / "mysite" / "settings" / "production.py").write_text(WAGTAIL_SETTINGS)
            self.lock(made, WAGTAIL_REQUIREMENTS)
            git(made, "init", "--quiet")
            git(made, "add", "--all")
            git(made, "commit", "--quiet", "--message", "What wagtail start makes")
            git(made, "tag", self.locks[0])
            self.lock(made, f"{WAGTAIL_REQUIREMENTS}asgiref<3.13\nsetproctitle\n")
            git(made, "commit", "--quiet", "--all", "--message", "Use another asgiref, and setproctitle")
            git(made, "tag", self.locks[1])
            made.rename(self.repository)  # whole or not at all

    def lock(self, repository: Path, requirements: str) -> None:
        how = ["--quiet", "--generate-hashes", "--universal", "--python-version", "3.11", "--no-emit-index-url"]
        run("uv", "pip", "compile", *how, "--output-file", repository / "requirements.txt", "-", input=requirements)

    def entry(self) -> str:
        application = {
            "name": self.name,
            "repository": str(self.repository),
            "domains": [f"{self.name}.localhost"],
            "settings_module": "mysite.settings.production",
            "processes": {name: {"command": command} for name, command in self.processes.items()},
            "secrets": {"SECRET_KEY": "of-hosts-that-are-removed-again-" * 2},
            "database": {"password": "of-hosts-that-are-removed-again"},
            "cache": False,
            "smoke": ["/", "/admin/login/"],
            "keep": 2,
        }
        return json.dumps({"apps": [application]})


APPLICATIONS = {
    application.name: application
    for application in (
        Guestbook(
            "guestbook",
            {
                "web": "gunicorn --workers 3 guestbook.wsgi",
                "worker-1": "python manage.py run_worker",
                "worker-2": "python manage.py run_worker",
                "scheduler": "python manage.py run_scheduler",
            },
            ("v4", "broken/changed-lock"),
            "entries/bench.py",
        ),
        Wagtail(
            "wagtail",
            {"web": "gunicorn --workers 3 mysite.wsgi"},
            ("v1", "changed-lock"),
            "home/bench.py",
        ),
    )
}
