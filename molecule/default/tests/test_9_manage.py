"""Management commands run with what is live."""

from __future__ import annotations

from live.site import Site

PRINT = "print(os.getuid(), os.path.realpath(sys.prefix), settings.COMMIT)"
WHOLE = f'shell -c "import os, sys; from django.conf import settings; {PRINT}"'


def test_a_command_runs_as_the_application_with_the_live_release(site: Site) -> None:
    site.make_live("v4")
    outcome = site.succeed("manage", command=WHOLE)
    uid = site.host.check_output("id -u guestbook")
    venv = site.host.check_output("readlink -f /srv/guestbook/current/venv")
    assert any(line.split() == [uid, venv, site.commit("v4")] for line in outcome.output.splitlines()), outcome
    assert site.ledger()[-1]["event"] == "managed"
    assert WHOLE in site.ledger()[-1]["purpose"]
    assert "done with" in site.succeed("status", runs=1).message


def test_what_it_prints_of_a_secret_is_masked(site: Site) -> None:
    outcome = site.succeed("manage", command='shell -c "from django.conf import settings; print(settings.SECRET_KEY, 1 + 1)"')
    assert "*** 2" in outcome.message  # site.finish() has looked for the secret


def test_a_command_that_fails_says_why(site: Site) -> None:
    before = site.state()
    assert "Unknown command: 'nothing'" in site.fail("manage", command="nothing").message
    assert site.ledger()[-1]["phase"] == "manage"
    assert site.live()["commit"] == site.commit("v4")
    assert site.state().count("\n") == before.count("\n")


def test_check_mode_shows_it_and_does_not_run_it(site: Site) -> None:
    before = site.state()
    assert "would run with" in site.succeed("manage", "--check", command="flush --noinput").message
    assert site.state() == before
    assert site.sql("SELECT count(*) > 0 FROM django_migrations") == "t"


def test_without_a_command_it_says_what_to_type(site: Site) -> None:
    before = site.state()
    assert "ansible-playbook manage.yml -e command=" in site.fail("manage").message
    assert site.state() == before


def test_on_the_host_a_command_runs_as_the_application_with_what_is_live(site: Site) -> None:
    code = "import os; print(os.getuid(), os.environ['PLACID_RELEASE'], os.environ['DATABASE_URL'], os.getcwd())"
    said = site.host.check_output("cd /root && echo %s | placid-manage guestbook shell -v0", code)
    user, release = site.host.check_output("id -u guestbook"), site.live()["id"]
    assert said.split() == [user, release, "postgresql:///guestbook", f"/srv/guestbook/releases/{release}"]
    wrong = site.host.run("placid-manage guestbook nothing")
    assert (wrong.rc, "Unknown command: 'nothing'" in wrong.stderr) == (1, True)
    assert "Nothing of shop is live on this host" in site.host.run("placid-manage shop check").stderr


def test_on_the_host_a_command_can_ask_a_person(site: Site) -> None:
    typing = "(sleep 3; echo '6 * 7'; sleep 1; echo 'exit()'; sleep 1)"
    said = site.host.check_output(f"{typing} | TERM=dumb script -qec 'placid-manage guestbook shell' /dev/null")
    assert "42" in said.split()
