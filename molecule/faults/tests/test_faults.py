"""Whatever breaks a deployment: visitors are served, the state is whole, and the same command mends it without a hand on it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import pytest

from live import faults
from live.site import PLANTED, Site
from live.table import Table


@dataclass(frozen=True)
class Case:
    """A fault, a version to base the deployed one on, words that the run must say, and whether visitors may notice."""

    name: str
    fault: faults.Fault
    base: str = "v4"
    says: tuple[str, ...] = ()
    noticed: bool = False
    mends: bool = True  # whether the next deployment is of the same version, or of a good one


KEEP = 5  # what an application keeps unless it says otherwise
LYING, HOSTILE, LARGE = "a lock that lies", "a tree that leads outside", "a tree that is sent as a file"
SLOW = "broken/slow-boot"
STAGED = "ls /srv/guestbook/releases/*-{commit}/release.json"
CASES = [
    Case("wheels on the host damaged and missing", faults.wheels, "broken/changed-lock", ("The wheel ",)),
    Case("controller killed while it asks and builds", faults.killed_early),
    Case("controller killed while the release is staged", faults.killed("ls -d /srv/guestbook/releases/*-{commit}")),
    Case("controller killed when it is staged", faults.killed(STAGED), SLOW),
    Case("controller killed while new processes start", faults.killed(faults.SLOW), SLOW),
    Case("controller killed at the switch", faults.killed("readlink /srv/guestbook/current | grep {commit}")),
    Case("SSH connection cut", faults.cut, SLOW),
    Case("two deployments at once", faults.twice, SLOW),
    Case("no room for what is sent", faults.full("/root/.ansible"), LARGE, ("No space left on device",)),
    Case("no room for the settings", faults.full("/etc/guestbook"), says=("No space left on device: /etc/guestbook/",)),
    Case("hash in the lock that lies", faults.fails, LYING, mends=False),
    Case("link in the tree that leads outside", faults.fails, HOSTILE, mends=False),
    Case("migration that fails", faults.fails, "broken/failing-migration", ("No colour was found",), mends=False),
    Case("health page that fails", faults.fails, "broken/unhealthy", ("asked for /healthz",), mends=False),
    Case("wrong password of the vault", faults.wrong_password, says=("ecrypt",)),
    Case("leftovers of every kind", faults.leftovers),
    Case("database slow to start", faults.database("systemctl stop postgresql", "systemctl start postgresql"), noticed=True),
    Case("database stopped", faults.database("systemctl stop postgresql"), says=("the database did not answer",), noticed=True),
    Case("host rebooted while new processes start", faults.rebooted, SLOW, noticed=True),
]


def prepare(site: Site, case: Case) -> str:
    """A version that the host has never seen."""
    if case.base == LYING:
        lock = site.git("show", "v4:requirements.txt")
        return site.new_version("v4", "requirements.txt", re.sub(r"sha256:.", "sha256:0", lock))
    if case.base == LARGE:
        return site.new_version("v4", "large.txt", os.urandom(1_500_000).hex())
    if case.base == HOSTILE:
        site.git("checkout", "--quiet", "--detach", "v4")
        (site.repository / "outside").symlink_to("../../outside")
        site.git("add", "outside")
        site.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message", "Lead outside")
        return site.commit("HEAD")
    return site.new_version(case.base, f"{CASES.index(case)}.txt", case.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_survived(site: Site, table: Table, case: Case) -> None:
    version, before = prepare(site, case), site.live()["commit"]
    with site.visitors(new=2, kept=1) as load:
        outcome = case.fault(site, version)
        served = "the new release" if site.live()["commit"] == version else "the old release"
        assert site.live()["commit"] in (before, version)
        after = version if case.mends else site.new_version("v4", f"after-{CASES.index(case)}.txt", "Mended.")
        site.succeed("deploy", version=after, migrations="keep")
    ended = {0: "went through", -9: "killed"}.get(outcome.code, "failed, and said why")
    table.add(case.name, ended, served, load)
    assert [word for word in case.says if word not in outcome.message] == []
    assert case.noticed or load.failed == []
    assert load.sent > 50
    assert set(load.commits) <= {before, version, after, ""}
    assert site.serves(after)
    assert site.strays() == []
    assert len(site.releases()) <= KEEP
    assert [each["commit"] for each in site.ledger() if each["event"] == "deployed"][-1] == after
    assert site.succeed("deploy", version=after).recap["changed"] == 0


def test_no_fault_left_the_secret_anywhere_but_in_its_file(site: Site) -> None:
    pattern = f"[{PLANTED[0]}]{PLANTED[1:]}"  # matches the secret and not the command that looks for it
    found = site.host.run("grep -rlse %s / --exclude-dir=proc --exclude-dir=sys", pattern).stdout.splitlines()
    assert found == ["/etc/guestbook/settings.env"]
    assert site.host.run(f"{{ journalctl --no-pager; ps axww -o args; }} | grep -e '{pattern}'").stdout == ""
