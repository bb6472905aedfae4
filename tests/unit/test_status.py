"""What a ledger says of the live release and of the last runs, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid.status import answer, became_live, describe, describe_balancer, happened, moment, recorded, runs

Event = dict[str, Any]


def events(token: str, purpose: str, minute: int, *names: str, **more: Any) -> list[Event]:
    """The events of one run, a second apart; more goes to the last of them."""
    made: list[Event] = [
        {"event": name, "time": f"2026-01-02T03:{minute:02}:{second:02}+00:00", "who": "ada@desk"}
        | {"deployment": token, "purpose": purpose, "release": purpose.split()[-1].upper()}
        for second, name in enumerate(names)
    ]
    made[-1].update(more)
    return made


FIRST = events("a", "deploy v1", 1, "staged", "migrated", "activated", "deployed", commit="1" * 40)
FIRST[1]["applied"] = ["x.0001", "x.0002"]
SECOND = events("b", "deploy v2", 2, "staged", "activated", "deployed", "pruned", commit="2" * 40)
FAILED = events("c", "deploy v3", 3, "staged", "failed", phase="migrate", reason="no such column: x.")
BACK = events("d", "roll back to v1", 4, "activated", "rolled back", commit="1" * 40, kept=["x.0003"])
CUT = events("e", "deploy v4", 5, "staged", "activated")
SETTINGS = events("f", "change the settings", 6, "activated", "settings", settings=["DEBUG", "NAME"])
LEDGER = [*FIRST, *SECOND, *FAILED, *BACK, *CUT]


@pytest.mark.parametrize(
    ("ledger", "release", "time"),
    [
        (FIRST, "V1", "2026-01-02T03:01:02+00:00"),
        ([*FIRST, *SECOND, *FAILED], "V2", "2026-01-02T03:02:01+00:00"),
        ([*FIRST, *SECOND, *BACK], "V1", "2026-01-02T03:04:00+00:00"),
        ([*FIRST, *[each | {"release": "V1"} for each in SETTINGS]], "V1", "2026-01-02T03:01:02+00:00"),
    ],
)
def test_since_when_a_release_is_live(ledger: list[Event], release: str, time: str) -> None:
    assert became_live(ledger, release)["time"] == time


def test_a_ledger_that_was_lost_does_not_say_since_when() -> None:
    assert became_live([], "V1") == became_live(FIRST, "V2") == {}


def test_the_events_of_a_run_are_told_as_one() -> None:
    told = [happened(run) for run in runs(LEDGER, 10)]
    assert told == [
        "2026-01-02 03:01:03 UTC ada@desk, deploy v1: 111111111111 is live; migrations applied x.0001, x.0002",
        "2026-01-02 03:02:02 UTC ada@desk, deploy v2: V2 is live",
        "2026-01-02 03:03:01 UTC ada@desk, deploy v3: FAILED in migrate (V3): no such column: x",
        "2026-01-02 03:04:01 UTC ada@desk, roll back to v1: 111111111111 is live again; migrations kept x.0003",
        "2026-01-02 03:05:01 UTC ada@desk, deploy v4: UNFINISHED: V4 was activated",
    ]
    assert [happened(run) for run in runs(LEDGER, 2)] == told[-2:]
    assert runs(LEDGER, 0) == []


def test_a_run_that_goes_on_is_not_called_unfinished() -> None:
    assert happened(runs(CUT, 1)[0], at_work="e").endswith("deploy v4: under way with V4")


def test_many_migrations_are_counted() -> None:
    run = runs(events("a", "deploy v1", 1, "migrated", applied=[f"x.{number:04}" for number in range(1, 20)]), 1)[0]
    assert happened(run).endswith("; migrations applied x.0001 to x.0019 (19 in all)")


@pytest.mark.parametrize(("names", "words"), [(["A", "B"], "restarted with other settings (A, B)"), ([], "restarted")])
def test_a_change_of_settings_names_them(names: list[str], words: str) -> None:
    assert happened(runs(events("a", "change settings", 1, "activated", "settings", settings=names), 1)[0]).endswith(f": {words}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-01-02T03:04:05.678+00:00", "2026-01-02 03:04:05 UTC"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02 01:04:05 UTC"),
        ("", "an unknown time"),
        ("long ago", "long ago"),
    ],
)
def test_a_time_is_told_in_utc(text: str, words: str) -> None:
    assert moment(text) == words


WHERE = {
    "id": "V2",
    "commit": "2" * 40,
    "code": "/srv/x/releases/V2",
    "packages": "/srv/x/venvs/1",
    "runs": {"web": "gunicorn x"},
}
STATUS: dict[str, Any] = {
    "prepared": True,
    "live": {**WHERE, "time": "2026-01-02T03:04:05+00:00", "who": "ada@desk", "purpose": "deploy v2"},
    "processes": {"expected": 4, "proved": 4, "problems": [], "others": []},
    "certificate": {},
    "maintenance": False,
    "at_work": {},
    "rollback": [{"id": "V1", "commit": "1" * 40}],
    "runs": [],
}
CERTIFICATE = {
    "ends": "2026-04-01T00:00:00+00:00",
    "days": 60,
    "soon": False,
    "made_here": False,
    "asked": True,
    "complaint": "",
}
EMPTY = {**STATUS, "live": {}, "processes": {}, "rollback": []}


def test_a_host_where_all_is_well() -> None:
    assert describe("one (staging)", "guestbook", STATUS) == [
        "one (staging), guestbook: V2 is live, commit 222222222222, since 2026-01-02 03:04:05 UTC by ada@desk (deploy v2)",
        "  code: /srv/x/releases/V2",
        "  packages: /srv/x/venvs/1",
        "  processes: all 4 run the live release",
        "    web: gunicorn x",
        "  a rollback can go to: V1 (111111111111)",
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"prepared": False}, "one, guestbook: not prepared. Run ansible-playbook site.yml for this host first."),
        ({"maintenance": True}, "  maintenance: ON, until ansible-playbook maintenance.yml -e state=off -e app=guestbook"),
        (EMPTY, "one, guestbook: nothing is live yet"),
        (EMPTY, "  a rollback can go to: nothing"),
        ({"live": WHERE}, "one, guestbook: V2 is live, commit 222222222222"),
        ({"processes": {"expected": 4, "proved": 3, "problems": ["x is not running"], "others": []}}, "    x is not running"),
        (
            {"processes": {"expected": 4, "proved": 3, "problems": [], "others": []}},
            "  processes: ONLY 3 of 4 run the live release",
        ),
        (
            {"processes": {"expected": 4, "proved": 4, "problems": [], "others": ["y"]}},
            "    y runs, too: it is not of the live release",
        ),
        (
            {"at_work": {"who": "bob@desk", "since": "2026-01-02T03:04:05+00:00", "purpose": "deploy v3", "token": "t"}},
            "  at work: bob@desk since 2026-01-02 03:04:05 UTC: deploy v3",
        ),
        ({"runs": runs(SECOND, 1)}, "    2026-01-02 03:02:02 UTC ada@desk, deploy v2: V2 is live"),
    ],
)
def test_what_else_a_host_may_have_to_say(change: dict[str, Any], line: str) -> None:
    assert line in describe("one", "guestbook", {**STATUS, **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "expires on 2026-04-01 00:00:00 UTC, in 60 days"),
        ({"days": 9, "soon": True}, "SOON: expires on 2026-04-01 00:00:00 UTC, in 9 days"),
        ({"days": -1, "soon": True}, "EXPIRED on 2026-04-01 00:00:00 UTC"),
        ({"made_here": True, "asked": False}, "expires on 2026-04-01 00:00:00 UTC, in 60 days"),
        (
            {"made_here": True},
            "NONE of the authority's yet, a self-signed one stands in and expires on 2026-04-01 00:00:00 UTC, in 60 days",
        ),
        (
            {"complaint": "no such host"},
            "expires on 2026-04-01 00:00:00 UTC, in 60 days; the authority issues no other: no such host",
        ),
    ],
)
def test_a_certificate_that_a_person_must_look_at_is_told_apart(change: dict[str, Any], words: str) -> None:
    lines = describe("one", "guestbook", {**STATUS, "certificate": {**CERTIFICATE, **change}})
    assert lines[1] == f"  certificate: {words}"


def test_a_balancer_has_nothing_live_and_tells_of_its_certificate() -> None:
    lines = describe_balancer("lb", "guestbook", {**EMPTY, "prepared": False, "certificate": CERTIFICATE})
    assert lines == [
        "lb, guestbook: visitors are sent on to the application servers",
        "  certificate: expires on 2026-04-01 00:00:00 UTC, in 60 days",
    ]


@pytest.mark.parametrize(
    ("hosts", "live", "sentence"),
    [
        ({"one": "", "two": ""}, True, "Is v1 live in staging? Yes."),
        ({"one": "", "two": "did not answer"}, False, "Is v1 live in staging? No: two did not answer."),
        ({"one": "a", "two": "b"}, False, "Is v1 live in staging? No: one a; two b."),
        ({}, False, "Is v1 live in staging? No: it has no host."),
    ],
)
def test_a_commit_is_live_where_every_host_has_it(hosts: dict[str, str], live: bool, sentence: str) -> None:
    assert answer("v1", "staging", hosts) == (live, sentence)


def test_records_are_told_with_how_they_ended() -> None:
    record = {
        "id": "20260102T030405Z-01234567",
        "started": "2026-01-02T03:04:05+00:00",
        "who": "ada@desk",
        "purpose": "deploy v2",
        "commit": "c" * 40,
        "hosts": {"one": {"result": "ok"}, "two": {"result": "ok"}},
        "result": "ok",
    }
    forced = {**record, "promotion": "promotion: FORCED, though …"}
    failed = {**record, "result": "failed", "error": "It broke.\nAnd more."}
    killed = {**record, "result": "unfinished", "hosts": {}}
    command = {**record, "purpose": "run manage.py check", "hosts": {"one": {"result": "ok"}}}
    restored = {**command, "purpose": "restore D", "commit": "", "dump": "E"}
    assert recorded([command, restored]) == [
        "    2026-01-02 03:04:05 UTC ada@desk, run manage.py check: cccccccccccc on one ok (20260102T030405Z-01234567)",
        "    2026-01-02 03:04:05 UTC ada@desk, restore D: the database on one ok (20260102T030405Z-01234567)",
    ]
    head = "    2026-01-02 03:04:05 UTC ada@desk, deploy v2: "
    assert recorded([record, forced, failed, killed, {}]) == [
        f"{head}cccccccccccc on one ok, two ok (20260102T030405Z-01234567)",
        f"{head}cccccccccccc on one ok, two ok, promotion forced (20260102T030405Z-01234567)",
        f"{head}FAILED: It broke. (20260102T030405Z-01234567)",
        f"{head}UNFINISHED, as far as this machine knows (no host was reached) (20260102T030405Z-01234567)",
        "    an unknown time somebody, : UNFINISHED, as far as this machine knows (no host was reached) ()",
    ]
