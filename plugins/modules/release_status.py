#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Say what of applications is live on a host, whether it runs, and what happened to it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_status
short_description: Say what of applications is live on a host, whether it runs, and what happened to it
description:
  - Reads directories, ledgers, units and processes, changes nothing and takes no lock.
  - It works while a deployment runs, and on a host that was never deployed to.
options:
  applications:
    description: Names of the applications.
    type: list
    elements: str
    required: true
  runs:
    description: How many of the last deployments, rollbacks and changes of settings to tell.
    type: int
    default: 10
attributes:
  check_mode: {support: full, description: It only reads.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Ask what is live
  release_status:
    applications: [guestbook]
  register: status
"""

RETURN = r"""
applications:
  description: What is known of each application, by its name.
  returned: success
  type: dict
  contains:
    prepared:
      description: Whether C(site.yml) has made room for the application.
      type: bool
    live:
      description: >-
        The live release, C(id) and C(commit), the directories of its C(code) and C(packages), the command of each process that it
        C(runs), and when it became live, C(time), C(who) and C(purpose); may be empty.
      type: dict
    processes:
      description: >-
        How many units are C(expected) and how many C(proved) to run the live release, C(problems) of the rest in words, and
        C(others), units that run something else.
      type: dict
    certificate:
      description: >-
        When the site's certificate C(ends), in how many C(days), whether that is C(soon), whether it was C(made_here), whether an
        authority is C(asked) for one, and its C(complaint); empty for a site without.
      type: dict
    maintenance:
      description: Whether visitors get the page of a maintenance.
      type: bool
    at_work:
      description: Who deploys at this moment as C(token), C(who), C(purpose) and C(since); empty where nobody does.
      type: dict
    rollback:
      description: The releases that a rollback can go to as C(id) and C(commit), the next one first.
      type: list
      elements: dict
    runs:
      description: >-
        The last runs, the newest last, each with C(time), C(who), C(purpose), C(end), C(commit), and the migrations that it
        C(applied), C(reversed) or C(kept).
      type: list
      elements: dict
database:
  description: The same of the certificate that PostgreSQL shows to other hosts; empty where it serves this one alone.
  returned: success
  type: dict
"""

import datetime
import re
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import ledger, lock, systemd
from ansible.module_utils.placid.application import slots
from ansible.module_utils.placid.certificate_files import Certificate, CertificateError, Store, read_certificate
from ansible.module_utils.placid.daemons import daemons
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.releases import complete, releases
from ansible.module_utils.placid.status import became_live, runs

POSTGRESQL = Path("/etc/postgresql")


def processes(layout: Layout, spec: dict[str, Any]) -> dict[str, Any]:
    """Hold what runs against the live release."""
    served = daemons(layout)
    running, instance = systemd.running(layout.name), layout.instance(spec["id"]) or ""
    expected = [(slot, instance) for slot in slots(spec["processes"]) if slot != "web" or not served]
    release = layout.release(spec["id"])
    problems = []
    for unit, state in systemd.states([layout.unit(*each) for each in expected]).items():
        problem = systemd.failure(unit, state) or systemd.unproved(unit, state, release, (release / "venv").resolve())
        problems.append(problem)
    if served:
        pids = served.processes(served.group(spec["id"]))
        problems += [served.problem(pid, spec["id"]) for pid in pids] or [f"Apache runs no process of {layout.name}"]
    return {
        "expected": len(problems),
        "proved": problems.count(""),
        "problems": [problem for problem in problems if problem],
        "others": sorted(layout.unit(*each) for each in running if each not in expected),
    }


def where(layout: Layout, spec: dict[str, Any]) -> dict[str, Any]:
    """Where a release's code and packages are, and how it is run."""
    commands = {
        f"{name} ({each['count']})" if each["count"] > 1 else name: each["command"] for name, each in spec["processes"].items()
    }
    by_apache = {"web": "mod_wsgi"} if spec.get("app_server") == "mod_wsgi" else {}
    return {
        "code": str(layout.release(spec["id"])),
        "packages": str(layout.venv(spec["venv_digest"])),
        "runs": commands | by_apache,
    }


def certificate(store: Store, name: str) -> dict[str, Any]:
    """What of the site's certificate a person is to know."""
    found, asked = store.certificate(name, its_key=False), store.request(name).exists()
    return told(found, asked, store.complaint(name) if asked else "") if found else {}


def database() -> dict[str, Any]:
    """The same of the certificate that PostgreSQL shows to other hosts."""
    for settings in POSTGRESQL.glob("*/*/conf.d/placid.conf"):
        named = re.search(r"^ssl_cert_file = '(.+)'$", settings.read_text(), re.MULTILINE)
        if named:
            try:
                return told(read_certificate(Path(named[1]).read_text()))
            except (OSError, CertificateError) as error:
                raise PlacidError(f"{named[1]} cannot be read: {error} Make it anew: ansible-playbook site.yml") from None
    return {}


def told(found: Certificate, asked: bool = False, complaint: str = "") -> dict[str, Any]:
    """asked: an authority is, by the host itself."""
    left = found.ends - datetime.datetime.now(datetime.UTC)
    return {
        "ends": found.ends.isoformat(),
        "days": left.days,
        # The host renews what has a third of its time left; the rest is for a person to renew.
        "soon": left < ((found.ends - found.begins) / 4 if asked else datetime.timedelta(21)),
        "made_here": found.made_here,
        "asked": asked,
        "complaint": complaint,
    }


def status(name: str, last: int) -> dict[str, Any]:
    layout = Layout(name)
    events, complete_ones = ledger.read(layout.ledger), releases(layout)
    live = layout.live_release() or ""
    spec = complete_ones.get(live) or complete(layout, live) if live else None
    next_ones = ledger.good_releases(events)[::-1]
    others = [release for release in ledger.ever_good(events)[::-1] if release not in next_ones]
    good = [release for release in [*next_ones, *others] if release in complete_ones and release != live]
    return {
        "prepared": layout.releases.is_dir(),
        "live": {"id": live, "commit": spec["commit"], **where(layout, spec), **became_live(events, live)} if spec else {},
        "processes": processes(layout, spec) if spec else {},
        "certificate": certificate(Store(), name),
        "maintenance": layout.maintenance.exists(),
        "at_work": lock.at_work(layout.lock),
        "rollback": [{"id": release, "commit": complete_ones[release]["commit"]} for release in good],
        "runs": runs(events, last),
    }


def main() -> None:
    argument_spec = {
        "applications": {"type": "list", "elements": "str", "required": True},
        "runs": {"type": "int", "default": 10},
    }
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    try:
        found = {name: status(name, module.params["runs"]) for name in module.params["applications"]}
        shown = database()
    except PlacidError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, applications=found, database=shown)


if __name__ == "__main__":
    main()
