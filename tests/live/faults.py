"""The faults: each breaks a deployment of `version` in its own way, and says how the run ended.

What a fault changed beside the deployment it puts right again, as time or an administrator would; nothing of the application's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from live.playbook import Outcome, Running
from live.site import Site

Fault = Callable[[Site, str], Outcome]
#: The socket of new processes, or mod_wsgi's link to the release; of broken/slow-boot, which waits while the site is held.
STARTED = "ls /run/guestbook/web-*-{commit}.* || readlink /srv/guestbook/wsgi/* | grep -e -{commit}"
STAGING = "ls -d /srv/guestbook/releases/*-{commit}"
RECORDING = "grep -e activated.*-{commit} /srv/guestbook/ledger.jsonl"


@contextlib.contextmanager
def starting(
    site: Site, version: str, reached: str = STARTED, playbook: str = "deploy", **variables: object
) -> Iterator[Running]:
    """A deployment, once a command succeeds on the host; its new processes do not answer before the end of the block."""
    with site.held():
        running = site.start(playbook, **variables or {"version": version})
        site.wait_in(running, reached, version)
        yield running


def killed(reached: str = STARTED) -> Fault:
    """The controller, killed by signal 9 when a command succeeds on the host; what it started there goes on."""

    def fault(site: Site, version: str) -> Outcome:
        with starting(site, version, reached) as running:
            running.kill()
            return site.finish(running)

    return fault


def killed_early(site: Site, version: str) -> Outcome:
    """The controller, killed when it has begun its record."""
    records = Path(site.inventory).with_name("deployments") / "sandbox" / site.name
    before = set(records.iterdir())
    running = site.start("deploy", version=version)
    site.wait(lambda: running.ended or set(records.iterdir()) != before, 60)
    assert not running.ended, site.finish(running)
    running.kill()
    return site.finish(running)


def cut(reached: str = STARTED) -> Fault:
    """The SSH connection when a command succeeds on the host: its process there is killed."""

    def fault(site: Site, version: str) -> Outcome:
        with starting(site, version, reached) as running:
            site.host.check_output("sh -c %s", CUT)
            return site.finish(running)

    return fault


# The ancestors of what holds the deployment's lock, up to the process that serves its connection.
CUT = """
for fd in $(find /proc/[0-9]*/fd -lname /srv/guestbook/lock 2>/dev/null); do pid=${fd#/proc/}; pid=${pid%%/*}; break; done
while [ "$pid" -gt 1 ]; do
  case $(cat /proc/$pid/comm) in sshd*) kill -KILL $pid; exit 0;; esac
  pid=$(awk '/^PPid:/ {print $2}' /proc/$pid/status)
done
exit 1
"""


def rebooted(reached: str = STARTED) -> Fault:
    """The host, rebooted when a command succeeds there."""

    def fault(site: Site, version: str) -> Outcome:
        with starting(site, version, reached) as running:
            site.reboot()
        outcome = site.finish(running)
        site.come_back()
        return outcome

    return fault


def database(command: str, later: str = "") -> Fault:
    """The database: a command before the deployment, and one ten seconds into it."""

    def fault(site: Site, version: str) -> Outcome:
        site.host.check_output(command)
        running = site.start("deploy", version=version)
        try:
            if later:
                site.wait_in(running, STAGING, version)
                site.host.check_output(f"sleep 10; {later}")
            return site.finish(running)
        finally:
            site.host.check_output("systemctl start postgresql")

    return fault


def twice(site: Site, version: str) -> Outcome:
    """A second deployment of another version while the first is at it."""
    late = site.new_version("v4", "late.txt", "Too late.")
    with starting(site, version) as first:
        outcome = site.fail("deploy", version=late)
    assert "has been deploying guestbook" in outcome.message
    assert site.finish(first).code == 0
    return outcome


def wheels(site: Site, version: str) -> Outcome:
    """The wheels that the host has, of which a virtual environment is still to be built: some damaged, some missing."""
    damage = "cd /srv/guestbook/wheels; for f in [0-7]*/*; do echo >> $f; done; rm [89a-f]*/*"
    site.host.check_output("sh -c %s", damage)
    return site.fail("deploy", version=version)


def fails(site: Site, version: str) -> Outcome:
    """The version itself."""
    return site.fail("deploy", version=version)


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Variables of the environment, for what is started in the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def wrong_password(site: Site, version: str) -> Outcome:
    """The password of the vault."""
    wrong = Path(site.inventory).with_name("wrong-password")
    wrong.write_text("not this one\n")
    with environment(ANSIBLE_VAULT_IDENTITY_LIST=f"molecule@{wrong}"):
        return site.fail("deploy", version=version)


LEFT = """
cd /srv/guestbook
live=$(basename $(readlink current))
mkdir -p .incoming-x .current.x releases/20200101T000000Z-{commit}/.placid venvs/0123456789abcdef/bin venvs/.workshop-x
touch .incoming-x/bundle releases/20200101T000000Z-{commit}/manage.py /run/guestbook/web-20200101T000000Z-00000000.1.sock
ln -s releases/nowhere .current.x/current
printf 'not a release' > releases/20200101T000001Z-00000000
printf '{{"event": "stag' >> ledger.jsonl
printf '{{"token": "x", "who": "eve", "purpose": "x", "since": "x", "until": 1e18, "boot": "another"}}' > lock
printf 'half' > artefacts/.part
touch /etc/guestbook/.settings.env.x
systemctl start --no-block guestbook-worker-1@$live.77.service
"""


def leftovers(site: Site, version: str) -> Outcome:
    """What runs that were killed may leave, all of it at once."""
    site.host.check_output("sh -c %s", LEFT.format(commit=version[:8]))
    return site.succeed("deploy", version=version)
