#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application_info
short_description: Choose the application that is meant, with its defaults filled in
description:
  - Runs on the controller, and touches no host.
  - Checks the entry and fails with the path of a key that is wrong.
options:
  apps:
    description: The applications, as the inventory describes them.
    type: list
    elements: dict
    required: true
  name:
    description: The application that is meant; may be empty where there is only one.
    type: str
    default: ""
  network:
    description: The hosts that hold applications, databases and caches, as in C(app_network); returned as it is.
    type: dict
    default: {}
  environments:
    description: The environments of its hosts, each once. More than one, or another than sandbox, staging and production, fails.
    type: list
    elements: str
    default: []
  version:
    description: The commit, tag or branch to deploy, where one is wanted; an empty one fails.
    type: str
  purpose:
    description: What is about to be done, for whoever finds the lock taken.
    type: str
    required: true
  comment:
    description: Why, in the words of whoever does it. Becomes a part of the purpose.
    type: str
    default: ""
  hosts:
    description: The hosts that are to run one release. A run that leaves one of them out is an error; empty checks nothing.
    type: list
    elements: str
    default: []
  lock_wait:
    description: Seconds to wait for another deployment to end.
    type: float
    default: 0
  confirm:
    description: Whether the person who types wants to be asked; true fails, and is for a playbook that cannot ask.
    type: bool
    default: false
attributes:
  check_mode: {support: full, description: It changes nothing.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Know the application
  application_info:
    apps: "{{ apps }}"
    purpose: deploy v2
"""

RETURN = r"""
application:
  description: The application with every default, without the values of its settings and secrets.
  returned: success
  type: dict
environment:
  description: The environment of the hosts; empty where none was given.
  returned: success
  type: str
network:
  description: What was given, worked out once for all hosts.
  returned: success
  type: dict
deployment:
  description: What the host's modules take to hold the lock and to sign the ledger.
  returned: success
  type: dict
"""
