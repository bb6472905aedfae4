"""No application code runs as root, nothing belongs to the application that need not, and no secret is seen by others."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from live.site import PLANTED, Site

DIRECTORY = "/srv/uid-log"
LOG = f"{DIRECTORY}/log"
DROP_IN = "/etc/systemd/system/guestbook-.service.d"  # for every unit whose name begins with guestbook-

MIGRATION = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("entries", "0002_likes")]
    operations = []
"""


@pytest.fixture(scope="module")
def who(site: Site) -> list[dict[str, Any]]:
    """Who ran the code of a deployment: a line of each process, in a file that everybody may write."""
    run = site.host.check_output
    run(f"mkdir -m 1777 {DIRECTORY} && touch {LOG} && chmod 666 {LOG}")
    run(f"mkdir {DROP_IN} && printf '[Service]\\nReadWritePaths={LOG}\\n' > {DROP_IN}/uid-log.conf && systemctl daemon-reload")
    version = site.new_version("broken/uid-writer", "entries/migrations/0003_nothing.py", MIGRATION)
    settings = {"DEBUG": "false", "SECURE": "false", "UID_LOG": LOG}
    site.succeed("deploy", "-vvv", "--diff", version=version, guestbook_settings=settings)
    return [json.loads(line) for line in run(f"cat {LOG}").splitlines()]


def test_no_code_of_the_application_runs_as_root(site: Site, who: list[dict[str, Any]]) -> None:
    assert site.strays() == []
    users = {each["uid"] for each in who} | {each["gid"] for each in who}
    assert 0 not in users
    words = [" ".join(each["argv"]) for each in who]
    for step in ("collectstatic", "check", "migrate", "gunicorn", "run_worker", "run_scheduler"):
        assert any(step in each for each in words), f"{step} left no line: {words}"
    builder = site.host.user("guestbook-build").uid
    assert {each["uid"] for each in who if "collectstatic" in each["argv"]} == {builder}
    assert {each["uid"] for each in who if "collectstatic" not in each["argv"]} == {site.host.user("guestbook").uid}


@pytest.mark.parametrize("user", ["guestbook", "guestbook-build"])
def test_the_users_of_the_application_own_only_what_is_theirs(site: Site, user: str) -> None:
    owned = site.host.run("find / -xdev /run /dev/shm /tmp -xdev \\( -user %s -o -group %s \\) -uid +0 -print", user, user).stdout
    theirs = ("/var/lib/guestbook", "/run/guestbook") if user == "guestbook" else ()
    assert [path for path in owned.splitlines() if not (path + "/").startswith(tuple(f"{each}/" for each in theirs))] == []


def test_the_application_can_write_nothing_that_is_code(site: Site) -> None:
    for user in ("guestbook", "guestbook-build", "www-data"):
        command = f"runuser -u %s -- find /srv /etc /usr -writable ! -type l ! -path '{DIRECTORY}*'"
        assert site.host.run(command, user).stdout == ""


@pytest.mark.usefixtures("who")  # a deployment that said all it can say
def test_the_secret_is_in_one_file_that_others_cannot_read(site: Site) -> None:
    pattern = f"[{PLANTED[0]}]{PLANTED[1:]}"  # matches the secret and not the command that looks for it
    found = site.host.run("grep -rlse %s / --exclude-dir=proc --exclude-dir=sys", pattern).stdout.splitlines()
    assert found == ["/etc/guestbook/settings.env"]
    file = site.host.file(found[0])
    assert (file.user, file.group, file.mode) == ("root", "guestbook", 0o640)
    for command in (
        "journalctl --no-pager",
        "ps axww -o args",
        "runuser -u nobody -- ps axeww",
        "runuser -u www-data -- ps axeww",
    ):
        assert site.host.run(f"{command} | grep -e '{pattern}'").stdout == ""


def test_no_argument_of_a_process_is_the_secret_while_it_is_deployed(site: Site) -> None:
    """Of this machine's processes and of the host's, which are among them: the sandbox is a container."""
    version = site.new_version("v4", "plain.txt", "To be staged.")  # whatever releases are kept
    running, seen = site.start("deploy", "-vvv", version=version, migrations="keep"), set[bytes]()
    while not running.ended:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                seen.add(path.read_bytes())
    assert site.finish(running).code == 0
    for program in (b"ansible-playbook", b"collectstatic", b"run_worker"):
        assert any(program in each for each in seen), f"{program!r} was not seen"
    assert not [each for each in seen if PLANTED.encode() in each]
