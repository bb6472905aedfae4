"""What is asked before anything is changed: a yes, and a run in staging."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from live.playbook import ROOT, TIMEOUT, environment
from live.site import Site


def answered(site: Site, answer: str, **variables: Any) -> tuple[int, str]:
    """Deploy at a terminal, where a person types an answer; the exit code, and what was shown."""
    command = ["ansible-playbook", "deploy.yml", "-e", json.dumps({"confirm": True, **variables})]
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        stdin=other,
        stdout=other,
        stderr=other,
        cwd=ROOT,
        env=environment(site.inventory),
    )
    os.close(other)
    shown, deadline = b"", time.monotonic() + TIMEOUT
    with contextlib.suppress(OSError):  # a terminal whose last process ended
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 2)[0]:
                shown += os.read(terminal, 65536)
            elif b"Type yes" in shown:  # and nothing more is shown: Ansible forgets what is typed before it listens
                os.write(terminal, f"{answer}\r".encode())
    os.close(terminal)
    if process.poll() is None and time.monotonic() >= deadline:
        process.terminate()
    return process.wait(timeout=TIMEOUT), " ".join(shown.decode().split())


@pytest.fixture(scope="module")
def version(site: Site) -> str:
    site.make_live("v4")
    return site.new_version("v4", "plain.txt", "To be confirmed.")


def test_without_a_terminal_nobody_can_say_yes(site: Site, version: str) -> None:
    before = site.state()
    assert "there is no terminal. See the plan with --check --diff" in site.fail("deploy", version=version, confirm=True).message
    assert site.state() == before


def test_any_answer_but_yes_changes_nothing(site: Site, version: str) -> None:
    before = site.state()
    code, shown = answered(site, "y", version=version)
    assert code != 0
    assert "Not confirmed. Nothing was changed." in shown
    assert "start beside the old ones, which then finish: web, worker-1, worker-2" in shown.partition("Type yes")[0]
    assert site.state() == before


def test_a_yes_is_taken(site: Site, version: str) -> None:
    code, shown = answered(site, "yes", version=version)
    assert code == 0, shown
    assert site.serves(version)


def test_what_staging_has_not_run_is_refused_unless_forced_and_that_is_recorded(site: Site) -> None:
    version = site.new_version("v4", "plain.txt", "Not promoted.")
    before = site.state()
    outcome = site.fail("deploy", version=version, require_promoted=True)
    assert f"Staging has not run {version[:12]}" in outcome.message
    assert "-e promote=force" in outcome.message
    assert site.state() == before
    site.succeed("deploy", version=version, require_promoted=True, promote="force")
    assert site.serves(version)
    assert site.ledger()[-1]["purpose"] == f"deploy {version}, promotion forced"
    assert re.search(rf"deploy {version}, promotion forced: .*, promotion forced \(", site.succeed("status").message)


def test_what_staging_has_run_is_promoted_untouched(site: Site) -> None:
    """The records of this environment stand in for those of staging."""
    records = Path(site.inventory).with_name("deployments")
    version = site.new_version("v4", "plain.txt", "Promoted.")
    site.succeed("deploy", version=version)
    site.succeed("rollback")
    shutil.copytree(records / "sandbox", records / "staging")
    try:
        outcome = site.succeed("deploy", "--check", version=version, require_promoted=True)
        assert "promotion: staging has run this artefact, healthy, since" in outcome.message
        for path in (records / "staging" / site.name).glob("*/deployment.json"):
            path.write_text(path.read_text().replace('"artefact": "', '"artefact": "0'))
        assert "another artefact of it" in site.fail("deploy", "--check", version=version, require_promoted=True).message
        assert site.host.file("/srv/guestbook/lock").content_string == "", "a check keeps others waiting"
    finally:
        shutil.rmtree(records / "staging")


def test_migrations_that_only_django_knows_of_are_not_denied_by_the_plan_and_told_at_the_end(site: Site) -> None:
    settings = site.git("show", "v4:guestbook/settings.py") + '\nINSTALLED_APPS += ["django.contrib.sites"]\nSITE_ID = 1\n'
    outcome = site.succeed("deploy", version=site.new_version("v4", "guestbook/settings.py", settings))
    assert "migrations: none pending in the commit and in packages that change" in outcome.message
    assert "Django itself is asked after staging" in outcome.message
    assert "migrations applied: sites.0001_initial, sites.0002_alter_domain_unique" in outcome.message
    outcome = site.succeed("rollback", migrations="reverse")
    assert "migrations reversed: sites.0001_initial, sites.0002_alter_domain_unique" in outcome.message
