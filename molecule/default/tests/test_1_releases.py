"""Releases come and go: first deployment, the next ones under load, the way back. Each test goes on where the last one ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from live.site import Site

PICTURE = Path(__file__).with_name("picture.png").read_bytes()
BOUNDARY = "placid0boundary"


def upload(site: Site, picture: bytes) -> int:
    """Sign the guestbook with a picture, as a browser does."""
    page = site.ask()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body.decode())
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "name": "Ada", "message": "I was here."}
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{fields[key]}\r\n' for key in fields]
    parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n')
    body = "".join(parts).encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Cookie": page.headers["set-cookie"].split(";")[0]}
    return site.ask("/", "POST", body, **headers).status


def uploaded(site: Site) -> bytes:
    """The picture as visitors get it."""
    address = re.search(r'href="(/media/pictures/[^"]+)"', site.ask().body.decode())
    assert address
    answer = site.ask(address[1])
    assert answer.status == 200
    return answer.body


def style(site: Site) -> str:
    """The address of the style sheet, which its content is a part of."""
    address = re.search(r'href="(/static/[^"]+\.css)"', site.ask().body.decode())
    assert address
    return address[1]


def test_before_the_first_deployment_visitors_are_told_to_come_back(site: Site) -> None:
    answer = site.ask()
    assert answer.status == 503
    assert b"being prepared" in answer.body


def test_there_is_nothing_to_roll_back_or_to_change_before_the_first_deployment(site: Site) -> None:
    before = site.state()
    assert "there is nothing to go back to" in site.fail("rollback").message
    assert "Deploy first: ansible-playbook deploy.yml -e version=" in site.fail("settings").message
    assert site.state() == before


def test_check_mode_on_an_empty_host_shows_the_plan_and_changes_nothing(site: Site) -> None:
    before = site.state()
    outcome = site.succeed("deploy", "--check", "--diff", version="v1")
    assert "first release" in outcome.message
    assert "package added: django==" in outcome.message
    assert outcome.recap["changed"] > 0
    assert site.state() == before


def test_a_deployment_is_live_through_the_web_server(site: Site) -> None:
    outcome = site.succeed("deploy", version="v1")
    assert site.serves("v1")
    assert f"look: http://guestbook.localhost:{site.port}/ " in outcome.message
    assert site.live()["commit"] == site.commit("v1")
    assert site.strays() == []
    assert [each["event"] for each in site.ledger()][-4:] == ["staged", "migrated", "activated", "deployed"]
    assert "entries.0001_initial" in site.ledger()[-1]["applied"]
    migrated = site.ledger()[-3]
    assert (migrated["before"], "entries.0001_initial" in migrated["after"]) == ([], True)
    assert set(site.ledger()[-1]["seconds"]) == {"build", "stage", "migrate", "activate"}
    assert len(re.findall(r"^TASK ", outcome.output, re.MULTILINE)) <= 15
    assert outcome.recap["ok"] <= 15


def test_the_application_gets_its_secret_as_it_was_written(site: Site) -> None:
    secret = Path(__file__).parents[1].joinpath("secret.txt").read_text().rstrip("\n")
    script = 'set -a; . /etc/guestbook/settings.env; printf %s "$SECRET_KEY"'
    assert site.host.check_output("sh -c %s", script) == secret
    pid = next(each["pid"] for each in site.processes() if "web" in each["unit"])
    assert f"SECRET_KEY={secret}\0" in site.host.file(f"/proc/{pid}/environ").content_string


def test_the_same_deployment_again_changes_nothing_and_says_so(site: Site) -> None:
    before = site.state()
    for version in ("v1", site.commit("v1")[:8]):
        outcome = site.succeed("deploy", version=version)
        assert (outcome.recap["changed"], outcome.output.count("(as before)")) == (0, 1)
        assert site.state() == before


def test_visitors_can_upload_a_picture_and_the_worker_makes_it_small(site: Site) -> None:
    assert upload(site, PICTURE) == 302
    assert uploaded(site) == PICTURE
    site.wait(lambda: b"/media/thumbnails/" in site.ask().body)


def test_check_mode_on_a_full_host_shows_the_plan_and_changes_nothing(site: Site) -> None:
    before = site.state()
    message = site.succeed("deploy", "--check", "--diff", version="v3").message
    assert "replaces" in message
    assert "Let visitors like an entry" in message
    assert "migration pending: entries.0002_likes" in message
    assert site.state() == before
    assert site.serves("v1")


def test_visitors_notice_no_deployment_and_no_rollback(site: Site, tell: Callable[[str], None]) -> None:
    styles = [style(site)]
    with site.visitors() as load:
        for version in ("v2", "v3", "v4"):
            site.succeed("deploy", version=version)
            assert site.serves(version)
            assert site.ask(styles[-1]).status == 200  # as pages ask that are still open
            styles.append(style(site))
            assert site.strays() == []
            assert [each["event"] for each in site.ledger()[-2:]] == ["activated", "deployed"]
            assert site.ledger()[-1]["commit"] == site.commit(version)
        outcome = site.succeed("rollback")
    tell(load.report("three deployments and a rollback"))
    assert load.failed == []
    assert load.sent > 400
    assert len(set(styles)) == 3
    assert site.ask(styles[-1]).status == 200
    assert set(load.commits) == {site.commit(version) for version in ("v1", "v2", "v3", "v4")}
    assert outcome.recap["changed"] > 0
    assert site.serves("v3")
    assert site.strays() == []
    assert site.ledger()[-1]["event"] == "rolled back"


def test_a_second_rollback_goes_one_further_but_not_over_a_migration_unasked(site: Site) -> None:
    before = site.state()
    assert "entries.0002_likes" in site.fail("rollback", "--check").message
    assert site.state() == before
    outcome = site.fail("rollback")
    assert "entries.0002_likes" in outcome.message
    assert "-e migrations=keep" in outcome.message
    assert site.serves("v3")
    site.succeed("rollback", migrations="keep")
    assert site.serves("v2")
    assert site.ledger()[-1]["kept"] == ["entries.0002_likes"]
    assert uploaded(site) == PICTURE


def test_rollbacks_end_where_nothing_earlier_was_good(site: Site) -> None:
    site.succeed("rollback")
    assert site.serves("v1")
    before = site.state()
    assert "there is nothing to go back to" in site.fail("rollback").message
    assert site.state() == before


def test_what_was_gone_back_from_can_be_named_by_its_tag(site: Site) -> None:
    site.succeed("rollback", release="v2")
    assert site.serves("v2")
    site.succeed("rollback")
    assert site.serves("v1")


def test_a_rollback_to_a_named_release_takes_back_a_migration_when_asked_to(site: Site) -> None:
    columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'entries_entry' AND column_name = 'likes'"
    there = site.live()
    site.succeed("deploy", version="v4")
    assert site.sql(columns) == "1"
    site.succeed("rollback", release=there["commit"], migrations="reverse")
    assert site.live() == there
    assert site.serves("v1")
    assert site.sql(columns) == "0"
    assert site.strays() == []
    outcome = site.fail("rollback", release="v4")
    assert "needs the migrations entries.0002_likes, which the database has not" in outcome.message
    assert f"ansible-playbook deploy.yml -e version={site.commit('v4')[:12]}" in outcome.message
    assert site.serves("v1")


def test_a_rollback_to_an_unknown_release_names_those_there_are(site: Site) -> None:
    before = site.state()
    assert "no good release '0123456'" in site.fail("rollback", release="0123456").message
    assert "'2' is ambiguous: it begins 2" in site.fail("rollback", release="2").message
    assert site.state() == before


def test_what_visitors_uploaded_is_still_there(site: Site) -> None:
    assert uploaded(site) == PICTURE
