"""Whether what is about to be deployed was healthy in staging, from the records that deployments leave on the controller."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.records import OK

#: Where an artefact comes from that production may run.
SOURCE = "staging"
PRODUCTION = "production"
FORCE = "force"
#: What is on record of a deployment to production that nobody asked for a proof of.
UNASKED = "promotion: not required, and not looked for"


class PromotionError(PlacidError):
    """An artefact that was not healthy in staging, and is required to have been."""


def records_directory(playbooks: str | Path) -> Path:
    """Where the callback plugin `records` writes: PLACID_DEPLOYMENTS, or deployments/ beside the playbooks."""
    return Path(playbooks, os.path.expanduser(os.environ.get("PLACID_DEPLOYMENTS") or "deployments"))


def records(directory: Path, environment: str, application: str) -> Iterator[dict[str, Any]]:
    """The records of an application's runs in an environment, the newest first; one that cannot be read is passed over."""
    place = directory / environment / application
    for path in sorted(place.iterdir(), reverse=True) if place.is_dir() else ():
        try:
            content = json.loads((path / "deployment.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(content, dict):
            yield content


def prove(known: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any], force: bool, place: str) -> str:
    """How it is known that staging has run this very artefact, in a line of the plan; raises PromotionError where it has not.

    known: staging's records, the newest first. place: where they are looked for. force: go on all the same.
    """
    same_commit: Mapping[str, Any] = {}
    unknown: Mapping[str, Any] = {}  # a rollback, a change of settings or a command: what had been built is not in its record
    for record in known:
        if record.get("result") != OK or record.get("commit") != manifest["commit"]:
            continue
        if record.get("artefact") == manifest["digest"]:
            return f"promotion: {SOURCE} has run this artefact, healthy, since {record['ended']} ({record['id']})"
        if record.get("artefact"):
            same_commit = same_commit or record
        else:
            unknown = unknown or record
    commit, target = manifest["commit"][:12], manifest["target"]
    if same_commit:
        reason = (
            f"{SOURCE} has run {commit}, but another artefact of it ({same_commit['id']}): built for other hosts than these "
            f"(Python {target['python']}, glibc {target['glibc']}), of another lock, or by another cache"
        )
    elif unknown:
        reason = f"{SOURCE} has run {commit}, but no record in {place} tells of which artefact ({unknown['id']})"
    else:
        reason = f"{SOURCE} has not run {commit}, as far as {place} tells"
    if force:
        return f"promotion: FORCED, though {reason}"
    raise PromotionError(
        f"{reason[0].upper()}{reason[1:]}. Deploy it there first, from this machine: ansible-playbook -i inventories/{SOURCE} "
        f"deploy.yml -e version={commit}. To go on all the same, and have that on record: -e promote={FORCE}"
    )
