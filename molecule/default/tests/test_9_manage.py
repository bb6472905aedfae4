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
