"""Phases of one call on a host: what each of them needs to be true."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.placid import module
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout

DEPLOYMENT = {"token": "t", "who": "ada@laptop", "purpose": "deploy v1", "since": "s", "wait": 0.0}


@pytest.mark.parametrize("make", [os.pipe, lambda: [each.detach() for each in socket.socketpair()]], ids=["pipe", "socket"])
def test_a_controller_that_is_gone_is_noticed(make: Any) -> None:
    reader, writer = make()
    assert not module.alone(writer)
    os.write(writer, b"not read")
    assert not module.alone(writer)
    os.close(reader)
    assert module.alone(writer)
    os.close(writer)


def test_a_terminal_and_a_file_are_somebody(tmp_path: Path) -> None:
    master, terminal = os.openpty()
    assert not module.alone(terminal)
    with (tmp_path / "file").open("wb") as file:
        assert not module.alone(file.fileno())
    os.close(terminal)
    os.close(master)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("guestbook", tmp_path)
    layout.release("R1").mkdir(parents=True)
    (layout.release("R1") / "release.json").write_text('{"id": "R1"}')
    layout.current.symlink_to("releases/R1")
    return layout


def asked(planned_on: str | None, release: str, done: dict[str, Any], check_mode: bool = False) -> Any:
    params = {"deployment": DEPLOYMENT, "planned_on": planned_on, "release": release, "done": done}
    return SimpleNamespace(params=params, check_mode=check_mode)


@pytest.mark.parametrize(
    ("planned_on", "release", "done"),
    [
        pytest.param(None, "new", {}, id="no plan was made"),
        pytest.param("R1", "new", {}, id="it is what the plan was made for"),
        pytest.param("old", "R1", {}, id="a killed run carried the plan out"),
        pytest.param("old", "new", {"activate": {}}, id="this run switched"),
    ],
)
def test_a_plan_that_holds_is_carried_out(layout: Layout, planned_on: str | None, release: str, done: dict[str, Any]) -> None:
    with module.locked(asked(planned_on, release, done), layout):
        pass


@pytest.mark.parametrize("damage", [shutil.rmtree, lambda release: (release / "release.json").write_text("{")])
def test_a_live_release_that_was_removed_or_damaged_by_hand_is_nothing(layout: Layout, damage: Callable[[Path], object]) -> None:
    damage(layout.release("R1"))
    with module.locked(asked("", "new", {}), layout):
        pass


@pytest.mark.parametrize("release", ["new", ""], ids=["a deployment", "a change of settings"])
@pytest.mark.parametrize(("planned_on", "told"), [("old", "old"), ("", "nothing")])
def test_a_plan_that_another_deployment_overtook_is_not(layout: Layout, release: str, planned_on: str, told: str) -> None:
    with pytest.raises(PlacidError) as error, module.locked(asked(planned_on, release, {}), layout):
        pass
    assert str(error.value) == (
        f"R1 is live now, and the plan was made for {told}. Nothing was changed. Type the same command again to see the new plan."
    )
    assert layout.lock.read_bytes() == b""


def test_check_mode_stands_in_nobodys_way(layout: Layout) -> None:
    with module.locked(asked(None, "new", {}, check_mode=True), layout):
        pass
    assert not layout.lock.exists()
    with module.locked(asked(None, "new", {}), layout):
        pass
    assert layout.lock.exists()
