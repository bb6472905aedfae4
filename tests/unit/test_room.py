"""What of a host stands in the way of its applications, and what to do about it."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid import room

APPS = [{"name": "shop", "python": ""}]
HOST: dict[str, Any] = {
    "memory_mb": 2000,
    "disk_mb": 5000,
    "pythons": ["3.13"],
    "taken": {},
}


def problems(app: dict[str, Any], host: dict[str, Any]) -> list[str]:
    return room.problems([{**APPS[0], **app}], {**HOST, **host}, 512, 1024)


def test_a_host_with_room_is_let_be() -> None:
    assert problems({"python": "3.13"}, {}) == []


@pytest.mark.parametrize(
    ("app", "host", "said"),
    [
        ({}, {"memory_mb": 500}, "The host has 500 MB of memory, 512 are needed."),
        ({}, {"disk_mb": 1000}, "/srv has 1000 MB free, 1024 are needed. Make room"),
        ({"python": "3.12"}, {}, "apps[shop].python is 3.12, but the host has 3.13. Leave it empty"),
        ({}, {"taken": {"shop": ["the host has another user shop"]}}, "apps[shop].name: the host has another user shop. Choose"),
    ],
)
def test_what_stands_in_the_way_is_told_with_its_remedy(app: dict[str, Any], host: dict[str, Any], said: str) -> None:
    (problem,) = problems(app, host)
    assert problem.startswith(said)


def test_all_of_it_is_told_at_once() -> None:
    assert len(problems({"python": "3.9"}, {"memory_mb": 1, "disk_mb": 1})) == 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for directory in ("etc", "var/lib", "usr/lib/systemd/system", "usr/bin", "srv", "proc"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal:        2048000 kB\nMemFree: 1 kB\n")
    return tmp_path


def test_a_host_is_observed(root: Path) -> None:
    for name in ("python3.13", "python3.9", "python3.13-config", "python3"):
        (root / "usr/bin" / name).touch()
    found = room.observe(["shop"], root)
    assert (found["memory_mb"], found["pythons"], found["taken"]) == (2000, ["3.9", "3.13"], {})
    assert found["disk_mb"] > 0


@pytest.mark.parametrize("path", ["etc/shop", "var/lib/shop", "usr/lib/systemd/system/shop.service"])
def test_a_name_that_something_else_has_is_taken(root: Path, path: str) -> None:
    (root / path).mkdir()
    assert len(room.taken("shop", root)) == 1


@pytest.mark.parametrize(
    ("home", "others", "taken"), [("/var/mail", [], 1), ("/nonexistent", [], 0), ("/var/mail", ["mail-build"], 0)]
)
def test_a_user_of_the_systems_is_no_applications(
    root: Path, monkeypatch: pytest.MonkeyPatch, home: str, others: list[str], taken: int
) -> None:
    group = os.getgid()
    users = [pwd.struct_passwd((name, "x", 8, group, "", home, "/usr/sbin/nologin")) for name in ["mail", *others]]
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(grp, "getgrgid", lambda _: type("Group", (), {"gr_name": "mail"}))
    assert len(room.taken("mail", root)) == taken


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        (["*.example.org"], ["wiki.example.org"], ["wiki.example.org is one of *.example.org, which shop has"]),
        (["*.example.org"], ["a.b.Example.org", "wiki.test"], ["a.b.Example.org is one of *.example.org"]),
        (["shop.test", "*.example.org"], ["*.wiki.example.org"], ["*.wiki.example.org is one of *.example.org"]),
        (["wiki.example.org"], ["*.example.org"], []),
        (["*.wiki.example.org"], ["*.example.org"], []),
        (["*.example.org"], ["example.org", "wikiexample.org"], []),
    ],
)
def test_a_wildcard_that_comes_first_hides_another_applications_domain(
    first: list[str], second: list[str], wrong: list[str]
) -> None:
    found = room.shadowed([{"name": "wiki", "domains": second}, {"name": "shop", "domains": first}])
    assert [line.startswith(f"apps[wiki].domains: {start}") for line, start in zip(found, wrong, strict=True)] == [True] * len(
        wrong
    )
