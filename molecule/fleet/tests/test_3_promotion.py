"""One host is staging and the other production: what the first has run goes to the second as it is, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

from live.fleet import APPS, Fleet, extra_inventory
from live.site import PLANTED, Site

testinfra_hosts = ["ansible://lb"]

PLACE = """
all:
  children:
    {environment}:
      hosts:
        {host}: {{app_environment: {environment}, guestbook_domains: [guestbook.localhost]}}
"""


def only(fleet: Fleet, environment: str, host: str) -> list[str]:
    """Options for a run on one host, in an environment with its group_vars."""
    return [*extra_inventory(fleet.balancer, environment, PLACE.format(environment=environment, host=host)), "-l", host]


def test_production_takes_the_artefact_that_staging_has_run_and_no_other(fleet: Fleet) -> None:
    fleet.make_live("v4")
    staging, production = only(fleet, "staging", "app1"), only(fleet, "production", "app2")
    version = fleet.balancer.new_version("v4", "promoted.txt", "First there, then here.")
    before = fleet.last.state()
    assert f"Staging has not run {version[:12]}" in fleet.fail("deploy", *production, version=version).message
    assert fleet.last.state() == before
    fleet.succeed("deploy", *staging, version=version)
    assert fleet.last.state() == before
    outcome = fleet.succeed("deploy", *production, version=version)
    assert "promotion: staging has run this artefact, healthy, since" in outcome.message
    for site in fleet.apps:
        assert (site.live()["commit"], site.strays()) == (version, [])
    of_staging, of_production = (
        str(site.host.check_output("sha256sum /srv/guestbook/artefacts/%s", site.live()["source"])) for site in fleet.apps
    )
    assert of_staging == of_production
    records = Path(fleet.balancer.inventory).with_name("deployments")
    newest = [max((records / name / "guestbook").iterdir()) / "deployment.json" for name in ("staging", "production")]
    ran, runs = (json.loads(path.read_text()) for path in newest)
    assert (ran["artefact"], ran["result"]) == (runs["artefact"], "ok")
    assert runs["promotion"].endswith(f"({ran['id']})")


def test_the_secrets_are_in_no_file_but_the_applications_and_in_no_log_of_any_host(fleet: Fleet) -> None:
    found = {name: Site(fleet.host(name)).secret_in() for name in ("lb", *APPS, "db", "cache")}
    assert found == {name: ["/etc/guestbook/settings.env"] if name in APPS else [] for name in found}
    file = fleet.first.host.file("/etc/guestbook/settings.env").content_string
    assert file.count(PLANTED) == 2, "it was not both secrets that were looked for"
