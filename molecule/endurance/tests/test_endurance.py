"""Ten deployments and ten rollbacks under eighty requests a second; what visitors wait is judged where little else runs here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from live.load import Load
from live.site import Site

ROUNDS = 10
REST_SECONDS = 30
#: From this load average on, what visitors wait for may be the machine.
BUSY = 2.0


def crowd(site: Site) -> Load:
    """Eighty requests a second: sixty on new connections, twenty on two that are kept."""
    return site.visitors(new=6, kept=2)


@pytest.mark.parametrize("web_server", ["nginx", "apache"])
def test_no_request_fails_in_ten_deployments_and_ten_rollbacks(site: Site, tell: Callable[[str], None], web_server: str) -> None:
    site.succeed("site", web_server=web_server)
    site.make_live("v4")
    busy = os.getloadavg()[0]
    versions = [site.new_version("v4", f"entries/{web_server}_{number}.txt", f"{number}\n") for number in range(ROUNDS)]
    with crowd(site) as rest:
        time.sleep(REST_SECONDS)
    with crowd(site) as load:
        for version in versions:
            site.succeed("deploy", version=version, web_server=web_server)
            site.succeed("rollback", web_server=web_server)
    tell(rest.report(f"{web_server}, at rest"))
    tell(load.report(f"{web_server}, {ROUNDS} deployments and {ROUNDS} rollbacks"))
    assert rest.failed == load.failed == []
    assert set(load.commits) == {site.commit(version) for version in ("v4", *versions)}
    assert rest.sent / rest.seconds > 60
    assert load.sent / load.seconds > 60
    if busy < BUSY:
        assert load.slowest <= rest.slowest + 1
    else:
        tell(f"{web_server}: the slowest were not judged, at a load average of {busy:.1f}")
    assert site.serves("v4")
    assert site.strays() == []
