"""What is said of a process that Apache's mod_wsgi runs, and where visitors are sent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid import dotenv
from ansible.module_utils.placid.daemons import Daemons, daemons
from ansible.module_utils.placid.layout import Layout

from rules.repository import ROOT

#: Opens files, says so, and waits.
PROCESS = "import sys; kept = [open(path) for path in sys.argv[1:]]; print(flush=True); sys.stdin.read()"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("guestbook", tmp_path)
    for release in ("R1", "R2"):
        (layout.release(release) / ".placid").mkdir(parents=True)
        (layout.release(release) / "release.json").write_text("{}")
    layout.settings.parent.mkdir(parents=True)
    layout.settings.write_text("")
    layout.wsgi.mkdir()
    return layout


@pytest.fixture
def process(layout: Layout) -> Iterator[subprocess.Popen[str]]:
    """One that is R1, with the settings of now."""
    release = layout.release("R1")
    words = [sys.executable, "-c", PROCESS, str(release / "release.json"), str(layout.settings)]
    with subprocess.Popen(words, cwd=release, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_is_the_release_that_it_holds_open(layout: Layout, process: subprocess.Popen[str]) -> None:
    assert Daemons(layout).problem(process.pid, "R1") == ""
    expected = f"process {process.pid} of mod_wsgi works in {layout.release('R1')} and not in {layout.release('R2')}"
    assert Daemons(layout).problem(process.pid, "R2") == expected


def test_a_process_that_has_not_loaded_its_release_is_not_proved(layout: Layout) -> None:
    words = [sys.executable, "-c", PROCESS, str(layout.settings)]
    with subprocess.Popen(words, cwd=layout.release("R1"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert Daemons(layout).problem(process.pid, "R1") == f"process {process.pid} of mod_wsgi has not loaded R1"
        process.kill()


def test_a_process_has_the_settings_that_it_read(layout: Layout, process: subprocess.Popen[str]) -> None:
    before = layout.settings.stat().st_mtime_ns
    layout.settings.unlink()
    layout.settings.write_text('KEY="changed"\n')
    os.utime(layout.settings, ns=(before + 1, before + 1))
    assert Daemons(layout).problem(process.pid, "R1") == f"process {process.pid} of mod_wsgi runs with other settings"
    os.utime(layout.settings, ns=(before, before))  # they were put back
    assert Daemons(layout).problem(process.pid, "R1") == ""


def test_a_process_that_has_ended_is_not_proved(layout: Layout, process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert Daemons(layout).problem(process.pid, "R1") == f"process {process.pid} of mod_wsgi has just ended"


def test_visitors_of_a_release_reach_one_group(layout: Layout) -> None:
    groups = Daemons(layout)
    assert (groups.group(None), groups.other(None)) == ("a", "b")
    for group, other in (("b", "a"), ("b", "a"), ("a", "b"), ("a", "b")):
        groups.point("R1", group)
        assert (groups.group("R1"), groups.other("R1")) == (group, other)
    assert groups.group("R2") == "a"


@pytest.mark.parametrize(("text", "served"), [("WSGIDaemonProcess guestbook-a", True), ("ProxyPass /", False), (None, False)])
def test_the_site_says_who_serves(layout: Layout, text: str | None, served: bool) -> None:
    site = layout.base / "etc/apache2/sites-enabled/guestbook.conf"
    site.parent.mkdir(parents=True)
    if text is not None:
        site.write_text(text)
    assert bool(daemons(layout)) == served


def test_the_script_reads_settings_as_they_are_written() -> None:
    assert f"SETTING = re.compile(r'{dotenv._ASSIGNMENT.pattern}'" in (ROOT / "roles/app/files/serve.wsgi").read_text()
