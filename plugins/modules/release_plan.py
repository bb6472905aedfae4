#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_plan
short_description: Decide what a deployment or a rollback is going to do
description:
  - Runs on the controller, once for all hosts, and touches none of them.
options:
  application:
    description: The application, as M(application_info) returns it.
    type: dict
    required: true
  hosts:
    description: What C(ask) of M(release) returned, by host.
    type: dict
    required: true
  artefact:
    description: What M(artefact) returned; for a deployment.
    type: dict
  rollback_to:
    description:
      - Where to go back to, as a release's id, its commit or the beginning of one, or a tag or branch as the repository on this
        machine knows it; empty for the previous good release. Given, it plans a rollback.
    type: str
  cache_dir: {description: "For a rollback: directory on the controller with the mirrors of repositories.", type: path}
  migrations:
    description: What becomes of migrations that the live release knows and this one does not.
    type: str
    choices: [refuse, keep, reverse]
    default: refuse
  environment:
    description: The environment of the hosts. In production, a deployment that requires no run in staging says so.
    type: str
    default: ""
  require_promoted:
    description: Whether only an artefact may be deployed that staging has run, healthy, by the records on the controller.
    type: bool
    default: false
  require_supported:
    description: Whether only a Django may be deployed that gets security fixes; otherwise the plan says that it gets none.
    type: bool
    default: false
  promote: {description: V(force) deploys one that staging has not run; that is recorded., type: str, default: ""}
  confirm:
    description: Whether to show the plan and go on only when a person types yes. Not in check mode.
    type: bool
    default: false
attributes:
  check_mode: {support: full, description: It changes nothing.}
  diff_mode: {support: none, description: The plan is returned.}
author: Placid
"""

EXAMPLES = r"""
- name: Plan the deployment
  release_plan:
    application: "{{ known.application }}"
    hosts: "{{ infos }}"
    artefact: "{{ artefact }}"
"""

RETURN = r"""
release:
  description: What release.json of the release holds or will hold.
  returned: success
  type: dict
lines:
  description: The plan in words.
  returned: success
  type: list
  elements: str
promotion:
  description:
    - How it is known that staging has run the artefact, or that this was forced, or that in production nobody asked; else empty.
  returned: success
  type: str
confirmed:
  description: Whether a person was asked, and said yes.
  returned: success
  type: bool
"""
