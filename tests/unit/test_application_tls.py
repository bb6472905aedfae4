"""Where an application's certificate comes from."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.placid import application
from ansible.module_utils.placid.application import normalise
from ansible.module_utils.placid.application_checks import ApplicationError

APP: dict[str, Any] = {
    "name": "guestbook",
    "repository": "https://git.example.org/guestbook",
    "domains": ["guestbook.example.org"],
}


@pytest.mark.parametrize(
    ("tls", "entry", "shown"),
    [
        (False, None, False),
        ("self_signed", {"source": "self_signed"}, "self_signed"),
        (
            {"certificate": "PEM", "key": "planted"},
            {"source": "files", "certificate": "PEM", "key": "planted"},
            "files",
        ),
    ],
)
def test_where_a_certificate_comes_from(tls: object, entry: dict[str, str] | None, shown: object) -> None:
    chosen = normalise({**APP, "tls": tls})
    named: dict[str, Any] = {"name": "guestbook", "domains": ["guestbook.example.org"]}
    assert application.certificate(chosen) == (entry and {**named, **entry})
    assert application.public(chosen)["tls"] == shown
    assert "planted" not in repr(application.public(chosen))


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        (True, "apps[guestbook].tls is none of false, acme, self_signed"),
        ("planted", "apps[guestbook].tls is none of false, acme, self_signed"),
        ({"certificate": "PEM"}, "apps[guestbook].tls.key is missing."),
        ({"certificate": "", "key": "planted"}, "apps[guestbook].tls.certificate is missing."),
        ({"certificate": "PEM", "key": "planted", "cahin": "x"}, "apps[guestbook].tls.cahin is no key"),
    ],
)
def test_a_certificate_from_nowhere_is_refused_without_a_word_of_the_key(tls: object, said: str) -> None:
    with pytest.raises(ApplicationError) as error:
        normalise({**APP, "tls": tls})
    assert str(error.value).startswith(said)
    assert "planted" not in str(error.value)
