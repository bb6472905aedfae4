"""What every web server does for an application's visitors: headers, static files and uploads.

The same for nginx and for Apache: see README.md."""

from __future__ import annotations

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.front_door import OWN_PAGE, FrontDoor, assert_headers

POLICIES = {
    "/": "default-src 'none'; script-src 'self'",
    "/nowhere/": "default-src 'none'; script-src 'self'",
    "/static/nowhere.css": OWN_PAGE,
    "/media/nowhere.png": OWN_PAGE,
    "/static/": OWN_PAGE,
    "/media/": OWN_PAGE,
}


@pytest.fixture(scope="module")
def door(host: Host) -> FrontDoor:
    return FrontDoor(host)


def hashed(door: FrontDoor, name: str) -> str:
    """The address of a static file under its hashed name."""
    stem, _, suffix = name.rpartition(".")
    found = str(door.host.check_output("find -L /srv/guestbook/current/static/entries -name %s", f"{stem}.*.{suffix}"))
    return f"/static/entries/{found.rpartition('/')[2]}"


@pytest.mark.parametrize("path", POLICIES)
def test_every_answer_has_each_header_once(door: FrontDoor, path: str) -> None:
    answer = door.ask(path)
    assert answer.status == (200 if path == "/" else 404)
    assert_headers(answer, POLICIES[path])


def test_a_header_of_the_applications_own_stays_as_it_is(door: FrontDoor) -> None:
    with door.echo():
        own, other = door.ask("/own"), door.ask("/other")
    for name in ("x-content-type-options", "referrer-policy", "strict-transport-security"):
        assert own.one(name) == "own"
    # What the application may have left out on purpose stays out.
    assert (other.one("content-security-policy"), other.one("referrer-policy")) == ("", "")
    assert other.one("x-content-type-options") == "nosniff"


def test_a_file_with_a_hashed_name_is_kept_for_a_year(door: FrontDoor) -> None:
    answer = door.ask(hashed(door, "style.css"))
    assert answer.status == 200
    assert answer.one("content-type").startswith("text/css")
    assert answer.one("cache-control") == "public, max-age=31536000, immutable"
    assert_headers(answer, "frame-ancestors 'self'")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_file_without_one_is_asked_for_again(door: FrontDoor, encoding: str) -> None:
    answer = door.ask("/static/entries/style.css", headers={"Accept-Encoding": encoding})
    assert (answer.status, answer.one("cache-control")) == (200, "no-cache")
    known = {"If-None-Match": answer.one("etag"), "If-Modified-Since": answer.one("last-modified"), "Accept-Encoding": encoding}
    again = door.ask("/static/entries/style.css", headers=known)
    assert (again.status, again.body) == (304, "")


@pytest.mark.parametrize("path", ["/", "/static/entries/style.css"])
def test_text_is_compressed_for_those_who_ask(door: FrontDoor, path: str) -> None:
    plain, packed = door.ask(path), door.ask(path, headers={"Accept-Encoding": "gzip"})
    assert plain.one("content-encoding") == ""
    assert packed.one("content-encoding") == "gzip"
    assert len(packed.body) < len(plain.body)
    assert "accept-encoding" in ", ".join(packed.all("vary")).lower()


def test_an_upload_is_shown_and_never_runs(door: FrontDoor) -> None:
    upload = "/var/lib/guestbook/media/page.html"
    door.host.check_output(f"runuser -u guestbook -- sh -c 'echo uploaded > {upload}'")
    answer = door.ask("/media/page.html")
    door.host.check_output(f"rm {upload}")
    assert (answer.status, answer.body) == (200, "uploaded\n")
    assert_headers(answer, "default-src 'none'; sandbox")


def test_a_link_among_uploads_leads_to_nothing_of_anybody_else(door: FrontDoor) -> None:
    link = "/var/lib/guestbook/media/link.txt"
    door.host.check_output(f"runuser -u guestbook -- ln -s /etc/hostname {link}")
    answer = door.ask("/media/link.txt")
    door.host.check_output(f"rm {link}")
    assert answer.status in (403, 404)


@pytest.mark.parametrize("path", ["/static/../../release.json", "/static/%2e%2e/%2e%2e/release.json", "/media/..%2f..%2fpasswd"])
def test_a_path_does_not_lead_out_of_its_directory(door: FrontDoor, path: str) -> None:
    assert door.ask(path).status in (400, 404)
