"""What runs on the controller and how modules fail, by one real ansible-playbook."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from unit.plugins import PLUGINS

Results = dict[str, dict[str, Any]]

APP = "placid_of_no_host"
APPS = [
    {"name": APP, "repository": "x", "domains": ["a.example.org"], "secrets": {"KEY": "planted"}},
    {"name": "other", "repository": "x", "domains": ["b.example.org"]},
]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MANIFEST = {
    "commit": COMMIT,
    "subject": "Count visitors",
    "requirements": "",
    "digest": "d" * 64,
    "venv_digest": "e" * 64,
    "wheels": [],
    "target": {"python": "3.13", "glibc": "2.41"},
    "installer": {"sha256": "c" * 64, "file": "uv.whl", "size": 1},
    "source": {"file": f"{COMMIT}.tar.zst", "sha256": "a" * 64, "size": 1, "unpacked_size": 10240, "files": 1},
}
CHOOSE = {"apps": APPS, "name": APP, "purpose": "deploy v1"}
OLD = {**MANIFEST, "requirements": f"asgiref==3.8.1 --hash=sha256:{'0' * 64}\ndjango==3.2.25 --hash=sha256:{'1' * 64}"}
ROOM = {"bytes": 2**40, "inodes": 10**6}
HOST = {"live": {}, "good": [], "previous_good": "", "releases": {}, "artefacts": [], "venvs": [], "wheels": [], "free": ROOM}
PROCESSES = {
    "database": False,
    "static": {},
    "processes": {},
    "app_server": "processes",
    "build": [],
    "health_check": {},
    "settings_module": "x",
    "check_fail_level": "ERROR",
    "check_migrations": True,
}
NOT_PREPARED = f"/srv/{APP} is missing: this host is not prepared for {APP}. Run ansible-playbook site.yml for it first."
DEPLOYMENT = {"token": "t", "who": "w", "purpose": "p", "since": "s"}


def tasks(directory: Path) -> dict[str, dict[str, Any]]:
    plan = {"application": {"name": APP, **PROCESSES}, "hosts": {"one": HOST}}
    stage = {
        "application": APP,
        "phases": ["stage"],
        "release": "R",
        "spec": {"id": "R", "commit": COMMIT},
        "manifest": MANIFEST,
        "archive": str(directory / "source"),
        "wheels_dir": str(directory / "wheels"),
        "host": HOST,
        "deployment": DEPLOYMENT,
    }
    door = {"front_door": {"scheme": "http", "host": "a.example.org"}, "public_ports": {"http": 8080, "https": 8443}}
    return {
        "chosen": {"application_info": {**CHOOSE, "lock_wait": "300", "comment": "a\n  \x1b[2Jb "}},
        "again": {"application_info": {**CHOOSE, "confirm": "no"}},
        "not_chosen": {"application_info": {"apps": APPS, "purpose": "deploy v1"}},
        "no_version": {"application_info": {"apps": APPS, "name": APP, "purpose": "deploy", "version": ""}},
        "two_environments": {"application_info": {**CHOOSE, "environments": ["staging", "production"]}},
        "no_environment": {"application_info": {**CHOOSE, "environments": [""]}},
        "no_number": {"application_info": {**CHOOSE, "lock_wait": "soon"}},
        "nobody_asks": {"application_info": {**CHOOSE, "confirm": "true"}},
        "planned": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST, "plan": None}}},
        "nobody_to_ask": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST}, "confirm": "true"}},
        "not_to_ask": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST}, "confirm": "maybe"}},
        "not_promoted": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST}, "require_promoted": True}},
        "unasked": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST}, "environment": "production"}},
        "unsupported": {"release_plan": {**plan, "artefact": {"manifest": OLD}}},
        "unsupported_refused": {"release_plan": {**plan, "artefact": {"manifest": OLD}, "require_supported": "yes"}},
        "promoted_how": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST}, "promote": "yes"}},
        "forced": {"release_plan": {**plan, "artefact": {"manifest": MANIFEST}, "require_promoted": True, "promote": "force"}},
        "fate": {"release_plan": {**plan, "rollback_to": "", "migrations": "drop"}},
        "nowhere_to_go": {"release_plan": {**plan, "rollback_to": ""}},
        "staged": {"release": stage},
        "staged_in_check_mode": {"release": stage, "check_mode": True},
        "no_room": {"release": {**stage, "host": {**HOST, "free": {**ROOM, "bytes": 0}}}},
        "no_inodes": {"release": {**stage, "host": {**HOST, "free": {**ROOM, "inodes": 0}}}, "check_mode": True},
        "at_rest": {"release": {**stage, "phases": ["stage", "activate", "record"], "host": {**HOST, "at_rest": "R"}, **door}},
        "at_rest_with_another": {"release": {**stage, "host": {**HOST, "at_rest": "Q"}}},
        "told": {"release": {"application": APP, "phases": ["ask"], "variables": {"secrets": {"KEY": "planted'\"\n"}}}},
        "recorded": {"release": {"application": APP, "phases": ["record"], "release": "R", "deployment": DEPLOYMENT}},
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Each task's result; none ends the play."""
    directory = tmp_path_factory.mktemp("actions")
    (directory / "source").write_bytes(b"source")
    (directory / "wheels" / ("c" * 64)).mkdir(parents=True)
    with zipfile.ZipFile(directory / "wheels" / ("c" * 64) / "uv.whl", "w") as wheel:
        wheel.writestr("uv", "uv")
    named = tasks(directory)
    steps = [{**task, "register": name, "ignore_errors": True} for name, task in named.items()]
    content = "{{ {" + ", ".join(f"'{name}': {name}" for name in named) + "} | to_json }}"
    copy = {"content": content, "dest": f"{directory}/results.json", "mode": "0600"}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [*steps, {"ansible.builtin.copy": copy}]}
    (directory / "play.yml").write_text(json.dumps([play]))
    (directory / "ansible.cfg").write_text(
        f"[defaults]\nlibrary={PLUGINS}/modules\nmodule_utils={PLUGINS}/module_utils\naction_plugins={PLUGINS}/action\n"
    )
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": f"{directory}/ansible.cfg",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_REMOTE_TMP": f"{directory}/remote",
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "play.yml"]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert os.listdir(directory / "remote") == []
    found: Results = json.loads((directory / "results.json").read_text())
    return found


def test_a_deployment_says_who_what_for_and_since_when(results: Results) -> None:
    deployment = results["chosen"]["deployment"]
    who = os.environ.get("SUDO_USER") or getpass.getuser()
    assert (deployment["who"], deployment["wait"]) == (f"{who}@{socket.gethostname()}", 300)
    assert deployment["purpose"] == 'deploy v1 "a [2Jb"'
    assert results["again"]["deployment"]["purpose"] == "deploy v1"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", deployment["since"])
    assert re.fullmatch("[0-9a-f]{32}", deployment["token"])


def test_every_deployment_has_a_token_of_its_own_and_waits_for_nobody_unless_told(results: Results) -> None:
    assert results["again"]["deployment"]["token"] != results["chosen"]["deployment"]["token"]
    assert results["again"]["deployment"]["wait"] == 0


def test_the_application_is_whole_and_without_its_secrets(results: Results) -> None:
    assert results["chosen"]["application"]["lock"] == "requirements.txt"
    assert "planted" not in json.dumps(results["chosen"])
    assert not results["chosen"]["changed"]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("not_chosen", f"There are several applications. Say which: -e app={APP} (or other)."),
        ("nowhere_to_go", "one has no earlier release that was good: there is nothing to go back to. Deploy a version instead."),
        *((task, NOT_PREPARED) for task in ("staged", "staged_in_check_mode", "at_rest_with_another", "recorded")),
    ],
)
def test_an_error_is_one_clean_message(results: Results, task: str, message: str) -> None:
    assert results[task]["failed"]
    assert results[task]["msg"] == message


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("nobody_to_ask", "confirm asks a person, and there is no terminal. See the plan with --check --diff"),
        ("not_to_ask", "confirm is 'maybe'. Give true or false."),
        ("not_promoted", "Staging has not run 0123456789ab"),
        ("unsupported_refused", "The lock's django 3.2.25 gets no security fixes since the end of 2024-04. Upgrade it, or go on"),
        ("fate", "migrations is 'drop'. Say -e migrations= with one of: refuse, keep, reverse."),
        ("promoted_how", "Only -e promote=force means anything"),
    ],
)
def test_a_plan_that_must_not_be_done_is_refused(results: Results, task: str, words: str) -> None:
    assert results[task]["failed"]
    assert words in results[task]["msg"]
    assert results["forced"]["promotion"] == results["forced"]["lines"][-1]
    assert results["forced"]["promotion"].startswith("promotion: FORCED")


def test_that_production_asked_for_no_run_in_staging_is_on_record(results: Results) -> None:
    unasked = results["unasked"]
    assert unasked["promotion"] == unasked["lines"][-1] == "promotion: not required, and not looked for"
    assert results["planned"]["promotion"] == ""


@pytest.mark.parametrize(
    ("task", "beginning"),
    [
        ("no_version", "Say which commit, tag or branch to deploy: ansible-playbook deploy.yml -e version=<sha|tag|branch>"),
        ("two_environments", "These hosts are of staging and production. Name one environment: ansible-playbook -i"),
        ("no_environment", "These hosts are of no environment. Name one environment: ansible-playbook -i"),
        ("no_number", "lock_wait is 'soon'. Give the seconds to wait for another deployment to end: -e lock_wait=300."),
        ("nobody_asks", "confirm is 'true', and this playbook asks nobody; deploy.yml and rollback.yml do. Type the same"),
    ],
)
def test_a_mistake_is_told_before_any_host_is_asked(results: Results, task: str, beginning: str) -> None:
    assert results[task]["failed"]
    assert results[task]["msg"].startswith(beginning)


def test_a_plan_is_a_release_and_words(results: Results) -> None:
    planned = results["planned"]
    assert re.fullmatch(r"20\d{6}T\d{6}Z-01234567", planned["release"]["id"])
    head = f"{APP} 0123456789ab (Count visitors), release {planned['release']['id']}"
    more = ["one: first release", "rollback: there will be nothing to go back to", "all settings are new"]
    assert planned["lines"] == [head, *more]
    assert not planned["changed"]


def test_a_plan_tells_of_a_django_without_security_fixes(results: Results) -> None:
    assert results["unsupported"]["lines"][-1] == "django 3.2.25 gets no security fixes since the end of 2024-04"


def test_only_a_real_run_sends_anything(results: Results) -> None:
    assert results["staged"]["sent_bytes"] == 10240  # a tar's least size
    assert results["staged_in_check_mode"]["sent_bytes"] == 0


@pytest.mark.parametrize(("task", "has"), [("no_room", "0 MB and 1000000 inodes"), ("no_inodes", "1048576 MB and 0 inodes")])
def test_a_host_without_room_is_sent_nothing(results: Results, task: str, has: str) -> None:
    assert results[task]["failed"]
    assert results[task]["msg"].startswith(f"/srv/{APP} has {has} free, and this release may need 100 MB and 100")
    assert "phases" not in results[task]


def test_a_host_where_nothing_is_left_to_do_is_not_asked_again(results: Results) -> None:
    done = results["at_rest"]
    assert (done["changed"], done["sent_bytes"], done["release"]) == (False, 0, "R")
    look = "look: http://a.example.org:8080/"
    assert done["lines"] == ["live: R (as before)", look, "seconds: stage 0.0, activate 0.0, record 0.0"]


def test_a_host_that_was_never_deployed_to_has_nothing(results: Results) -> None:
    told = results["told"]["phases"]["ask"]
    empty = {"live": {}, "good": [], "previous_good": "", "releases": {}, "wheels": [], "artefacts": [], "venvs": []}
    assert {key: told[key] for key in empty} == empty
    assert (told["prepared"], told["changed"]) == (False, False)
    assert told["target"]["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert re.fullmatch(r"2\.\d+", told["target"]["glibc"])
    assert told["settings"] == {"KEY": "added"}
    assert "planted" not in json.dumps(results["told"])
