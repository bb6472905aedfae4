from __future__ import annotations

from collections.abc import Callable

import pytest

Render = Callable[..., str]
ELSEWHERE = {
    "name": "shop",
    "host": "192.0.2.20",
    "user": "ada",
    "database": "main",
    "sslrootcert": "/etc/ssl/postgresql/db1.pem",
}


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and line[0] not in "#;"]


def test_an_instance_beside_its_server_asks_the_socket(render: Render) -> None:
    found = lines(render("pgbouncer", "pgbouncer.ini.j2", item=["", {"name": "shop"}]))
    assert "shop = host=/run/postgresql port=5432 dbname=shop user=shop" in found
    assert {"pool_mode = transaction", "server_tls_sslmode = disable", "unix_socket_dir = /run/pgbouncer-shop"} <= set(found)
    assert "PrivateNetwork=yes" in render("pgbouncer", "instance.conf.j2", item={"name": "shop"}).splitlines()


def test_an_instance_verifies_a_server_elsewhere_and_reaches_no_other(render: Render) -> None:
    found = lines(render("pgbouncer", "pgbouncer.ini.j2", item=["", ELSEWHERE]))
    assert "shop = host=192.0.2.20 port=5432 dbname=main user=ada" in found
    assert {"server_tls_sslmode = verify-full", "server_tls_ca_file = /etc/ssl/postgresql/db1.pem"} <= set(found)
    assert {"IPAddressDeny=any", "IPAddressAllow=192.0.2.20"} <= set(
        render("pgbouncer", "instance.conf.j2", item=ELSEWHERE).splitlines()
    )


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"name": "shop"}, ['"shop" ""']),
        ({"name": "shop", "host": "192.0.2.20"}, ['"shop" "it""s"']),
        (ELSEWHERE, ['"shop" "it""s"', '"ada" "it""s"']),
    ],
)
def test_passwords_are_quoted(render: Render, item: dict[str, str], expected: list[str]) -> None:
    assert lines(render("pgbouncer", "users.txt.j2", item=item, pgbouncer_passwords={"shop": 'it"s'})) == expected


def test_the_settings_hold_no_password(render: Render) -> None:
    text = render("pgbouncer", "pgbouncer.ini.j2", item=["", ELSEWHERE], pgbouncer_passwords={"shop": "planted"})
    assert "planted" not in text


def test_the_application_enters_and_nobody_else(render: Render) -> None:
    assert lines(render("pgbouncer", "hba.conf.j2", item=["", ELSEWHERE])) == ["local shop shop peer"]


def test_an_instance_is_its_application_and_sees_none_of_its_files(render: Render) -> None:
    found = set(render("pgbouncer", "pgbouncer@.service.j2").splitlines())
    assert {
        "User=%i",
        "RuntimeDirectoryMode=0750",
        "TemporaryFileSystem=/etc:ro /home:ro /opt:ro /root:ro /srv:ro /var:ro",
    } <= found
