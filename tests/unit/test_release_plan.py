"""What a deployment is going to do, from what the hosts said."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible.module_utils.placid import plan
from ansible.module_utils.placid.application import normalise
from ansible.module_utils.placid.plan import PlanError

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
APP = normalise({"name": "guestbook", "repository": "/srv/git/guestbook", "domains": ["guestbook.example.org"]})
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MANIFEST = {
    "commit": COMMIT,
    "subject": "Show the newest entries first",
    "digest": "d" * 64,
    "venv_digest": "e" * 64,
    "wheels": [{"sha256": "b" * 64}, {"sha256": "a" * 64}],
    "installer": {"sha256": "c" * 64},
    "source": {"file": f"{COMMIT}.tar.zst"},
}


def host(
    target: tuple[str, str, str] = ("3.13", "x86_64", "2.41"),
    prepared: bool = True,
    pythons: tuple[str, ...] = ("3.13",),
    releases: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What a host says when it is asked."""
    return {
        "target": dict(zip(("python", "machine", "glibc"), target, strict=True)),
        "prepared": prepared,
        "pythons": list(pythons),
        "releases": releases or {},
    }


TRIXIE, BOOKWORM = ("3.13", "x86_64", "2.41"), ("3.11", "x86_64", "2.36")


@pytest.mark.parametrize(
    ("python", "hosts", "target"),
    [
        pytest.param("", {"a": host()}, TRIXIE, id="the host's own interpreter"),
        pytest.param("3.12", {"a": host(pythons=("3.12", "3.13"))}, ("3.12", "x86_64", "2.41"), id="the one asked for"),
        pytest.param(
            "3.12",
            {"a": host(TRIXIE, pythons=("3.12",)), "b": host(BOOKWORM, pythons=("3.11", "3.12"))},
            ("3.12", "x86_64", "2.36"),
            id="the oldest C library of all",
        ),
        pytest.param(
            "",
            {"a": host(("3.13", "x86_64", "2.9")), "b": host(("3.13", "x86_64", "2.36"))},
            ("3.13", "x86_64", "2.9"),
            id="2.9 is older than 2.36",
        ),
    ],
)
def test_wheels_fit_every_host(python: str, hosts: dict[str, Any], target: tuple[str, ...]) -> None:
    found = plan.target("guestbook", python, hosts)
    assert found == dict(zip(("python", "machine", "glibc"), target, strict=True))


@pytest.mark.parametrize(
    ("python", "hosts", "message"),
    [
        (
            "",
            {"a": host(prepared=False), "b": host(), "c": host(prepared=False)},
            "a, c: not prepared for guestbook. Run ansible-playbook site.yml -l a,c first.",
        ),
        (
            "3.12",
            {"a": host(pythons=("3.12",)), "b": host(pythons=("3.11", "3.13"))},
            "b: no Python 3.12, but 3.11, 3.13. Change apps[guestbook].python, or install it there.",
        ),
        (
            "",
            {"a": host(TRIXIE), "b": host(BOOKWORM)},
            "The hosts differ in their python (a 3.13, b 3.11), so one wheelhouse cannot serve them: name one version in "
            "apps[guestbook].python.",
        ),
        (
            "",
            {"a": host(TRIXIE), "b": host(("3.13", "aarch64", "2.41"))},
            "The hosts differ in their machine (a x86_64, b aarch64), so one wheelhouse cannot serve them: let all "
            "that one environment has be of one kind.",
        ),
    ],
)
def test_hosts_that_no_wheelhouse_fits_are_named(python: str, hosts: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError) as error:
        plan.target("guestbook", python, hosts)
    assert str(error.value) == message


def test_a_release_says_all_that_is_fixed_when_it_is_staged() -> None:
    spec = plan.release(APP, MANIFEST, {"a": host()}, NOW)
    assert len(spec.pop("spec_digest")) == 64
    assert spec == {
        "format": 1,
        "id": "20260102T030405Z-01234567",
        "application": "guestbook",
        "commit": COMMIT,
        "artefact": "d" * 64,
        "source": f"{COMMIT}.tar.zst",
        "venv_digest": "e" * 64,
        "wheels": ["a" * 64, "b" * 64, "c" * 64],
        "processes": {"web": {"command": "gunicorn guestbook.wsgi", "count": 1, "overlap": True}},
        "static": {"root": "static", "url": "/static/"},
        "build": [],
        "health_check": {"path": "/", "status": 0, "timeout": 30},
        "settings_module": "guestbook.settings",
        "check_fail_level": "ERROR",
    }


def test_a_release_of_the_same_content_is_taken_up_again_under_its_id() -> None:
    first = plan.release(APP, MANIFEST, {"a": host()}, NOW)
    later = NOW + datetime.timedelta(days=1)
    hosts = {"a": host(releases={"X": {"id": "X"}}), "b": host(releases={first["id"]: first})}
    assert plan.release(APP, MANIFEST, hosts, later) == first


def test_of_several_releases_of_the_same_content_the_newest_is_taken_up() -> None:
    first = plan.release(APP, MANIFEST, {"a": host()}, NOW)
    second = {**first, "id": "20260103T000000Z-01234567"}
    hosts = {"a": host(releases={second["id"]: second}), "b": host(releases={first["id"]: first})}
    assert plan.release(APP, MANIFEST, hosts, NOW)["id"] == second["id"]


@pytest.mark.parametrize(
    ("app", "manifest", "same"),
    [
        pytest.param({"keep": 9, "domains": ["other.example.org"]}, {"subject": "other"}, True, id="what the inventory rules"),
        pytest.param({"settings": {"A": "1"}, "secrets": {"B": "2"}}, {}, True, id="settings and secrets"),
        pytest.param({"processes": {"worker": {"command": "x", "count": 1, "overlap": True}}}, {}, False, id="processes"),
        pytest.param({"processes": {"web": {**APP["processes"]["web"], "memory_max": "1G"}}}, {}, True, id="limits of a process"),
        pytest.param({"build": ["true"]}, {}, False, id="build commands"),
        pytest.param({"static": {"root": "s", "url": "/s/"}}, {}, False, id="static files"),
        pytest.param({"settings_module": "other.settings"}, {}, False, id="settings module"),
        pytest.param({"check_migrations": False}, {}, False, id="models that need no migration"),
        pytest.param({}, {"digest": "f" * 64}, False, id="artefact"),
        pytest.param({}, {"venv_digest": "f" * 64}, False, id="lock"),
        pytest.param({}, {"commit": "f" * 40}, False, id="commit"),
    ],
)
def test_what_makes_another_release(app: dict[str, Any], manifest: dict[str, Any], same: bool) -> None:
    first = plan.release(APP, MANIFEST, {"a": host()}, NOW)
    hosts = {"a": host(releases={first["id"]: first})}
    other = plan.release({**APP, **app}, {**MANIFEST, **manifest}, hosts, NOW + datetime.timedelta(seconds=1))
    assert (other["id"] == first["id"]) == same
