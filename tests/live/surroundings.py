"""Faults of what is around a deployment: who typed it, the host's disk, its database and its cache."""

from __future__ import annotations

import os
import shlex
import signal

from live.faults import CUT, Fault, environment, starting
from live.playbook import Outcome
from live.site import Site


def signalled(number: signal.Signals) -> Fault:
    """The controller, told to end while new processes start: by Ctrl-C, or as a job that is cancelled."""

    def fault(site: Site, version: str) -> Outcome:
        with starting(site, version) as running:
            os.killpg(running.process.pid, number)
            return site.finish(running)

    return fault


def silent(site: Site, version: str) -> Outcome:
    """The connection, which says nothing any more while new processes start, and never ends."""
    with starting(site, version) as running:
        site.host.check_output("sh -c %s", CUT.replace("KILL", "STOP"))
        return site.finish(running)


def abroad(site: Site, version: str) -> Outcome:
    """An unusual umask, locale and time zone on the controller."""
    before = os.umask(0o077)
    try:
        with environment(LC_ALL="C.UTF-8", LANG="tr_TR.UTF-8", TZ="Asia/Kathmandu"):
            return site.succeed("deploy", version=version)
    finally:
        os.umask(before)


def without(what: str, then: str, succeeds: bool = False) -> Fault:
    """Something that the host is without during the deployment: a command that takes it away, and one that gives it back."""

    def fault(site: Site, version: str) -> Outcome:
        site.host.check_output("sh -c %s", what)
        try:
            return (site.succeed if succeeds else site.fail)("deploy", version=version)
        finally:
            site.host.check_output("sh -c %s", then)

    return fault


def removed(site: Site, version: str) -> Outcome:
    """The live release, removed by hand: nobody can tell any more which of the database's migrations it was the one to know."""
    site.host.check_output("sh -c %s", "rm -r $(readlink -f /srv/guestbook/current)")
    return site.succeed("deploy", version=version, migrations="keep")


def full(directory: str, options: str = "size=16k", succeeds: bool = False) -> Fault:
    """A disk without room: a small one that is full is mounted at a directory."""
    mount = f"mkdir -p {directory} && mount -t tmpfs -o {options} tmpfs {directory}"
    fill = f"{{ dd if=/dev/zero of={directory}/full bs=4k count=9 2>/dev/null || true; }}"
    return without(f"{mount} && {fill}", f"umount {directory}", succeeds)


# A small disk with a copy of all that the application has comes in its place, in one step.
SMALL = """
mkdir -p /run/below /run/small
mount --bind /srv/guestbook /run/below
mount -t tmpfs -o mode=755,size=$(($(du -sm /srv/guestbook | cut -f1) + {room}))m tmpfs /run/small
cp -a /srv/guestbook/. /run/small
mount --bind /run/small /srv/guestbook
"""
# What the deployment left there is what the next one finds.
LARGE = """
rm -f /srv/guestbook/full
cp -au /srv/guestbook/. /run/below
umount -l /srv/guestbook
umount /run/small /run/below
"""
EAT = "until ls -d {begun} || [ -e /run/fed ]; do sleep 0.02; done; dd if=/dev/zero of=/srv/guestbook/full bs=1M"


def small(room: int) -> Fault:
    """A disk that has only some megabytes left."""
    return without(f"set -e; {SMALL.format(room=room)}", f"set -e; {LARGE}")


def eaten(begun: str, room: int) -> Fault:
    """A disk that had some megabytes left, until somebody else took all of them when a path came about."""

    def fault(site: Site, version: str) -> Outcome:
        eat = EAT.format(begun=begun.format(commit=version[:8]))
        begin = f"set -e; rm -f /run/fed; {SMALL.format(room=room)}setsid sh -c '{eat}' >/dev/null 2>&1 &"
        return without(begin, f"set -e; touch /run/fed; {LARGE}")(site, version)

    return fault


READ = "BEGIN; SELECT count(*) FROM entries_entry; SELECT pg_sleep({seconds})"
#: The lock that one migration run holds: plugins/module_utils/placid/django_migrations.py.
MIGRATE = f"SELECT pg_advisory_lock({int.from_bytes(b'placid', 'big')}), pg_sleep({{seconds}})"
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"


def busy(query: str, seconds: int, succeeds: bool, begun: str = "/") -> Fault:
    """Somebody else at work in the database, for some time from when a path came about."""

    def fault(site: Site, version: str) -> Outcome:
        wait = f"until ls -d {begun.format(commit=version[:8])}; do sleep 0.02; done"
        work = f"{wait}; runuser -u postgres -- psql -qd guestbook -c '{query.format(seconds=seconds)}'"
        there = f"setsid sh -c {shlex.quote(work)} >/dev/null 2>&1 & sleep 0.5"
        return without(there, f'runuser -u postgres -- psql -qc "{END}"', succeeds)(site, version)

    return fault


def migrating_elsewhere(site: Site, version: str) -> Outcome:
    """Another migration of the same database, which is begun when the release is staged, and waited for."""
    outcome = busy(MIGRATE, 5, True, "/srv/guestbook/releases/*-{commit}")(site, version)
    deployed = next(each for each in reversed(site.ledger()) if each["event"] == "deployed")
    assert deployed["seconds"]["stage"] > 5
    return outcome


def in_the_middle(command: str) -> Fault:
    """A command on the host while new processes start."""

    def fault(site: Site, version: str) -> Outcome:
        with starting(site, version) as running:
            site.host.check_output("sh -c %s", command)
        return site.finish(running)

    return fault
