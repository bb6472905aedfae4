"""A dump is taken before migrations, and put back by one command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from live.site import Site

DUMPS = "/var/backups/placid/guestbook"
DUMPING: dict[str, Any] = {"guestbook_database": {"dump_before_migrate": True, "keep_dumps": 2}}
SHORT, FOREIGN = "20200101T000000Z-short.dump", "20200101T000001Z-foreign.dump"
COUNT = "SELECT count(*) FROM entries_entry"

MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("entries", "0002_likes")]
    operations = [migrations.RunSQL("DELETE FROM entries_entry", "SELECT 1")]
"""


def dumps(site: Site) -> list[str]:
    return sorted(str(site.host.run("ls -A %s", DUMPS).stdout).split())


@pytest.fixture(scope="module")
def entries(site: Site) -> str:
    """How many entries there are while the version that removes them all is not live."""
    site.make_live("v4")
    site.sql(
        "INSERT INTO entries_entry (name, message, picture, thumbnail, likes, created_at) VALUES ('Ada', 'Hi', '', '', 0, now())"
    )
    return site.sql(COUNT)


@pytest.fixture(scope="module")
def destructive(site: Site) -> str:
    return site.new_version("v4", "entries/migrations/0003_remove_all.py", MIGRATION)


def test_without_room_for_a_dump_nothing_is_migrated(site: Site, entries: str, destructive: str) -> None:
    site.host.check_output(f"mkdir -p {DUMPS} && mount -t tmpfs -o size=1m tmpfs {DUMPS}")
    try:
        outcome = site.fail("deploy", version=destructive, **DUMPING)
        assert f"{DUMPS} has 0 MB to spare" in outcome.message
        assert "Nothing was changed." in outcome.message
        assert dumps(site) == []
    finally:
        site.host.check_output(f"umount {DUMPS}")
    assert site.serves("v4")
    assert site.sql(COUNT) == entries


def test_a_dump_is_taken_before_what_a_migration_removes(site: Site, entries: str, destructive: str) -> None:
    outcome = site.succeed("deploy", version=destructive, **DUMPING)
    assert site.sql(COUNT) == "0" != entries
    (dump,) = dumps(site)
    assert dump.endswith(f"Z-{destructive[:8]}.dump")
    assert f"ansible-playbook restore.yml -e dump={dump}" in outcome.message
    events = [each for each in site.ledger() if each["event"] in ("dumped", "migrated")][-2:]
    assert [each["event"] for each in events] == ["dumped", "migrated"]
    assert events[0]["dump"] == dump
    assert f"dump {dump}" in site.succeed("status").message
    file = site.host.file(f"{DUMPS}/{dump}")
    assert (file.user, file.group, file.mode, file.size) == ("root", "root", 0o600, events[0]["bytes"])
    assert site.host.file(DUMPS).mode == 0o700


def test_without_pending_migrations_none_is_taken(site: Site, destructive: str) -> None:
    before = dumps(site)
    site.succeed("deploy", version=site.new_version(destructive, "plain.txt", "No migration."), **DUMPING)
    assert dumps(site) == before


def test_a_dump_that_is_damaged_or_does_not_fit_changes_nothing(site: Site) -> None:
    (dump,) = dumps(site)
    run = site.host.check_output
    run(f"head -c 9999 {DUMPS}/{dump} > {DUMPS}/{SHORT}")
    run("runuser -u postgres -- createuser stranger")
    site.sql("GRANT SELECT ON entries_entry TO stranger")
    run(f"runuser -u guestbook -- pg_dump -Fc guestbook > {DUMPS}/{FOREIGN}")
    site.sql("REVOKE SELECT ON entries_entry FROM stranger")
    run("runuser -u postgres -- dropuser stranger")
    site.sql("CREATE TABLE here (still int)")
    for name, words in ((SHORT, "is no dump that can be read"), (FOREIGN, 'role "stranger" does not exist')):
        assert words in site.fail("restore", dump=name, **DUMPING).message
        assert site.sql("SELECT count(*) FROM here") == "0"
        assert "FAILED in restore" in site.succeed("status", runs=1).message
    assert dumps(site) == [SHORT, FOREIGN, dump]  # what failed has removed none, and left none
    run(f"rm {DUMPS}/{SHORT} {DUMPS}/{FOREIGN}")
    site.sql("DROP TABLE here")


def test_a_dump_is_put_back_while_visitors_wait(site: Site, entries: str, tell: Callable[[str], None]) -> None:
    dump = next(each for each in dumps(site) if "restore" not in each)
    assert f"It has {', '.join(dumps(site))}" in site.fail("restore", dump="nothing").message
    with site.visitors(new=1) as load:
        outcome = site.succeed("restore", dump=dump, **DUMPING)
    tell(load.report("a dump put back"))
    assert load.failed == []
    assert site.sql(COUNT) == entries
    assert "needs the migrations entries.0003_remove_all" in outcome.message
    assert "ansible-playbook rollback.yml" in outcome.message
    assert dumps(site) == [dump, site.ledger()[-1]["saved"]]
    assert site.ledger()[-1]["dump"] == dump


def test_a_release_from_before_the_migration_goes_on_from_there(site: Site, entries: str) -> None:
    there = next(each for each in site.ledger() if each["event"] == "deployed" and each["commit"] == site.commit("v4"))
    site.succeed("rollback", release=site.commit("v4"))
    assert there["commit"] == site.live()["commit"]
    assert site.serves("v4")
    assert site.sql(COUNT) == entries
    assert site.strays() == []
