"""Sending visitors to another release, and the way back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from ansible.module_utils.placid.daemons import NoDaemons
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.switch import Switch, Switched, all_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("guestbook", tmp_path)
    for release in "ABC":
        (layout.release(release) / ".placid").mkdir(parents=True)
    return layout


def links(layout: Layout) -> dict[str, str]:
    found = {path.name: os.readlink(path) for path in layout.home.iterdir() if path.is_symlink()}
    sockets = {release: layout.socket_link(release) for release in "ABC"}
    return found | {name: os.path.basename(os.readlink(path)) for name, path in sockets.items() if path.is_symlink()}


def switch(layout: Layout, live: str | None, release: str) -> Switch:
    return Switch(layout, NoDaemons(layout), live, release, "")


@pytest.mark.parametrize(
    ("steps", "after"),
    [
        ("A", {"current": "releases/A", "A": "web-A.1.sock"}),
        ("AB", {"current": "releases/B", "previous": "releases/A", "A": "web-A.1.sock", "B": "web-B.1.sock"}),
        ("AA", {"current": "releases/A", "A": "web-A.2.sock"}),
    ],
)
def test_a_switch_is_made_and_undone(layout: Layout, steps: str, after: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    *earlier, last = list(steps)
    for release in earlier:
        switch(layout, None, release).make(f"{release}.1")
    before, live = links(layout), earlier[-1] if earlier else None
    step = switch(layout, live, last)
    with step.undoable() as undo:
        step.make(f"{last}.{steps.count(last)}")
        assert links(layout) == after
        monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: pytest.fail("the disk is full"))
        undo()
        undone = links(layout)
    assert undone | {last: ""} == before | {last: ""}
    assert undone.get(last, "") == before.get(last, f"web-{last}.1.sock")
    assert not list(layout.home.glob(".*"))


def test_what_was_previous_before_is_so_again(layout: Layout) -> None:
    switch(layout, None, "A").make("A.1")
    switch(layout, "A", "B").make("B.1")
    step = switch(layout, "B", "C")
    with step.undoable() as undo:
        step.make("C.1")
        assert links(layout)["previous"] == "releases/B"
        undo()
    assert (links(layout)["current"], links(layout)["previous"]) == ("releases/B", "releases/A")


def test_a_step_that_fails_keeps_no_other_from_being_done() -> None:
    done: list[str] = []

    def fails(error: Exception) -> None:
        raise error

    steps = [
        lambda: fails(OSError("full")),
        lambda: done.append("a"),
        lambda: fails(PlacidError("gone")),
        lambda: done.append("b"),
    ]
    assert all_of(*steps) == "full; gone"
    assert done == ["a", "b"]


def test_the_last_switch_is_known_with_what_it_was_for(layout: Layout) -> None:
    assert Switched.read(layout, "A") == Switched("", "", seen=False)
    Switched("A.1", "rolled back").write(layout, "A")
    assert Switched.read(layout, "A") == Switched("A.1", "rolled back", seen=False)
    Switched("A.1", "rolled back", seen=True).write(layout, "A")
    assert Switched.read(layout, "A") == Switched("A.1", "rolled back", seen=True)
