"""Where a rollback goes, from what the hosts said and what was typed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid import plan
from ansible.module_utils.placid.errors import SourceError
from ansible.module_utils.placid.fleet import FleetError
from ansible.module_utils.placid.plan import PlanError

#: What the repository on the controller knows.
TAGS = {"v1": "a" * 40, "v3": "c" * 40}


def host(
    good: str = "", live: str = "", also: str = "", previous: str = "", releases: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What a host says when it is asked; good, live and also name releases by a letter that begins their commit too.

    previous: the previous good one, where it is not the newest of the others.
    """
    names = sorted({*good.split(), *live.split(), *also.split()})
    known = {name: {"id": name, "commit": name[0].lower() * 40} for name in names} | (releases or {})
    earlier = [name for name in good.split() if name != live]
    return {
        "good": good.split(),
        "previous_good": previous or (earlier[-1] if earlier else ""),
        "live": known[live] if live else {},
        "releases": known,
    }


def tagged(name: str) -> str:
    if name not in TAGS:
        raise SourceError(f"Version {name} is not in /srv/git/guestbook. Get it.")
    return TAGS[name]


@pytest.mark.parametrize(
    ("wanted", "hosts", "release"),
    [
        pytest.param("", {"a": host(good="A B C", live="C")}, "B", id="the previous good one"),
        pytest.param("", {"a": host(good="A B", live="C")}, "B", id="the live one was never good"),
        pytest.param("", {"a": host(good="A C B", live="B", previous="A")}, "A", id="not the one that was gone back from"),
        pytest.param("C", {"a": host(good="A C B", live="B", previous="A")}, "C", id="unless it is named"),
        pytest.param(
            "",
            {"a": host(good="A B", live="B"), "b": host(good="A B C", live="B", previous="B")},
            "B",
            id="where one went that was cut short before every host had recorded it",
        ),
        pytest.param("A", {"a": host(good="A B C", live="C")}, "A", id="by id"),
        pytest.param("a" * 40, {"a": host(good="A B C", live="C")}, "A", id="by commit"),
        pytest.param("aaaaaaa", {"a": host(good="A B C", live="C")}, "A", id="by short commit"),
        pytest.param("aaaa", {"a": host(good="A1 A2 C", live="C")}, "A2", id="the newest of a commit"),
        pytest.param("A1", {"a": host(good="A1 A11 C", live="C")}, "A1", id="a whole id that begins another"),
        pytest.param("A2", {"a": host(good="A1 A25 C", live="C")}, "A25", id="by the beginning of an id"),
        pytest.param("v1", {"a": host(good="A B C", live="C")}, "A", id="by tag"),
        pytest.param("C", {"a": host(good="A C", live="C")}, "C", id="typed again, by id"),
        pytest.param("ccc", {"a": host(good="A C", live="C")}, "C", id="typed again, by commit"),
        pytest.param("v3", {"a": host(good="A C", live="C")}, "C", id="typed again, by tag"),
        pytest.param("ccc", {"a": host(good="A C1 C2", live="C2")}, "C1", id="another one of the live commit"),
        pytest.param("", {"a": host(good="A B", live="B"), "b": host(live="B", also="A")}, "A", id="every host has it"),
        pytest.param("A", {"a": host(good="A", live="A"), "b": host(live="B", also="A")}, "A", id="one host is there already"),
    ],
)
def test_what_a_rollback_puts_back(wanted: str, hosts: dict[str, Any], release: str) -> None:
    assert plan.rollback_target(wanted, hosts, tagged) == release


NOTHING = "a has no earlier release that was good: there is nothing to go back to. Deploy a version instead."


@pytest.mark.parametrize(
    ("wanted", "hosts", "message"),
    [
        ("", {"a": host()}, NOTHING),
        ("", {"a": host(good="A", live="A")}, NOTHING),
        ("", {"a": host(live="B", also="A")}, NOTHING),
        (
            "nope",
            {"a": host(good="A B C", live="C", also="D")},
            "a has no good release 'nope' beside the live one. It has: B (bbbbbbbbbbbb); A (aaaaaaaaaaaa). Say -e release=<id, "
            "commit or tag>. Version nope is not in /srv/git/guestbook. Get it.",
        ),
        (
            "v3",
            {"a": host(good="A B", live="B")},
            "a has no good release of v3, which is commit cccccccccccc, beside the live one. It has: A (aaaaaaaaaaaa). Say "
            "-e release=<id, commit or tag>.",
        ),
        (
            "A",
            {"a": host(good="A1 B A2 C", live="C")},
            "'A' is ambiguous: it begins A2 (aaaaaaaaaaaa); A1 (aaaaaaaaaaaa). Give more of one of them: -e release=<id or "
            "commit>.",
        ),
        (
            "a",
            {"a": host(good="A a1 C", live="C", releases={"a1": {"id": "a1", "commit": "ab" * 20}})},
            "'a' is ambiguous: it begins a1 (abababababab); A (aaaaaaaaaaaa). Give more of one of them: -e release=<id or "
            "commit>.",
        ),
        (
            "D",
            {"a": host(good="A", live="A", also="D")},
            "a has no good release 'D' beside the live one. It has: none. Say -e release=<id, commit or tag>. Version D is not "
            "in /srv/git/guestbook. Get it.",
        ),
        (
            "",
            {"a": host(good="A B", live="B"), "b": host(live="B"), "c": host(live="B", also="A"), "d": host(live="B")},
            "b, d does not have the release A. Deploy its version instead.",
        ),
    ],
)
def test_a_rollback_that_cannot_be_says_what_there_is(wanted: str, hosts: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError) as error:
        plan.rollback_target(wanted, hosts, tagged)
    assert str(error.value) == message


def test_a_rollback_of_hosts_that_differ_asks_where_to() -> None:
    with pytest.raises(FleetError, match=r"^The hosts do not run one release: a runs B, b runs A\. "):
        plan.rollback_target("", {"a": host(good="A B", live="B"), "b": host(good="A", live="A")}, tagged)
