"""Where things lie on a host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout

GUESTBOOK = Layout("guestbook")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (GUESTBOOK.home, "/srv/guestbook"),
        (GUESTBOOK.release("R"), "/srv/guestbook/releases/R"),
        (GUESTBOOK.venv("0123456789abcdef" * 4), "/srv/guestbook/venvs/0123456789abcdef"),
        (GUESTBOOK.wheels, "/srv/guestbook/wheels"),
        (GUESTBOOK.artefacts, "/srv/guestbook/artefacts"),
        (GUESTBOOK.current, "/srv/guestbook/current"),
        (GUESTBOOK.ledger, "/srv/guestbook/ledger.jsonl"),
        (GUESTBOOK.lock, "/srv/guestbook/lock"),
        (GUESTBOOK.settings, "/etc/guestbook/settings.env"),
        (GUESTBOOK.state, "/var/lib/guestbook"),
        (GUESTBOOK.wsgi, "/srv/guestbook/wsgi"),
        (GUESTBOOK.run, "/run/guestbook"),
        (GUESTBOOK.socket("R.1"), "/run/guestbook/web-R.1.sock"),
        (GUESTBOOK.socket_link("R"), "/srv/guestbook/releases/R/.placid/web.sock"),
    ],
)
def test_paths_of_an_application(path: Path, expected: str) -> None:
    assert str(path) == expected


def test_names_of_an_application() -> None:
    assert GUESTBOOK.unit("worker-2", "R.1") == "guestbook-worker-2@R.1.service"
    assert GUESTBOOK.build_user == "guestbook-build"


def test_every_path_lies_below_another_base(tmp_path: Path) -> None:
    layout = Layout("guestbook", tmp_path)
    for path in (layout.ledger, layout.settings, layout.state, layout.socket("R.1"), layout.socket_link("R")):
        assert tmp_path in path.parents


def test_the_live_release_is_what_current_names(tmp_path: Path) -> None:
    layout = Layout("guestbook", tmp_path)
    assert layout.live_release() is None
    layout.release("R").mkdir(parents=True)
    layout.current.symlink_to("releases/R")
    assert layout.live_release() == "R"
    layout.release("R").rmdir()
    assert layout.live_release() is None, "it was removed by hand"


@pytest.mark.parametrize(
    ("target", "instance"),
    [
        ("/run/guestbook/web-R.1.sock", "R.1"),
        ("/run/guestbook/web-20260102T030405Z-0123abcd.12.sock", "20260102T030405Z-0123abcd.12"),
        ("/run/guestbook/web.sock", None),
        ("/run/guestbook/web-R.sock", None),
        ("/run/guestbook/web-R.1.sock.old", None),
        (None, None),
    ],
)
def test_the_instance_is_what_the_socket_link_names(tmp_path: Path, target: str | None, instance: str | None) -> None:
    layout = Layout("guestbook", tmp_path)
    layout.socket_link("R").parent.mkdir(parents=True)
    if target:
        layout.socket_link("R").symlink_to(target)
    assert layout.instance("R") == instance


def test_a_copy_of_a_release_in_the_place_of_current_says_which_it_is(tmp_path: Path) -> None:
    layout = Layout("guestbook", tmp_path)
    layout.release("R").mkdir(parents=True)
    layout.current.mkdir()
    (layout.current / "release.json").write_text('{"id": "R"}')
    assert layout.live_release() == "R"


@pytest.mark.parametrize("content", [None, "{", "{}", '{"id": "gone"}'])
def test_another_directory_in_the_place_of_current_is_named(tmp_path: Path, content: str | None) -> None:
    layout = Layout("guestbook", tmp_path)
    layout.current.mkdir(parents=True)
    if content:
        (layout.current / "release.json").write_text(content)
    with pytest.raises(PlacidError, match=f"{layout.current} is no symbolic link, .* mv {layout.current} {layout.current}.old"):
        layout.live_release()
