"""What is taken back, and what is waited for. Migrations themselves are tested on hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from ansible.module_utils.placid import migrations
from ansible.module_utils.placid.django_migrations import patiently, reverse_targets

Key = tuple[str, str]


@dataclass
class Node:
    """As in Django's MigrationGraph."""

    key: Key
    children: list[Node] = field(default_factory=list)


def loader(*edges: str) -> SimpleNamespace:
    """The graph of edges such as "shop.0002 < shop.0001", the first depending on the second."""
    node_map: dict[Key, Node] = {}

    def node(name: str) -> Node:
        label, _, migration = name.partition(".")
        return node_map.setdefault((label, migration), Node((label, migration)))

    for edge in edges:
        child, _, parent = edge.partition(" < ")
        made = node(child)
        if parent:
            node(parent).children.append(made)
    return SimpleNamespace(graph=SimpleNamespace(nodes=dict.fromkeys(node_map), node_map=node_map))


LINE = ["a.1", "a.2 < a.1", "a.3 < a.2", "b.1 < a.1", "b.2 < b.1", "b.2 < a.2"]


@pytest.mark.parametrize(
    ("graph", "keep", "now", "targets"),
    [
        pytest.param(LINE, "a.1 a.2 a.3 b.1 b.2", "a.1 a.2 a.3 b.1 b.2", [], id="nothing is to go"),
        pytest.param(LINE, "a.1 a.2 b.1 b.2", "a.1 a.2 a.3 b.1 b.2", [["a", "2"]], id="one goes"),
        pytest.param(LINE, "a.1 b.1", "a.1 a.2 a.3 b.1 b.2", [["a", "1"], ["b", "1"]], id="of two applications"),
        pytest.param(LINE, "a.1 a.2 a.3", "a.1 a.2 a.3 b.1 b.2", [["b", "zero"]], id="all of one application"),
        pytest.param(LINE, "", "a.1 a.2 b.1", [["a", "zero"], ["b", "zero"]], id="all"),
        pytest.param(LINE, "a.1 a.2 a.3 b.1 b.2", "a.1", [], id="what is kept need not be there"),
        pytest.param(LINE, "a.1", "a.1 a.2", [["a", "1"]], id="what is not there is not taken back"),
        pytest.param(
            ["a.1", "a.2 < a.1", "a.3 < a.1", "a.4 < a.2", "a.4 < a.3"],
            "a.1",
            "a.1 a.2 a.3 a.4",
            [["a", "1"]],
            id="two branches that were merged",
        ),
    ],
)
def test_where_migrations_go_back_to(graph: list[str], keep: str, now: str, targets: list[list[str]]) -> None:
    assert reverse_targets(loader(*graph), set(keep.split()), now.split()) == targets


@pytest.mark.parametrize(
    ("pending", "known", "applied", "nothing"),
    [
        ([], ["a.1", "a.2"], ["a.1", "a.2"], True),
        (["a.2"], ["a.1", "a.2"], ["a.1"], False),
        ([], ["a.1"], ["a.1", "a.2"], False),
        ([], ["a.1", "a.2", "a.1_squashed"], ["a.1", "a.2"], True),
    ],
)
def test_a_database_that_fits_a_release_need_not_be_asked_again(
    pending: list[str], known: list[str], applied: list[str], nothing: bool
) -> None:
    plan = {"pending": pending, "known": known, "applied_before": applied}
    assert migrations.nothing_to_do(plan) is nothing
    assert migrations.nothing_to_do(None) is False


class OperationalError(Exception):
    """As Django's: what the driver raised is its cause."""

    def __init__(self, **cause: str) -> None:
        super().__init__("canceling statement due to lock timeout")
        self.__cause__ = type("LockNotAvailable", (Exception,), cause)()


@pytest.mark.parametrize("cause", [{"sqlstate": "55P03"}, {"pgcode": "55P03"}])
def test_a_table_that_is_in_use_is_waited_for_a_few_times(cause: dict[str, str]) -> None:
    tries = []

    def migrate(until: int) -> None:
        tries.append(until)
        if len(tries) < until:
            raise OperationalError(**cause)

    patiently(lambda: migrate(3), tries=3, pause=0)
    assert len(tries) == 3
    with pytest.raises(OperationalError):
        patiently(lambda: migrate(9), tries=3, pause=0)
    assert len(tries) == 6


@pytest.mark.parametrize("error", [OperationalError(sqlstate="57014"), OperationalError(), ValueError("No colour was found")])
def test_what_else_goes_wrong_is_not_tried_again(error: Exception) -> None:
    tries = []

    def migrate() -> None:
        tries.append(error)
        raise error

    with pytest.raises(type(error)):
        patiently(migrate, tries=3, pause=0)
    assert tries == [error]
