"""Ten deployments and ten rollbacks under eighty requests a second. What visitors waited is printed, and never judged here."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from live.load import Load
from live.site import Site

ROUNDS = 10
REST_SECONDS = 30


def crowd(site: Site) -> Load:
    """Eighty requests a second: sixty on new connections, twenty on two that are kept."""
    return site.visitors(new=6, kept=2)


@pytest.mark.parametrize("web_server", ["nginx", "apache"])
def test_no_request_fails_in_ten_deployments_and_ten_rollbacks(site: Site, tell: Callable[[str], None], web_server: str) -> None:
    site.succeed("site", web_server=web_server)
    site.make_live("v4")
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
    assert load.sent > 1000
    assert site.serves("v4")
    assert site.strays() == []
