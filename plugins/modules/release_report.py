#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_report
short_description: Put into words what hosts said of their releases, and tell whether a commit is live
description:
  - Runs on the controller, once for all hosts, and touches none of them.
options:
  applications:
    description: The applications, each with C(name) and C(repository).
    type: list
    elements: dict
    required: true
  environments:
    description: The environment of every host, also of those that did not answer.
    type: dict
    required: true
  hosts:
    description: What M(release_status) returned, by host.
    type: dict
    required: true
  balancers:
    description: Those of the hosts that send visitors on to the others, so that nothing is live on them.
    type: list
    elements: str
    default: []
  databases:
    description: Those of the hosts that have databases and no application.
    type: list
    elements: str
    default: []
  commit:
    description:
      - A commit, full or short, or a tag or branch; empty to ask for none.
      - It is live where it is the live commit, or an ancestor of it according to the repository as this machine has it.
    type: str
    default: ""
  cache_dir:
    description: Directory on the controller with the mirrors of repositories.
    type: path
    required: true
  runs: {description: How many of the last runs to tell that this machine keeps a record of., type: int, default: 0}
attributes:
  check_mode: {support: full, description: It changes nothing.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Put it into words
  release_report:
    applications: "{{ apps }}"
    environments: {web1: staging}
    hosts: "{{ statuses }}"
    commit: 0123abcd
    cache_dir: .placid
"""

RETURN = r"""
lines:
  description: What is live and what happened, in words; with the answer at the end when it is yes.
  returned: success
  type: list
  elements: str
live:
  description: Whether the commit is live on every host.
  returned: when a commit was asked for
  type: bool
answer:
  description: The same in a sentence, with the reason for a no.
  returned: when a commit was asked for
  type: str
"""
