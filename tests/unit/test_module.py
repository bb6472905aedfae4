"""What a module returns of what programs wrote, with the secrets masked."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.placid.module import disguises

SECRET = "planted-\\\"'<&>/ $é\ttail"
KEY = "-----BEGIN KEY-----\nplanted-0123456789\nfinal=\n-----END KEY-----\n"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        repr(SECRET),
        repr({"SECRET_KEY": SECRET}),
        json.dumps({"SECRET_KEY": SECRET}),
        f"postgresql://guestbook:{quote_plus(SECRET)}@db/guestbook",
    ],
    ids=["plain", "repr", "repr of a dict", "JSON", "URL"],
)
def test_a_secret_is_masked_however_a_program_writes_it(text: str) -> None:
    assert "planted" not in remove_values(text, {SECRET, *disguises(SECRET)})


@pytest.mark.parametrize("text", [KEY, repr(KEY), "Cannot read the key: planted-0123456789\n"])
def test_a_line_of_a_secret_of_several_is_masked(text: str) -> None:
    assert "planted" not in remove_values(text, {KEY, *disguises(KEY)})


@pytest.mark.parametrize("password", ["planted-password", "planted/pass@word"])
def test_the_password_in_an_address_is_masked_alone(password: str) -> None:
    url = f"postgresql://guestbook:{quote(password, '')}@db.example.org/guestbook"
    for text in (password, repr({"PASSWORD": password}), url):
        assert "planted" not in remove_values(text, {url, *disguises(url)})


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_nothing_is_no_secret(secret: str) -> None:
    assert not any(each.isspace() or not each for each in disguises(secret))
