"""Whether an application's pages for errors and for what is missing can be made is found before they are needed."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import django_static, stage
from ansible.module_utils.placid.command import CommandError
from ansible.module_utils.placid.front_door import MISSING, FrontDoor
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.stage import Stage, StageError

#: What is asked of Django; each test says what its handler500 does with a request.
DJANGO = {
    "__init__": "def setup(): pass",
    "conf": "class settings:\n    ALLOWED_HOSTS, DEBUG = HOSTS, DEBUG",
    "apps": "class apps:\n    is_installed = lambda name: True",
    "contrib/__init__": "",
    "contrib/auth/__init__": "",
    "contrib/auth/models": "class AnonymousUser:\n    is_authenticated = False",
    "db": "class Error(Exception): pass",
    "test": """
class RequestFactory:
    def __init__(self, SERVER_NAME):
        self.host = SERVER_NAME
    def get(self, path, secure):
        assert (path, secure) == ("/", True)
        return self
""",
    "urls": """
from types import SimpleNamespace
from django.db import Error
class Response(SimpleNamespace):
    def render(self):
        raise ValueError("too late")
def handler(request):
    exec(HANDLER, globals(), {"request": request})
    return response
response = SimpleNamespace()
def get_resolver():
    return SimpleNamespace(resolve_error_handler={500: handler}.get)
""",
}


def make(place: Path, handler: str, hosts: tuple[str, ...] = ("example.org",), debug: bool = False) -> str:
    """Make the page with a Django whose handler500 does that; return what was said against it."""
    for name, text in DJANGO.items():
        path = place / "django" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"HOSTS, DEBUG, HANDLER = {hosts!r}, {debug!r}, {handler!r}\n{text}")
    source = inspect.getsource(django_static)
    command = [sys.executable, "-", "error_page"]
    done = subprocess.run(command, input=source, cwd=place, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert bool(done.returncode) == bool(done.stderr)
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("pass", ""),
        ("request.session.get('x'); assert not request.user.is_authenticated", ""),
        ("raise Error('this user has no database')", ""),
        ("raise PermissionError(13, 'the socket of the cache')", ""),
        ("raise RuntimeError('the client of a cache') from ConnectionRefusedError(111, 'no')", ""),
        ("try: {}['x']\nexcept KeyError: raise ValueError('worse')", "no page for errors: ValueError: worse"),
        ("raise ValueError('no such block')", "no page for errors: ValueError: no such block"),
        ("global response; response = Response(is_rendered=True)", ""),
        ("global response; response = Response(is_rendered=False)", "no page for errors: ValueError: too late"),
    ],
)
def test_a_page_that_cannot_be_made_is_told(tmp_path: Path, handler: str, said: str) -> None:
    assert make(tmp_path, handler) == said


@pytest.mark.parametrize(
    ("hosts", "asked"),
    [((), "localhost"), (("*",), "localhost"), ((".example.org",), "example.org"), (("a.example.org", "b"), "a.example.org")],
)
def test_it_is_asked_for_under_a_name_that_is_allowed(tmp_path: Path, hosts: tuple[str, ...], asked: str) -> None:
    assert make(tmp_path, f"assert request.host == {asked!r}, request.host", hosts) == ""


def test_in_debug_mode_nobody_sees_it(tmp_path: Path) -> None:
    assert make(tmp_path, "raise ValueError", debug=True) == ""


@pytest.mark.parametrize(
    ("root", "build", "starts"),
    [
        ("static", [], [("collectstatic", "error_page")]),
        ("static", ["compress"], [("collectstatic",)]),
        ("", [], [("error_page",)]),
        ("", ["compress"], []),
    ],
)
def test_the_application_is_started_once_unless_a_build_command_may_make_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, build: list[str], starts: list[tuple[str, ...]]
) -> None:
    started = []
    monkeypatch.setattr(stage, "run_as", lambda _, command, *__, **___: started.append(tuple(command[2:])))
    staged(tmp_path, root, build)._collect_static()
    assert started == starts


def test_the_message_says_what_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise CommandError("Collecting failed: no page for errors: ValueError: no such block\nThe end of its output:", "a line")

    monkeypatch.setattr(stage, "run_as", fail)
    with pytest.raises(StageError) as error:
        staged(tmp_path, "static", [])._collect_static()
    first = str(error.value).splitlines()[0]
    assert first.startswith(
        "The page that visitors would get where the application fails cannot be made: ValueError: no such block."
    )
    assert str(error.value).endswith("a line")


@pytest.mark.parametrize(
    ("asked", "missing", "said"),
    [
        ({"socket": Path("web.sock")}, 404, ""),
        ({"socket": Path("web.sock")}, 200, ""),
        (
            {"socket": Path("web.sock")},
            500,
            f"x{MISSING} is not well: it answered 500 where anything below 500 but 400 was expected",
        ),
        ({"group": "a"}, 503, f"x{MISSING} is not well: it answered 503 where anything below 500 but 400 was expected"),
        ({}, 500, ""),
    ],
)
def test_new_processes_are_asked_for_a_page_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], missing: int, said: str
) -> None:
    monkeypatch.setattr(FrontDoor, "ask", lambda _, path: missing if path == MISSING else 200)
    assert FrontDoor("x", 80, "http", ["/"], **asked).problem() == said


def staged(place: Path, root: str, build: list[str]) -> Stage:
    made = Stage.__new__(Stage)
    made.layout, made.release, made.environment = Layout("guestbook", place), place / "release", {}
    made.spec = {"static": {"root": root, "url": "/static/"}, "build": build}
    return made
