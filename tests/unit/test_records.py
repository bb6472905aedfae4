"""What a record holds, and that the real ansible-playbook leaves one."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid.records import FAILED, OK, UNREACHABLE, Record, files, slug

from unit.plugins import PLUGINS

TOKEN = "0123456789abcdef0123456789abcdef"
KNOWN = {
    "application": {"name": "guestbook"},
    "environment": "staging",
    "deployment": {"token": TOKEN, "who": "ada@desk", "purpose": "deploy v2", "since": "2026-01-02T03:04:05+00:00", "wait": 0},
}
LIVE = {"live": {"id": "R1", "commit": "c1"}}
STAGED = {
    "changed": True,
    "started": "2026-01-02T03:04:10.000+00:00",
    "seconds": 3,
    "steps": {"venv": 2.0},
    "output": {"A step": {"stdout": "o", "stderr": ""}},
}
RESULTS: list[tuple[str, dict[str, Any]]] = [
    ("release", {"phases": {"ask": LIVE}}),
    ("artefact", {"version": "v2", "commit": "c2", "changed": True, "seconds": 2.345, "log": ["One wheel.", "Another."]}),
    ("release_plan", {"lines": ["guestbook c2"], "release": {"id": "R2", "commit": "c2"}}),
    (
        "release",
        {
            "phases": {
                "stage": STAGED,
                "migrate": {"changed": True, "applied": ["a.0001"], "reversed": [], "kept": []},
                "activate": {"changed": True, "release": "R2", "settings_changed": ["DEBUG"]},
            }
        },
    ),
    ("release", {"phases": {"record": {"changed": True}}}),
    ("commit_tag", {"changed": True, "seconds": 0.4, "tag": "push/staging/guestbook/R2"}),
]
TYPED = {"version": "v2", "migrations": "keep", "password": "planted"}
NOW = datetime.datetime(2026, 1, 2, 3, 4, 17, tzinfo=datetime.UTC)


@pytest.fixture
def record() -> Record:
    return Record(KNOWN, "deploy.yml", TYPED, lambda: NOW)


def test_a_record_lies_where_environment_application_and_time_say(record: Record) -> None:
    assert record.path == "staging/guestbook/20260102T030405Z-01234567"
    assert (record.content["result"], record.content["ended"]) == ("unfinished", "")
    assert (record.content["who"], record.content["purpose"], record.content["token"]) == ("ada@desk", "deploy v2", TOKEN)
    assert record.content["flags"] == {"migrations": "keep"}


def test_a_deployment_that_went_well(record: Record) -> None:
    for action, result in RESULTS:
        record.note(action, "one", OK, result, 0.5)
    assert record.content["result"] == "unfinished"
    record.finish(False)
    content = record.content
    assert (content["version"], content["commit"], content["release"], content["plan"]) == ("v2", "c2", "R2", ["guestbook c2"])
    assert content["hosts"] == {"one": {"result": "ok", "before": "R1"}}
    assert content["tag"] == "push/staging/guestbook/R2"
    assert (content["migrations"], content["settings"]) == ({"applied": ["a.0001"]}, ["DEBUG"])
    assert [(each["phase"], each["host"], each["seconds"]) for each in content["phases"]] == [
        ("ask", "one", 0.5),
        ("build", "controller", 2.35),
        ("plan", "controller", 0.5),
        ("stage", "one", 3.0),
        ("migrate", "one", 0.5),
        ("activate", "one", 0.5),
        ("record", "one", 0.5),
        ("tag", "controller", 0.4),
    ]
    started = [each["started"] for each in content["phases"][1:4]]
    assert started == ["2026-01-02T03:04:14.650+00:00", "2026-01-02T03:04:16.500+00:00", "2026-01-02T03:04:10.000+00:00"]
    assert content["phases"][3]["steps"] == {"venv": 2.0}
    assert (content["result"], content["error"], content["ended"]) == ("ok", "", "2026-01-02T03:04:17+00:00")


def test_what_a_build_did_lies_beside_the_record(record: Record) -> None:
    assert record.note("artefact", "one", OK, RESULTS[1][1], 0) == {"controller/build.log": "One wheel.\nAnother.\n"}
    assert record.note("artefact", "one", OK, {"version": "v2", "to_build": [{}]}, 0) == {}


def test_a_change_of_settings_has_the_commit_that_is_live(record: Record) -> None:
    record.note("release", "one", OK, {"phases": {"ask": LIVE}}, 0)
    record.note("release", "one", OK, {"phases": {"activate": {"release": "R1", "settings_changed": []}}}, 0)
    assert (record.content["release"], record.content["commit"]) == ("R1", "c1")


def test_what_went_wrong_on_one_of_several_hosts_is_the_error_of_the_run(record: Record) -> None:
    for host in ("one", "two"):
        record.note("release", host, OK, {"phases": {"ask": LIVE}}, 0)
    switched = {"phases": {"activate": {"release": "R2", "changed": True}}}
    record.note("release", "one", OK, switched, 0)
    record.note("release", "one", OK, {**switched, "again": True}, 0)
    record.note("release", "two", OK, {"phases": {"activate": {"failed": True}}, "problem": "it is ill\n"}, 0)
    record.note("ansible.builtin.assert", "one", FAILED, {"msg": "two could not switch: it is ill"}, 0)
    assert [(each["phase"], each["host"], each["result"]) for each in record.content["phases"]][2:] == [
        ("activate", "one", "ok"),
        ("activate", "two", "failed"),
    ]
    assert record.content["error"] == "it is ill"
    assert record.content["hosts"]["two"]["result"] == "failed"


@pytest.mark.parametrize("action", ["release", "ansible.builtin.assert"])
@pytest.mark.parametrize("outcome", [FAILED, UNREACHABLE])
def test_the_first_failure_is_the_error_of_the_run(record: Record, action: str, outcome: str) -> None:
    record.note("release", "one", OK, {"phases": {"ask": LIVE}}, 0)
    record.note("release", "two", OK, {"phases": {"ask": {"live": {}}}}, 0)
    record.note(action, "one", outcome, {"msg": " it broke\n"}, 0)
    record.note(action, "three", outcome, {"msg": "so did I"}, 0)
    record.finish(False)
    assert (record.content["result"], record.content["error"]) == ("failed", "it broke")
    assert record.content["commit"] == ""
    assert record.content["hosts"] == {
        "one": {"result": outcome, "before": "R1", "error": "it broke"},
        "two": {"result": "unfinished", "before": ""},
        "three": {"result": outcome, "before": "", "error": "so did I"},
    }


def test_a_run_that_failed_elsewhere_failed(record: Record) -> None:
    record.finish(True)
    assert record.content["result"] == "failed"


def test_what_a_step_wrote_becomes_a_file_for_each_stream_that_holds_something() -> None:
    output = {
        "Collecting the static files": {"stdout": "", "stderr": "a warning"},
        "The build command 'npm run x'": {"stdout": "built", "stderr": "slow"},
        "The build command 'npm run    x'": {"stdout": "again", "stderr": ""},
    }
    assert files("web1.example.org", "stage", output) == {
        "web1.example.org/stage-collecting-the-static-files.stderr": "a warning",
        "web1.example.org/stage-the-build-command-npm-run-x.stdout": "built",
        "web1.example.org/stage-the-build-command-npm-run-x.stderr": "slow",
        "web1.example.org/stage-the-build-command-npm-run-x-2.stdout": "again",
    }


@pytest.mark.parametrize("name", ["..", "../x", "/etc/x", ".x", "", "x" * 300, "\n", "é"])
def test_no_name_leads_out_of_the_record(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,59}", slug(name))


# --- The real thing --------------------------------------------------------------------------------------------------

APP = {"name": "placid_of_no_host", "repository": "x", "domains": ["a.example.org"], "secrets": {"KEY": "planted"}}
TASKS: list[dict[str, Any]] = [
    {"application_info": {"apps": [APP], "environments": ["staging"], "purpose": "deploy v1"}, "register": "known"},
    {"release": {"application": APP["name"], "phases": ["ask"]}},
    {
        "release": {
            "application": APP["name"],
            "phases": ["record"],
            "release": "R",
            "deployment": "{{ known.deployment }}",
        }
    },
]


def play(directory: Path, *options: str, records: Path) -> subprocess.CompletedProcess[str]:
    """Play TASKS, of which the last fails, because no host is prepared for the application."""
    (directory / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}]))
    kinds = {"library": "modules", "module_utils": "module_utils", "action_plugins": "action", "callback_plugins": "callback"}
    lines = [f"{key}={PLUGINS}/{kind}" for key, kind in kinds.items()]
    (directory / "ansible.cfg").write_text("\n".join(["[defaults]", "callbacks_enabled=records", *lines]))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": f"{directory}/ansible.cfg",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_REMOTE_TMP": f"{directory}/remote",
        "PLACID_DEPLOYMENTS": str(records),
        "COLUMNS": "2000",
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "play.yml", *options]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def test_a_run_leaves_a_record_that_only_its_owner_may_read(tmp_path: Path) -> None:
    done = play(tmp_path, "-e", "promote=force", "-e", '{"SECRET": "planted"}', records=tmp_path / "records")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "[WARNING]: This run" not in done.stderr
    (path,) = (tmp_path / "records/staging/placid_of_no_host").iterdir()
    content = json.loads((path / "deployment.json").read_text())
    assert content["id"] == path.name
    assert (content["playbook"], content["purpose"], content["result"]) == ("play.yml", "deploy v1", "failed")
    assert content["flags"] == {"promote": "force"}
    assert "this host is not prepared for placid_of_no_host" in content["error"]
    assert [(each["phase"], each["result"]) for each in content["phases"]] == [("ask", "ok"), ("record", "failed")]
    assert content["ended"] >= content["started"]
    modes = {each.stat().st_mode & 0o777 for each in (tmp_path / "records").rglob("*") if each.is_file()}
    assert (modes, (tmp_path / "records").stat().st_mode & 0o777) == ({0o600}, 0o700)
    assert [each.name for each in path.iterdir()] == ["deployment.json"]
    assert "planted" not in (path / "deployment.json").read_text()


def test_check_mode_leaves_none(tmp_path: Path) -> None:
    assert "PLAY RECAP" in play(tmp_path, "--check", records=tmp_path / "records").stdout
    assert not (tmp_path / "records").exists()


def test_a_record_that_cannot_be_written_is_a_warning_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("in the way")
    done = play(tmp_path, records=tmp_path / "records")
    assert done.stderr.count("This run leaves no whole record in") == 1
    assert "Traceback" not in done.stderr
    assert "this host is not prepared for placid_of_no_host" in done.stdout + done.stderr
