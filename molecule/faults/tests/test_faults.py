"""Whatever breaks a deployment: visitors are served, the state is whole, and the same command mends it without a hand on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from signal import SIGINT, SIGTERM
from typing import Any

import pytest

from live import faults, surroundings, versions
from live.site import Site
from live.table import Table

NEW = versions.like("v4")
FAILED, KILLED, THROUGH = "failed, and said why", "killed", "went through"


@dataclass(frozen=True)
class Case:
    """A fault, the version that is deployed, how the run ends, words that it must say, and whether visitors may notice."""

    name: str
    fault: faults.Fault
    version: versions.Version = NEW
    says: tuple[str, ...] = ()
    ends: str = FAILED
    noticed: bool = False
    mends: bool = True  # whether the next deployment is of the same version, or of a good one


KEEP = 5  # what an application keeps unless it says otherwise
SLOW = versions.like(versions.SLOW)
ENOSPC = "No space left on device"
LOST = ("UNREACHABLE!", 'Data could not be sent to remote host "127.0.0.1"')
OTHER_LOCK = versions.like("broken/changed-lock")
MIGRATING = versions.migrating("SELECT pg_sleep(5)", versions.COLUMN)
STAGED = "ls /srv/guestbook/releases/*-{commit}/release.json"
READ_ONLY = "mount --bind /srv/guestbook /srv/guestbook && mount -o remount,bind,ro /srv/guestbook"
REAL = (  # in one step: visitors find the one or the other
    "cd /srv/guestbook && cp -a $(readlink -f current) real && "
    'python3 -c \'import ctypes; ctypes.CDLL(None).renameat2(-100, b"real", -100, b"current", 2)\' && rm real'
)
CASES = [
    Case("wheels on the host damaged and missing", faults.wheels, OTHER_LOCK, ("The wheel ",)),
    Case("controller killed while it asks and builds", faults.killed_early, ends=KILLED),
    Case("controller killed while the release is staged", faults.killed(faults.STAGING), ends=KILLED),
    Case("controller killed when it is staged", faults.killed(STAGED), SLOW, ends=KILLED),
    Case("controller killed while new processes start", faults.killed(), SLOW, ends=KILLED),
    Case("controller killed at the switch", faults.killed("readlink /srv/guestbook/current | grep {commit}"), ends=KILLED),
    Case("Ctrl-C while new processes start", surroundings.signalled(SIGINT), SLOW, ("User interrupted execution",)),
    Case("job cancelled while new processes start", surroundings.signalled(SIGTERM), SLOW, ends=KILLED),
    Case("controller killed in a migration", faults.killed(versions.IN_MIGRATION), MIGRATING, ends=KILLED),
    Case("controller killed while it records", faults.killed(faults.RECORDING), ends=KILLED),
    Case("SSH connection cut in a migration", faults.cut(versions.IN_MIGRATION), MIGRATING, LOST),
    Case("SSH connection cut", faults.cut(), SLOW, LOST),
    Case("SSH connection that falls silent", surroundings.silent, SLOW, LOST),
    Case("unusual umask, locale and time zone", surroundings.abroad, ends=THROUGH),
    Case("file names that programs stumble over", surroundings.abroad, versions.oddly_named, ends=THROUGH),
    Case("two deployments at once", faults.twice, SLOW, ("has been deploying guestbook", "lock_wait=300")),
    Case("no room for what is sent", surroundings.full("/root/.ansible"), versions.large, (ENOSPC,)),
    Case("no room for the settings", surroundings.full("/etc/guestbook"), says=("No space left on device: /etc/guestbook/",)),
    Case(
        "no inode for the settings",
        surroundings.full("/etc/guestbook", "nr_inodes=2"),
        says=("No space left on device: /etc/guestbook/",),
    ),
    Case("no room for a release", surroundings.small(50), says=("this release may need 1", "nothing was written")),
    Case(
        "disk full while a release is staged",
        surroundings.eaten("/srv/guestbook/releases/*-{commit}", 150),
        versions.large,
        (ENOSPC,),
    ),
    Case(
        "disk full while packages are installed",
        surroundings.eaten("/srv/guestbook/venvs/.workshop-*", 600),
        OTHER_LOCK,
        (ENOSPC,),
    ),
    Case(
        "file system that cannot be written",
        surroundings.without(READ_ONLY, "umount /srv/guestbook"),
        says=("Read-only file system",),
    ),
    Case(
        "current a directory", surroundings.without(REAL, "rm -r /srv/guestbook/current.directory-*", succeeds=True), ends=THROUGH
    ),
    Case("live release removed by hand", surroundings.removed, noticed=True, ends=THROUGH),
    Case("hash in the lock that lies", faults.fails, versions.lying, ("serves is not what was locked: django==",), mends=False),
    Case(
        "link in the tree that leads outside",
        faults.fails,
        versions.hostile,
        ("'outside' is a link that leaves the tree",),
        mends=False,
    ),
    Case(
        "model that changed without a migration", faults.fails, versions.unmigrated, ("(entries: Alter field name",), mends=False
    ),
    Case("migration that fails", faults.fails, versions.like("broken/failing-migration"), ("No colour was found",), mends=False),
    Case(
        "migration that fails half-way",
        faults.fails,
        versions.migrating(versions.COLUMN, "SELECT 1/0", atomic=False),
        ("division by zero", "Not every migration is atomic"),
        mends=False,
    ),
    Case(
        "migration of a table that is in use",
        surroundings.busy(surroundings.READ, 300, False),
        versions.migrating(versions.COLUMN),
        ("lock timeout", "At work in the database: process ", " of postgres"),
        mends=False,
    ),
    Case(
        "migration of a table that is in use for a while",
        surroundings.busy(surroundings.READ, 7, True),
        versions.migrating(versions.COLUMN),
        ends=THROUGH,
        mends=False,
    ),
    Case(
        "another migration of the database",
        surroundings.busy(surroundings.MIGRATE, 300, False),
        versions.migrating(versions.COLUMN),
        ("another migration of this database has been running for more than 60 seconds",),
        mends=False,
    ),
    Case(
        "another migration of the database for a while",
        surroundings.migrating_elsewhere,
        versions.migrating(versions.COLUMN),
        ends=THROUGH,
        mends=False,
    ),
    Case("check that warns", faults.fails, versions.warned, ("entries.W001", "This is a warning on purpose."), mends=False),
    Case("health page that fails", faults.fails, versions.like("broken/unhealthy"), ("asked for /healthz",), mends=False),
    Case(
        "front page that fails",
        faults.fails,
        versions.with_file("entries/templates/entries/front_page.html", "{% broken %}"),
        ("guestbook.localhost/ is not well: it answered 500", "TemplateSyntaxError"),
        mends=False,
    ),
    Case("wrong password of the vault", faults.wrong_password, says=("ecrypt",)),
    Case("leftovers of every kind", faults.leftovers, ends=THROUGH),
    Case(
        "temporary directory full, and nothing in it may run",
        surroundings.full("/tmp", "noexec,size=16k", succeeds=True),  # noqa: S108 - the host's
        OTHER_LOCK,
        ends=THROUGH,
    ),
    Case(
        "cache killed while new processes start",
        surroundings.in_the_middle("systemctl kill -s KILL memcached@guestbook"),
        SLOW,
        ends=THROUGH,
    ),
    Case(
        "database slow to start",
        faults.database("systemctl stop postgresql", "systemctl start postgresql"),
        noticed=True,
        ends=THROUGH,
    ),
    Case("database stopped", faults.database("systemctl stop postgresql"), says=("the database did not answer",), noticed=True),
    Case("host rebooted in a migration", faults.rebooted(versions.IN_MIGRATION), MIGRATING, LOST, noticed=True),
    Case("host rebooted while new processes start", faults.rebooted(), SLOW, LOST, noticed=True),
    Case(
        "database restarted while new processes start",
        surroundings.in_the_middle("systemctl restart postgresql"),
        SLOW,
        ends=THROUGH,
        noticed=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_survived(site: Site, table: Table, case: Case) -> None:
    version, before = case.version(site), site.live()["commit"]
    with site.visitors(new=2, kept=1) as load:
        outcome = case.fault(site, version)
        served = "the new release" if site.live()["commit"] == version else "the old release"
        assert site.live()["commit"] in (before, version)
        after = version if case.mends else NEW(site)
        site.succeed("deploy", version=after, migrations="keep")
    ended = KILLED if outcome.code < 0 else FAILED if outcome.code else THROUGH
    table.add(case.name, ended, served, load)
    assert ended == case.ends, outcome
    assert bool(case.says) == (case.ends == FAILED)
    assert "Traceback" not in outcome.message
    assert [word for word in case.says if word not in outcome.message] == []
    assert case.noticed or load.failed == []
    assert load.sent > 50
    assert set(load.commits) <= {before, version, after, ""}
    assert site.serves(after)
    assert site.strays() == []
    assert len(site.releases()) <= KEEP
    assert [each["commit"] for each in site.ledger() if each["event"] == "deployed"][-1] == after
    assert site.succeed("deploy", version=after).recap["changed"] == 0
    if case.version is MIGRATING:  # the next one's version does not know the migration
        site.succeed("deploy", version=NEW(site), migrations="keep")


@pytest.mark.parametrize("playbook", ["rollback", "settings"])
def test_another_playbook_is_killed_while_new_processes_start(site: Site, table: Table, playbook: str) -> None:
    version = SLOW(site)
    site.succeed("deploy", version=version)
    variables: dict[str, Any] = {"rollback": {"release": site.live()["id"]}, "settings": versions.TOKYO}[playbook]
    if playbook == "rollback":
        site.succeed("deploy", version=NEW(site))
    before = site.live()
    with site.visitors(new=2, kept=1) as load:
        with faults.starting(site, version, "ls /run/guestbook/web-*-{commit}.2.sock", playbook, **variables) as running:
            running.kill()
            site.finish(running)
        served = "the old release" if site.live() == before else "the new release"
        site.succeed(playbook, **variables)
    table.add(f"controller killed in {playbook}.yml", KILLED, served, load)
    assert load.failed == []
    assert load.sent > 50
    assert site.serves(version)
    assert site.strays() == []
    assert site.succeed(playbook, **variables).recap["changed"] == 0
    assert {each["environment"].get("TIME_ZONE") for each in site.processes()} == {
        "Asia/Tokyo" if variables is versions.TOKYO else None
    }
    site.succeed("settings")


def test_a_long_request_is_answered_by_the_release_that_it_was_asked_of(site: Site) -> None:
    site.succeed("deploy", version=versions.with_file("entries/urls.py", versions.PAGES)(site))
    slow, answers = site.live()["commit"], []
    visitor = threading.Thread(target=lambda: answers.append(site.ask("/slow")))
    visitor.start()
    site.succeed("deploy", version="v4")
    visitor.join()
    assert [(answer.status, answer.headers["x-commit"]) for answer in answers] == [(200, slow)]
    assert site.serves("v4")
    assert site.strays() == []


def test_no_fault_left_the_secret_anywhere_but_in_its_file(site: Site) -> None:
    assert site.secret_in() == ["/etc/guestbook/settings.env"]
