"""From startproject to a site, by what the errors and the documentation say. Each test goes on where the last one ended."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.playbook import ROOT
from live.site import Site

PACKAGES = ("django", "gunicorn", "psycopg[binary]", "dj-database-url")
SNIPPET = re.compile(r"### What a project reads\n.*?```python\n(.*?)```", re.DOTALL)


class Shop(Site):
    name, domain = "shop", "shop.localhost"

    @property
    def settings(self) -> Path:
        return self.repository / "shop" / "settings.py"

    def write(self, text: str) -> None:
        """Commit settings as startproject writes them, with this at their end."""
        self.settings.write_text(f"{self.settings.with_suffix('.orig').read_text()}\n{text}")
        self.commit_all("Change the settings")


@pytest.fixture(scope="module")
def shop(host: Host) -> Shop:
    """The project, with its packages pinned as `pip freeze` does."""
    shop = Shop(host)
    packages = shop.repository.with_name("packages")
    for place in (packages, shop.repository):
        shutil.rmtree(place, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    subprocess.run([*pip, "install", "--quiet", "--target", packages, *PACKAGES], check=True)
    pins = subprocess.run([*pip, "list", "--path", packages, "--format", "freeze"], check=True, capture_output=True, text=True)
    shop.repository.mkdir()
    django = [sys.executable, "-m", "django", "startproject", "shop", str(shop.repository)]
    subprocess.run(django, check=True, env={"PYTHONPATH": str(packages)})
    (shop.repository / "requirements.txt").write_text(pins.stdout)
    shutil.copy(shop.settings, shop.settings.with_suffix(".orig"))
    shop.git("init", "--quiet", "--initial-branch", "main")
    return shop


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("", "The settings have no STATIC_ROOT. Let them read it from the environment"),
        ("import os; STATIC_ROOT = os.environ['STATIC_ROOT']", "is an SQLite database that cannot be opened or made"),
        (
            "import os, dj_database_url; STATIC_ROOT = os.environ['STATIC_ROOT']; DEBUG = False\n"
            "DATABASES = {'default': dj_database_url.config()}",
            "it answered 400 where anything below 500 but 400 was expected, as Django does whose ALLOWED_HOSTS lacks that name",
        ),
    ],
    ids=["as it was made", "database in the release", "name that is not allowed"],
)
def test_what_is_missing_is_told(shop: Shop, settings: str, words: str) -> None:
    shop.write(settings)
    outcome = shop.fail("deploy", version="main")
    assert words in outcome.message
    assert "What a project reads" in outcome.message or "health_check" in outcome.message
    assert shop.releases() == []


def test_with_what_the_documentation_says_it_is_a_site(shop: Shop) -> None:
    snippet = SNIPPET.search((ROOT / "docs/applications.md").read_text())
    assert snippet
    shop.write(snippet[1])
    shop.succeed("deploy", version="main")
    page = shop.ask("/admin/login/")
    assert page.status == 200
    style = re.search(r'href="(/static/admin/css/base[^"]*\.css)"', page.body.decode())
    assert style
    assert shop.ask(style[1]).status == 200
    assert shop.succeed("deploy", version="main").recap["changed"] == 0


def test_its_database_is_its_own(shop: Shop) -> None:
    assert shop.sql("SELECT count(*) > 10 FROM django_migrations") == "t"
