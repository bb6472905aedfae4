#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Do phases of a deployment on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Do phases of a deployment, a rollback or a change of settings on a host
description:
  - C(ask) says what runs on a host and what the host is, deployed to or not. Where another deployment is at work, it waits for
    that one to end, as long as O(deployment) says, or fails. Where it says that nothing is left to do, no other phase is done.
  - C(stage) sends what the host lacks of an artefact, unpacks it as an unprivileged user, builds the virtual environment offline
    from the wheels that were sent, collects static files, runs the build commands and C(manage.py check --deploy). The release is
    marked complete last.
  - C(migrate) finds the migrations of the database that the live release knows and this one does not, and refuses, keeps or
    reverses them; then it applies what is pending, as the application's user, under a PostgreSQL advisory lock and with a
    C(lock_timeout) of a few seconds, after which atomic migrations are tried again.
  - C(activate) writes the settings file, starts the release's processes beside those that run, asks the new web process for its
    health page and the smoke paths with a real Host and scheme header, switches with one rename, asks the smoke paths through
    the web server, and tells the old processes to finish. What is to do is found from the processes that run.
  - C(go_back) makes live again what was live before an C(activate) of several hosts that did not come about on every host. A
    health page that is not well does not stop it, since all hosts are to run one release.
  - C(record) writes what happened into the ledger, removes releases, virtual environments, wheels and archives that are not
    needed any more, and waits until the old processes have ended.
  - C(restore) dumps the database, then puts an earlier dump in the place of all that the application's role owns in it, in one
    transaction, as the application's user; it tells how the migrations of the live release and the database differ afterwards.
  - C(manage) runs a management command with the live release, as the application's user.
  - Phases of one call follow one another on the host; the first that fails ends the call. A failure leaves the release that was
    live before, with the settings it had, and nothing of one that was never good. A run that was killed is taken up by the next,
    and a second run changes nothing.
options:
  application: {description: Name of the application., type: str, required: true}
  phases:
    description: The phases to do, in their order.
    type: list
    elements: str
    choices: [ask, stage, migrate, activate, record, go_back, restore, manage]
    required: true
  done:
    description: What earlier calls of this deployment returned as C(phases), for C(record).
    type: dict
    default: {}
  release: {description: "Id of the release that is to be live; empty for the one that is.", type: str, default: ""}
  spec: {description: "For C(stage): what release.json is to hold, as M(release_plan) returns it.", type: dict}
  manifest: {description: "For C(stage): manifest of the artefact, as M(artefact) returns it.", type: dict}
  archive: {description: "For C(stage): path of the artefact's source archive on the controller.", type: path}
  wheels_dir: {description: "For C(stage): directory on the controller with the wheels, as C(<sha256>/<file name>).", type: path}
  host: {description: "What C(ask) returned for this host. What it has is not sent; what was live must be so still.", type: dict}
  migrations:
    description:
      - What becomes of migrations that the database has and the release does not know.
      - V(refuse) fails with their names, V(keep) leaves them, V(reverse) takes them back with the code of the live release.
    type: str
    choices: [refuse, keep, reverse]
    default: refuse
  apply_migrations: {description: Whether to apply what is pending; a rollback does not., type: bool, default: true}
  dump_before_migrate: {description: "Whether C(migrate) dumps first, to C(/var/backups/placid).", type: bool, default: false}
  keep_dumps: {description: How many dumps stay there., type: int, default: 5}
  dump: {description: "For C(restore): name of a dump there.", type: str, default: ""}
  command: {description: "For C(manage): a management command with its arguments, quoted as for a shell.", type: str, default: ""}
  version: {description: "For C(ask): what is to be deployed; the live commit is known by its digits.", type: str, default: ""}
  variables:
    description: What the application's processes find in their environment. The module itself takes each by itself.
    type: dict
    default: {}
    suboptions:
      settings: {description: What is no secret., type: dict, default: {}}
      secrets: {description: What is., type: dict, default: {}}
      direct: {description: "What C(migrate) finds in its environment instead of a pooler.", type: dict, default: {}}
      direct_secrets: {description: The part of that which is secret., type: dict, default: {}}
      database_url: {description: How the database is reached past a pooler; empty without a database., type: str, default: ""}
  front_door:
    description: "For C(activate): how visitors reach the application on this host."
    type: dict
    suboptions:
      host: {description: The name they ask for., type: str, required: true}
      port: {description: Port of the web server., type: int, default: 80}
      scheme: {description: Scheme that the application is told., type: str, choices: [http, https], default: http}
      certificate: {description: The file that the web server is to show over TLS; empty for plain HTTP., type: str, default: ""}
      smoke: {description: Paths that must not answer 400, 404, or 500 and above., type: list, elements: str, default: []}
  provisional:
    description:
      - "For C(activate): keep what was live before, with its settings, until C(record); C(go_back) can put it back until then."
      - Decided on the controller from O(fleet).
    type: bool
    default: false
  unconfirmed:
    description: What an earlier run kept on this host still counts. Decided on the controller from O(fleet).
    type: bool
    default: false
  fleet:
    description:
      - "For C(activate) and C(go_back) of several hosts that are to run one release; not known to the module itself."
      - A host switches when its batch has its turn and nothing went wrong before; it goes back when anything did, and is then
        waited for, for a minute. What goes wrong is returned as RV(problem) and fails nothing, so that all hosts get their turn.
    type: dict
    suboptions:
      hosts: {description: What C(ask) returned for each host., type: dict, required: true}
      batch: {description: "For C(activate): the hosts whose turn it is.", type: list, elements: str}
      outcomes: {description: What C(activate) of this run returned for each host so far., type: dict, required: true}
  event: {description: "For C(record): what happened.", type: str, choices: [deployed, rolled back, settings], default: deployed}
  plan: {description: "For C(record): the plan in words, as M(release_plan) returns it.", type: list, elements: str, default: []}
  keep: {description: How many good releases stay; the live and the previous good one always do., type: int, default: 5}
  keep_mb: {description: "Megabytes that they may take; the oldest go first. 0 for any.", type: int, default: 0}
  public_ports: {description: Ports of http and https for who deploys, where not 80 and 443., type: dict, default: {}}
  deployment:
    description: The deployment that this is a step of, as M(application_info) returns it.
    type: dict
    suboptions:
      token: {description: Names one run., type: str, required: true}
      who: {description: User and controller., type: str, required: true}
      purpose: {description: What is deployed., type: str, required: true}
      since: {description: When it began in UTC., type: str, required: true}
      wait: {description: Seconds to wait for another deployment to end., type: float, default: 0}
attributes:
  check_mode:
    support: partial
    description: Says what would be done and why. A release that is not staged cannot be asked for its migrations.
  diff_mode: {support: partial, description: Names of the settings that change; never a value.}
author: Placid
"""

EXAMPLES = r"""
- name: Ask what is live
  release: {application: guestbook, phases: [ask]}
  register: guestbook

- name: Make the live release run with other settings
  release:
    application: guestbook
    phases: [activate, record]
    variables: {settings: {DEBUG: "false"}}
    front_door: {host: guestbook.example.org, smoke: [/]}
    event: settings
    deployment: "{{ known.deployment }}"
"""

RETURN = r"""
phases:
  description: What each phase that was done returned, by its name; also when a later one failed.
  returned: always
  type: dict
  contains:
    changed: {description: Whether it changed anything., type: bool}
    seconds: {description: Seconds that the work on the host took., type: float}
    memory_mb:
      description: Most memory that the module, or its child that unpacks, took by its end, without the programs that they run.
      type: int
    steps: {description: "C(stage), C(activate): seconds by step.", type: dict}
    failed: {description: "Whether it failed, and ended the call.", type: bool}
    output:
      description: What the application's programs wrote, C(stdout) and C(stderr) by step, the last 100 kB of each, if anything.
      type: dict
    before:
      description: "C(ask): what is kept from before a switch that is not confirmed, C(token) of its run and C(release)."
      type: dict
    confirmed: {description: "C(ask): tokens of the newest runs whose end the ledger holds.", type: list}
    live: {description: "C(ask): the live release as in C(releases); empty before the first deployment.", type: dict}
    previous_good: {description: "C(ask): id of the release that a rollback would put back; may be empty.", type: str}
    at_rest: {description: "C(ask): id of the live release where O(version) is its commit and nothing is to be done.", type: str}
    good: {description: "C(ask): ids of the complete releases that were ever live and healthy, the newest last.", type: list}
    releases: {description: "C(ask): the complete releases by id, as C(id), C(commit), C(source) and C(spec_digest).", type: dict}
    requirements: {description: "C(ask): what the live release has installed, a line each.", type: str}
    prepared: {description: "C(ask): whether C(site.yml) has made room for the application.", type: bool}
    target: {description: "C(ask): what wheels must fit here, as C(python), C(machine) and C(glibc).", type: dict}
    free: {description: "C(ask): C(bytes) and C(inodes) of /srv; null while leftovers take some of it.", type: dict}
    pythons: {description: "C(ask): versions of the interpreters in /usr/bin.", type: list}
    wheels: {description: "C(ask): digests (sha256) of the wheels that are on the host.", type: list}
    artefacts: {description: "C(ask): file names of the source archives that are on the host.", type: list}
    venvs: {description: "C(ask): names of the virtual environments that are on the host.", type: list}
    silenced: {description: "C(stage): messages that the settings leave out of check --deploy, if any.", type: list}
    lacking:
      description: "C(stage): libraries that packages of the release want, and the host has not, each with one that does."
      type: list
    applied: {description: "C(migrate): migrations that were applied now, as app_label.name.", type: list}
    reversed: {description: "C(migrate): migrations that were taken back now.", type: list}
    kept: {description: "C(migrate): migrations of the database that the release does not know and that were left.", type: list}
    dump: {description: "C(migrate): name of the dump that was taken before; may be empty.", type: str}
    saved: {description: "C(restore): name of the dump of what the database held before.", type: str}
    release: {description: "C(activate), C(go_back): id of the release that is live.", type: str}
    instance: {description: "C(activate): name of the processes' units behind the @.", type: str}
    reasons: {description: "C(activate), C(go_back): why there was something to do.", type: list}
    settings_changed: {description: "C(activate): names of the settings that changed.", type: list}
    pruned: {description: "C(record): ids of the releases that were removed.", type: list}
problem: {description: "With O(fleet), why this host could not switch or go back.", returned: when it could not, type: str}
waiting: {description: "With O(fleet), the turn of this host did not come.", returned: when it did not, type: bool}
again: {description: "With O(fleet), what is said of this host was said before.", returned: in later batches, type: bool}
lines: {description: "What is live, and how long each phase took, in words.", returned: always, type: list, elements: str}
sent_bytes: {description: Size of what was sent to the host., returned: always, type: int}
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ansible.module_utils.placid.module import run

if TYPE_CHECKING:  # Ansible sends what is imported here; the host imports a phase when it is its turn.
    from ansible.module_utils.placid.phases import activate, ask, go_back, manage, migrate, record, restore, stage  # noqa: F401

PHASES = ["ask", "stage", "migrate", "activate", "record", "go_back", "restore", "manage"]
SPEC = {
    "phases": {"type": "list", "elements": "str", "choices": PHASES, "required": True},
    "done": {"type": "dict", "default": {}},
    "planned_on": {"type": "str"},
    "release": {"type": "str", "default": ""},
    "spec": {"type": "dict"},
    "manifest": {"type": "dict"},
    "needed": {"type": "dict"},
    "bundle": {"type": "path"},
    "bundle_content": {"type": "str", "no_log": True},  # no secret, but nothing for the host's log either
    "migrations": {"type": "str", "choices": ["refuse", "keep", "reverse"], "default": "refuse"},
    "apply_migrations": {"type": "bool", "default": True},
    "database_url": {"type": "str", "default": "", "no_log": True},
    "dump_before_migrate": {"type": "bool", "default": False},
    "keep_dumps": {"type": "int", "default": 5},
    "dump": {"type": "str", "default": ""},
    "command": {"type": "str", "default": ""},
    "version": {"type": "str", "default": ""},
    "front_door": {
        "type": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 80},
            "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
            "certificate": {"type": "str", "default": ""},
            "smoke": {"type": "list", "elements": "str", "default": []},
        },
    },
    "provisional": {"type": "bool", "default": False},
    "unconfirmed": {"type": "bool", "default": False},
    "event": {"type": "str", "choices": ["deployed", "rolled back", "settings"], "default": "deployed"},
    "plan": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "int", "default": 5},
    "keep_mb": {"type": "int", "default": 0},
}


def phase(name: str) -> ModuleType:
    return importlib.import_module(f"ansible.module_utils.placid.phases.{name}")


def main() -> None:
    run(phase, SPEC)


if __name__ == "__main__":
    main()
