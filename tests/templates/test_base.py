from __future__ import annotations

from collections.abc import Callable

import pytest

Render = Callable[..., str]


def test_sshd_takes_no_passwords(render: Render) -> None:
    lines = render("base", "sshd.conf.j2").splitlines()
    assert {"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password"} <= set(lines)


def test_the_journal_is_kept_and_limited(render: Render) -> None:
    lines = render("base", "journald.conf.j2", base_journal_max_size="200M", base_journal_max_days=7).splitlines()
    assert {"Storage=persistent", "SystemMaxUse=200M", "MaxRetentionSec=7day"} <= set(lines)


@pytest.mark.parametrize(("wanted", "value"), [(True, "1"), (False, "0")])
def test_security_upgrades_are_a_choice(render: Render, wanted: bool, value: str) -> None:
    lines = render("base", "upgrades.conf.j2", base_security_upgrades=wanted).splitlines()
    assert f'APT::Periodic::Unattended-Upgrade "{value}";' in lines
