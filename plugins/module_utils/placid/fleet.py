"""Several hosts of one application: in which order they switch, and who goes back when one could not. Pure.

A host that switched keeps what it had before (see provisional.py) until the run is confirmed: that is, until one host has
written the run's end into its ledger, which none does before all have switched. So whatever ends a run, the next one finds
for each host whether its last switch counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.schema import bring_back

SIZE = re.compile(r"([1-9][0-9]*)(%?)")
Infos = Mapping[str, Mapping[str, Any]]
Outcomes = Mapping[str, Mapping[str, Any]]


class FleetError(PlacidError):
    """Hosts that are not in one state, or could not be brought into one."""


def batch_size(size: Any, hosts: int) -> int:
    """How many of so many hosts switch together: size is a number of them, or a share such as 50%, of which at least one.

    Raises ValueError where it is neither.
    """
    match = SIZE.fullmatch(str(size))
    if not match or (match[2] and int(match[1]) > 100):
        raise ValueError(size)
    return max(1, hosts * int(match[1]) // 100) if match[2] else int(match[1])


def batches(hosts: Sequence[str], size: Any) -> list[list[str]]:
    """The hosts in the order of the inventory, cut into batches; never none, so that there is always a first."""
    step = batch_size(size, len(hosts))
    return [list(hosts[start : start + step]) for start in range(0, len(hosts), step)] or [[]]


def unconfirmed(host: str, hosts: Infos) -> bool:
    """Whether what a host keeps from before its last switch still counts: no host has confirmed the run that kept it.

    hosts: what the phase `ask` of `release` said of each.
    """
    kept = hosts[host].get("before") or {}
    return bool(kept) and not any(kept["token"] in info.get("confirmed", []) for info in hosts.values())


def check_whole(wanted: Sequence[str], play: Sequence[str]) -> None:
    """Raises FleetError where a run leaves out hosts that are to run one release with the others."""
    missing = [host for host in wanted if host not in play]
    if missing:
        raise FleetError(
            f"{', '.join(missing)} would stay on another release than {', '.join(play)}. Type the command without -l for single "
            "hosts; take a host that is gone for good out of the inventory."
        )


def check_one_release(hosts: Infos) -> None:
    """Raises FleetError where the hosts run different releases, so that nothing can be said of `the live one`."""
    live = {host: info["live"].get("id", "") for host, info in hosts.items()}
    if len(set(live.values())) > 1:
        told = ", ".join(f"{host} runs {release or 'nothing'}" for host, release in live.items())
        raise FleetError(
            f"The hosts do not run one release: {told}. An earlier run was cut short, or a host is new. Bring them together "
            "first: ansible-playbook deploy.yml -e version=<commit>, or rollback.yml -e release=<id>."
        )


def problems(outcomes: Outcomes) -> dict[str, str]:
    """What went wrong, by host."""
    return {host: str(outcome["problem"]) for host, outcome in outcomes.items() if outcome.get("problem")}


def goes_back(host: str, hosts: Infos, outcomes: Outcomes) -> bool:
    """Whether a host is to be taken back: a host could not switch, and this one tried to, or an earlier run left it switched."""
    tried = not outcomes[host].get("waiting")
    return bool(problems(outcomes)) and (tried or unconfirmed(host, hosts))


def verdict(outcomes: Outcomes, returns: Outcomes, taken: Sequence[str] = (), live: Mapping[str, str] | None = None) -> str:
    """Why the run failed and what each host serves now; empty where every host switched.

    outcomes: what the phase `activate` of `release` returned for each host. returns: what `go_back` did. taken: the migrations
    that were taken back before. live: the release from before the run, which needs them.
    """
    found = problems(outcomes)
    if not found:
        return ""
    stuck = problems(returns)
    lines = [f"{host} could not switch: {problem}" for host, problem in found.items()]
    lines += [f"{host} could not be taken back: {problem}" for host, problem in stuck.items()]
    needed = bring_back(taken, live["id"], live["commit"]) if live else ""
    told = ", ".join(f"{host} {outcome.get('release') or 'nothing'}" for host, outcome in returns.items() if host not in stuck)
    if not stuck:
        return "\n".join(
            [*lines, f"Every host serves what it served before: {told}. Mend the cause and type the same command again.{needed}"]
        )
    lines.append(f"The others serve what they served before: {told or 'there are none'}.")
    unknown = f"What {', '.join(stuck)} serves is not known."
    return "\n".join([*lines, f"{unknown} Once it answers, type the same command again: it brings all hosts together.{needed}"])
