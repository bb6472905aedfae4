from __future__ import annotations

import pytest
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.sites import networks


def test_addresses_are_as_both_web_servers_read_them() -> None:
    given = ["192.0.2.10", "192.0.2.0/24", "2001:db8::/32", "::1", "192.0.2.11/32"]
    assert networks(given, "some") == ["192.0.2.10", "192.0.2.0/24", "2001:db8::/32", "::1", "192.0.2.11"]
    assert networks(["0.0.0.0/0", "::/0"], "some") == ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("192.0.2.10", "some is '192.0.2.10', but must be a list of addresses"),
        (["192.0.2.0/33"], "some: '192.0.2.0/33' is no address or network"),
        (["192.0.2.1/24"], "has host bits set). Give one such as 192.0.2.10 or 192.0.2.0/24."),
        (["lb.example.org"], "some: 'lb.example.org' is no address or network"),
    ],
)
def test_what_is_no_address_is_named_with_its_variable(given: object, message: str) -> None:
    with pytest.raises(PlacidError) as error:
        networks(given, "some")
    assert message in str(error.value)
