#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: commit_tag
short_description: Tag a commit in the repository that it came from
description:
  - Makes an annotated tag whose tagger and message say who deployed the commit and what for, and pushes it to the repository's
    URL, or from a directory of the controller to its remote C(origin), where it has one.
  - Runs on the controller, and touches no host.
  - A tag that is there already is left as it is. One that cannot be made or pushed is a warning, since what was deployed is live.
options:
  repository:
    description: URL of the repository, or a path on the controller.
    type: str
    required: true
  commit:
    description: The full commit.
    type: str
    required: true
  name:
    description: Name of the tag.
    type: str
    required: true
  deployment:
    description: As M(application_info) returned it.
    type: dict
    required: true
  cache_dir:
    description: Directory of the controller's cache, as M(artefact) takes it.
    type: path
    required: true
attributes:
  check_mode: {support: none, description: It is skipped.}
  diff_mode: {support: none, description: There is nothing to show.}
author: Placid
"""

EXAMPLES = r"""
- name: Tag what is live
  commit_tag:
    repository: https://git.example.org/guestbook.git
    commit: 3f786850e387550fdab836ed7e6dc881de23001b
    name: push/production/guestbook/20260102T030405Z-3f786850
    deployment: "{{ known.deployment }}"
    cache_dir: "{{ playbook_dir }}/.placid"
"""

RETURN = r"""
tag:
  description: The tag that is there now; empty where it could not be pushed, and a warning says why.
  returned: always
  type: str
lines:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: success
  type: float
"""
