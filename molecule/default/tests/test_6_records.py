"""What is told afterwards: the records on the controller, and the status of the hosts. A secret is in none of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from live import versions
from live.site import PLANTED, Site

# Appended to the settings, which every management command reads: the application gives its secret away in every form.
TELLTALE = """
import html, json, sys, urllib.parse
print("told on stdout", SECRET_KEY, repr(SECRET_KEY), json.dumps([SECRET_KEY]))
print("told on stderr", urllib.parse.quote(SECRET_KEY), html.escape(SECRET_KEY), file=sys.stderr)
{end}
"""


def telltale(site: Site, end: str = "") -> str:
    """A version that prints its secret wherever it runs."""
    settings = site.git("show", "v4:guestbook/settings.py")
    return site.new_version("v4", "guestbook/settings.py", settings + TELLTALE.format(end=end))


def directory(site: Site) -> Path:
    return Path(site.inventory).with_name("deployments")


def newest(site: Site) -> tuple[Path, dict[str, Any]]:
    """Where the newest record is, and what it says."""
    path = max((directory(site) / "sandbox" / site.name).iterdir(), key=lambda each: each.stat().st_mtime_ns)
    return path, json.loads((path / "deployment.json").read_text())


def written(path: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in (path / "host").iterdir()}


def test_a_deployment_leaves_what_was_done_and_what_programs_wrote_but_no_secret(site: Site) -> None:
    version = telltale(site)
    outcome = site.succeed("deploy", version=version, migrations="keep")
    assert "told on" not in outcome.output
    path, record = newest(site)
    assert (record["result"], record["error"]) == ("ok", "")
    assert (record["version"], record["commit"], record["release"]) == (version, version, site.live()["id"])
    assert record["purpose"] == f"deploy {version}"
    assert record["token"] == site.ledger()[-1]["deployment"]
    deployed = next(each for each in reversed(site.ledger()) if each["event"] == "deployed")
    assert any(line.startswith(f"commit {version[:12]} ") for line in deployed["plan"])
    assert record["who"] == site.ledger()[-1]["who"]
    assert record["started"] < record["ended"]
    assert record["hosts"]["host"]["result"] == "ok"
    phases = [each["phase"] for each in record["phases"]]
    assert phases == ["ask", "build", "plan", "stage", "migrate", "activate", "record"]
    assert sum(each["seconds"] for each in record["phases"]) <= outcome.seconds
    assert f"Version {version} of " in (path / "controller" / "build.log").read_text()
    files = written(path)
    assert len(files) >= 4
    for name, text in files.items():
        stream = name.rpartition(".")[2]
        assert f"told on {stream} ********" in text, name
        assert f"told on {'stderr' if stream == 'stdout' else 'stdout'}" not in text, name
        assert PLANTED not in text, name
        assert "placid-result" not in text, name


def test_a_deployment_that_fails_leaves_why_and_what_the_program_wrote(site: Site) -> None:
    live = site.live()["id"]
    version = telltale(site, end="raise SystemExit('This is the end: ' + SECRET_KEY)")
    site.fail("deploy", version=version, migrations="keep")
    path, record = newest(site)
    assert (record["result"], record["commit"]) == ("failed", version)
    assert record["error"].startswith("Collecting the static files failed: This is the end: ********")
    assert record["hosts"] == {"host": {"result": "failed", "before": live, "error": record["error"]}}
    assert site.ledger()[-1]["reason"] == record["error"].partition("\n")[0][:300]
    assert (record["phases"][-1]["phase"], record["phases"][-1]["result"]) == ("stage", "failed")
    assert "This is the end: ********" in written(path)["stage-collecting-the-static-files.stderr"]
    assert list(written(path)) != []


def test_a_rollback_and_a_change_of_settings_leave_one_each(site: Site) -> None:
    site.make_live("v4")
    site.succeed("settings", guestbook_settings={"DEBUG": "false", "SECURE": "false", "TIME_ZONE": "Asia/Tokyo"})
    _, record = newest(site)
    assert (record["playbook"], record["settings"], record["commit"]) == ("settings.yml", ["TIME_ZONE"], site.commit("v4"))
    site.succeed("rollback", migrations="keep")
    _, record = newest(site)
    assert (record["playbook"], record["release"], record["result"]) == ("rollback.yml", site.live()["id"], "ok")


def test_check_mode_leaves_none(site: Site) -> None:
    before = newest(site)
    site.succeed("deploy", "--check", version="v4", migrations="keep")
    assert newest(site) == before


def test_a_controller_that_is_killed_leaves_what_was_known_and_status_tells_who_is_at_work(site: Site) -> None:
    site.make_live("v4")
    version = site.new_version("broken/slow-boot", "killed.txt", "Nobody has this yet.")
    with site.held():
        running = site.start("deploy", version=version, migrations="keep")
        site.wait(lambda: running.ended or site.host.run("ls /run/guestbook/web-*-%s.*", version[:8]).rc == 0)
        assert not running.ended, site.finish(running)
        outcome = site.succeed("status")
        assert f"{newest(site)[1]['who']} since" in outcome.message
        assert f"under way with {version[:12]}" in outcome.message
        assert not running.ended, "status waited for the deployment"
        running.kill()
        site.kill_step()
        site.finish(running)
    _, record = newest(site)
    assert (record["result"], record["ended"], record["commit"]) == ("unfinished", "", version)
    assert site.succeed("deploy", version="v4", migrations="keep").recap["failed"] == 0
    assert f"UNFINISHED: {version[:12]}" in site.succeed("status").message


def test_status_says_what_is_live_and_changes_nothing(site: Site) -> None:
    site.make_live("v4")
    site.fail("deploy", version="broken/failing-migration", migrations="keep")
    lock, before = site.host.file(f"/srv/{site.name}/lock").content, site.state()
    outcome = site.succeed("status")
    live = site.live()
    assert f"host (sandbox), guestbook: {live['id']} is live, commit {live['commit'][:12]}, since 20" in outcome.message
    assert "processes: all 4 run the live release" in outcome.message
    assert f"FAILED in migrate ({site.commit('broken/failing-migration')[:12]})" in outcome.message
    assert outcome.recap["changed"] == 0
    last, here, records = site.succeed("status", runs=1).message.partition("what happened: ")[2].partition("from this machine (")
    assert (last.count(" UTC "), here, records.count(" UTC ")) == (1, "from this machine (", 1)
    assert "deploy broken/failing-migration: FAILED: " in records
    assert (site.host.file(f"/srv/{site.name}/lock").content, site.state()) == (lock, before)
    releases = outcome.message.partition("a rollback can go to: ")[2].partition("what happened:")[0]
    assert all(each.split(" ")[0] in site.releases() for each in releases.split(", "))
    assert live["id"] not in releases


def test_status_says_which_process_does_not_run_the_live_release(site: Site) -> None:
    unit = next(each["unit"] for each in site.processes() if "scheduler" in each["unit"])
    site.host.check_output("systemctl stop %s", unit)
    message = site.succeed("status").message
    assert "ONLY 3 of 4 run the live release" in message
    assert f"{unit} is not running" in message
    site.succeed("deploy", version="v4", migrations="keep")
    assert "all 4 run the live release" in site.succeed("status").message


def test_status_answers_whether_a_commit_is_live(site: Site) -> None:
    site.make_live("v3")
    for wanted in ("v3", site.commit("v3")[:8], "v1"):
        assert f"Is {wanted} live in sandbox? Yes." in site.succeed("status", commit=wanted).message
    for wanted, why in (
        (site.commit("v4")[:8], "is no part"),
        ("v9", "cannot be told: Version v9 is not in"),
    ):
        message = site.fail("status", commit=wanted).message
        assert f"Is {wanted} live in sandbox? No: host runs {site.commit('v3')[:12]}, " in message
        assert why in message


@pytest.mark.parametrize(
    ("prepared", "words"), [(False, "wiki: not prepared. Run ansible-playbook site.yml"), (True, "nothing is live yet")]
)
def test_status_works_where_nothing_was_ever_deployed(site: Site, prepared: bool, words: str) -> None:
    apps = [{"name": "wiki", "repository": "/nonexistent", "domains": ["wiki.localhost"]}]
    if prepared:
        site.host.check_output("mkdir -p /srv/wiki/releases")
    try:
        assert words in site.succeed("status", apps=apps).message
        assert "host has nothing live" in site.fail("status", apps=apps, commit="0123abc").message
    finally:
        site.host.check_output("rm -rf /srv/wiki")


def test_no_record_of_any_run_holds_the_secret_or_is_readable_by_others(site: Site) -> None:
    files = [path for path in directory(site).rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if PLANTED.encode() in path.read_bytes()] == []
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert [path for path in files if path.name.startswith(".")] == []


def test_the_journal_tells_what_a_process_of_a_release_wrote(site: Site) -> None:
    web = next(each["unit"] for each in site.processes() if "-web@" in each["unit"])
    instance = web.removeprefix("guestbook-web@").removesuffix(".service")
    assert instance.startswith(site.live()["id"])
    fields = f"PLACID_APPLICATION=guestbook PLACID_PROCESS=web PLACID_INSTANCE={instance}"
    said = site.host.check_output(f"journalctl --no-pager --output=json {fields}").splitlines()
    assert {json.loads(line)["_SYSTEMD_UNIT"] for line in said} - {"init.scope"} == {web}  # systemd itself tells of the unit, too
    assert any("Listening at" in json.loads(line)["MESSAGE"] for line in said)


def test_an_error_in_a_view_is_found_by_the_release_that_it_happened_in(site: Site) -> None:
    site.succeed("deploy", version=versions.with_file("entries/urls.py", versions.PAGES)(site), migrations="keep")
    assert site.ask("/broken").status == 500
    instances = {each["unit"].partition("@")[2].removesuffix(".service") for each in site.processes()}
    assert {each.rpartition(".")[0] for each in instances} == {site.live()["id"]}
    said = site.host.check_output(f"journalctl --no-pager --output=cat PLACID_INSTANCE={instances.pop()}")
    assert "RuntimeError: Broken on purpose." in said
