"""Which host switches when, and which one goes back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid import fleet

LIVE = {"live": {"id": "old"}}


@pytest.mark.parametrize(
    ("size", "hosts", "expected"),
    [
        (1, "a", ["a"]),
        (1, "abc", ["a", "b", "c"]),
        ("2", "abc", ["ab", "c"]),
        (9, "abc", ["abc"]),
        ("50%", "a", ["a"]),
        ("50%", "ab", ["a", "b"]),
        ("50%", "abcd", ["ab", "cd"]),
        ("50%", "abc", ["a", "b", "c"]),
        ("1%", "ab", ["a", "b"]),
        ("100%", "abc", ["abc"]),
        (1, "", [""]),
    ],
)
def test_hosts_are_cut_into_batches_in_their_order(size: Any, hosts: str, expected: list[str]) -> None:
    assert fleet.batches(list(hosts), size) == [list(batch) for batch in expected]


@pytest.mark.parametrize("size", [0, -1, "", "0%", "101%", "half", 1.5, True, None, "50 %", "1\n"])
def test_a_batch_is_a_number_or_a_share(size: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        fleet.batch_size(size, 4)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        pytest.param({"a": {}}, False, id="nothing is kept"),
        pytest.param({"a": {"before": {}, "confirmed": ["t"]}}, False, id="nothing is kept any more"),
        pytest.param({"a": {"before": {"token": "t"}, "confirmed": ["s"]}}, True, id="cut short before its end was written"),
        pytest.param({"a": {"before": {"token": "t"}}, "b": {"confirmed": ["s"]}}, True, id="cut short between two switches"),
        pytest.param(
            {"a": {"before": {"token": "t"}}, "b": {"confirmed": ["t", "u"]}}, False, id="cut short while it was written"
        ),
    ],
)
def test_what_a_host_keeps_counts_until_a_host_has_confirmed_the_run(hosts: fleet.Infos, expected: bool) -> None:
    assert fleet.unconfirmed("a", hosts) is expected


def test_a_run_has_all_hosts_of_the_application() -> None:
    fleet.check_whole(["a", "b"], ["b", "a", "c"])
    fleet.check_whole([], ["a"])
    with pytest.raises(fleet.FleetError, match=r"^b, c would stay on another release than a\. "):
        fleet.check_whole(["a", "b", "c"], ["a"])


def test_hosts_with_one_release_have_one() -> None:
    fleet.check_one_release({str(number): LIVE for number in range(2)})


def test_hosts_with_several_releases_are_told_apart() -> None:
    with pytest.raises(fleet.FleetError) as error:
        fleet.check_one_release({"a": LIVE, "b": {"live": {}}})
    assert str(error.value).startswith("The hosts do not run one release: a runs old, b runs nothing. ")


@pytest.mark.parametrize(
    ("a", "outcomes", "expected"),
    [
        pytest.param({}, {"a": {"changed": True}, "b": {"changed": True}}, False, id="all switched"),
        pytest.param({}, {"a": {"changed": True}, "b": {"problem": "ill"}}, True, id="the other one could not"),
        pytest.param({}, {"a": {"problem": "lost"}, "b": {"changed": True}}, True, id="this one could not"),
        pytest.param({}, {"a": {"waiting": True}, "b": {"problem": "ill"}}, False, id="its turn never came"),
        pytest.param(
            {"before": {"token": "t"}},
            {"a": {"waiting": True}, "b": {"problem": "ill"}},
            True,
            id="its turn never came, but an earlier run left it switched",
        ),
        pytest.param(
            {"before": {"token": "t"}}, {"a": {"changed": False}, "b": {"changed": True}}, False, id="an earlier one is mended"
        ),
    ],
)
def test_a_host_goes_back_where_one_could_not_switch(a: dict[str, Any], outcomes: fleet.Outcomes, expected: bool) -> None:
    assert fleet.goes_back("a", {"a": {**LIVE, **a}, "b": LIVE}, outcomes) is expected


def test_there_is_no_verdict_on_hosts_that_switched() -> None:
    assert (
        fleet.verdict({"a": {"changed": True}, "b": {"changed": False}}, {"a": {"release": "new"}, "b": {"release": "new"}}) == ""
    )


def test_a_verdict_says_who_could_not_why_and_what_serves() -> None:
    outcomes: dict[str, dict[str, Any]] = {"a": {"changed": True}, "b": {"problem": "It is ill."}, "c": {"waiting": True}}
    returns: dict[str, dict[str, Any]] = {"a": {"release": "old"}, "b": {"release": "old", "problem": ""}, "c": {"release": ""}}
    assert fleet.verdict(outcomes, returns) == (
        "b could not switch: It is ill.\n"
        "Every host serves what it served before: a old, b old, c nothing. Mend the cause and type the same command again."
    )


def test_a_verdict_says_which_migrations_what_serves_lacks_now() -> None:
    outcomes, returns = {"a": {"problem": "It is ill."}}, {"a": {"release": "old"}}
    assert fleet.verdict(outcomes, returns, ["a.2", "a.3"], {"id": "old", "commit": "0" * 40}).splitlines()[-1] == (
        "old is live still and needs a.2, a.3. To apply them again: ansible-playbook deploy.yml -e version=000000000000"
    )
    assert "is live still" not in fleet.verdict(outcomes, returns, [], {"id": "old", "commit": "0" * 40})
    assert "is live still" not in fleet.verdict(outcomes, returns, ["a.2"], {})


def test_a_verdict_says_of_whom_nothing_is_known() -> None:
    outcomes: dict[str, dict[str, Any]] = {"a": {"changed": True}, "b": {"problem": "the connection was lost"}}
    returns: dict[str, dict[str, Any]] = {"a": {"release": "old"}, "b": {"release": "old", "problem": "it does not answer"}}
    assert fleet.verdict(outcomes, returns) == (
        "b could not switch: the connection was lost\n"
        "b could not be taken back: it does not answer\n"
        "The others serve what they served before: a old.\n"
        "What b serves is not known. Once it answers, type the same command again: it brings all hosts together."
    )
