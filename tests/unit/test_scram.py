from __future__ import annotations

import pytest
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.scram import belongs, verifier, verifiers

# What PostgreSQL 17 made of ALTER ROLE ada PASSWORD 'pencil'.
PENCIL = (
    "SCRAM-SHA-256$4096:cQJ1KvR06Q6y5C+PihE/3Q==$PvSUr3hybezgp3ggEYtJ0NGhVrmZEYQ8l+q98NGieKI=:"
    "zUYkDmizhW09wYizXtTn9Dfclki+77+DzoXBbq6Im6M="
)


def test_a_verifier_is_the_one_that_postgresql_makes() -> None:
    assert belongs("pencil", PENCIL)
    assert not belongs("crayon", PENCIL)


@pytest.mark.parametrize("found", ["", "md5a3556571e93b0d20722ba62be61e8c2d", "SCRAM-SHA-256$x", "SCRAM-SHA-256$4096:A$B"])
def test_what_is_no_verifier_belongs_to_no_password(found: str) -> None:
    assert not belongs("pencil", found)


def test_a_verifier_that_is_right_stays_and_a_wrong_one_is_made_anew() -> None:
    found = [{"rolname": "ada", "rolpassword": PENCIL}, {"rolname": "eve", "rolpassword": PENCIL}]
    made = verifiers({"ada": "pencil", "eve": "crayon", "new": "chalk"}, found)
    assert made["ada"] == PENCIL
    assert belongs("crayon", made["eve"])
    assert belongs("chalk", made["new"])


def test_two_roles_of_one_password_do_not_look_alike() -> None:
    made = verifiers({"ada": "pencil", "eve": "pencil"})
    assert made["ada"] != made["eve"]


def test_no_verifier_holds_the_password() -> None:
    assert "pencil" not in verifier("pencil", b"0123456789abcdef")


@pytest.mark.parametrize("password", ["", "b\u00e4r", "line\nbreak"])
def test_a_password_that_clients_might_read_otherwise_is_refused_without_showing_it(password: str) -> None:
    with pytest.raises(PlacidError, match="The database password of ada is empty or has other characters") as error:
        verifiers({"ada": password})
    assert not password or password not in str(error.value)
