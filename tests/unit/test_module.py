"""What a module returns of what programs wrote, with the secrets masked."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.placid import ledger
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.module import COMMON, REASON_LENGTH, disguises, record_failure
from ansible.module_utils.placid.phases.record import details

from unit.plugins import load

SECRET = "planted-\\\"'<&>/ $é\ttail"
KEY = "-----BEGIN KEY-----\nplanted-0123456789\nfinal=\n-----END KEY-----\n"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        repr(SECRET),
        repr({"SECRET_KEY": SECRET}),
        json.dumps({"SECRET_KEY": SECRET}),
        f"postgresql://guestbook:{quote_plus(SECRET)}@db/guestbook",
    ],
    ids=["plain", "repr", "repr of a dict", "JSON", "URL"],
)
def test_a_secret_is_masked_however_a_program_writes_it(text: str) -> None:
    assert "planted" not in remove_values(text, {SECRET, *disguises(SECRET)})


def test_what_is_secret_is_an_argument_of_its_own() -> None:
    """Ansible writes the parts of an argument into the host's log, where a secret with a quote in it is not recognised."""
    arguments = {**COMMON, **load("modules/release.py").SPEC}
    assert {name for name, each in arguments.items() if each.get("no_log")} >= {"secrets", "direct_secrets", "database_url"}
    parts = {f"{name}.{part}": each for name, argument in arguments.items() for part, each in argument.get("options", {}).items()}
    assert [name for name, each in parts.items() if each.get("no_log")] == []


@pytest.mark.parametrize("text", [KEY, repr(KEY), "Cannot read the key: planted-0123456789\n"])
def test_a_line_of_a_secret_of_several_is_masked(text: str) -> None:
    assert "planted" not in remove_values(text, {KEY, *disguises(KEY)})


@pytest.mark.parametrize("password", ["planted-password", "planted/pass@word"])
def test_the_password_in_an_address_is_masked_alone(password: str) -> None:
    url = f"postgresql://guestbook:{quote(password, '')}@db.example.org/guestbook"
    for text in (password, repr({"PASSWORD": password}), url):
        assert "planted" not in remove_values(text, {url, *disguises(url)})


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_nothing_is_no_secret(secret: str) -> None:
    assert not any(each.isspace() or not each for each in disguises(secret))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("It failed: planted.\nDETAIL: Key (email)=(a@example.org) exists", {"reason": "It failed: ********."}),
        ("x" * 999, {"reason": "x" * REASON_LENGTH}),
        ("", {}),
    ],
)
def test_the_ledger_tells_why_a_run_failed_in_a_line_without_secrets(tmp_path: Path, error: str, reason: dict[str, str]) -> None:
    layout = Layout("guestbook", tmp_path)
    layout.home.mkdir(parents=True)
    deployment = {"token": "t", "who": "ada@desk", "purpose": "deploy v1"}
    params = {"deployment": deployment, "plan": ["replaces A"], "done": {"ask": {"seconds": 0.5}}}
    module: Any = SimpleNamespace(params=params, no_log_values={"planted"})
    record_failure(module, layout, "R", "stage", RuntimeError(error), commit="c")
    (event,) = ledger.read(layout.ledger)
    assert event.pop("time")
    told = {"event": "failed", "release": "R", "phase": "stage", "commit": "c", "plan": ["replaces A"], "seconds": {"ask": 0.5}}
    assert event == {**told, "who": "ada@desk", "deployment": "t", "purpose": "deploy v1", **reason}


def test_the_ledger_tells_how_long_phases_took_and_what_became_of_the_schema() -> None:
    done: dict[str, dict[str, Any]] = {
        "build": {"seconds": 0.2},
        "migrate": {"seconds": 1.5, "applied": ["a.1"], "reversed": [], "kept": [], "dump": "D"},
        "activate": {"seconds": 2.0, "settings_changed": ["DEBUG"]},
    }
    told = {"seconds": {"build": 0.2, "migrate": 1.5, "activate": 2.0}, "applied": ["a.1"], "dump": "D"}
    for event, earlier, plan, line in (
        ("deployed", done, ["replaces A"], {**told, "plan": ["replaces A"]}),
        ("settings", done, [], {**told, "settings": ["DEBUG"]}),
        ("rolled back", {}, [], {"seconds": {}}),
    ):
        module: Any = SimpleNamespace(params={"event": event, "done": earlier, "plan": plan})
        assert details(module) == line
