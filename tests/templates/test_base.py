from __future__ import annotations

from collections.abc import Callable

import pytest

Render = Callable[..., str]


def test_sshd_takes_no_passwords(render: Render) -> None:
    lines = render("base", "sshd.conf.j2").splitlines()
    assert {"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password"} <= set(lines)


@pytest.mark.parametrize(("major", "first"), [("12", "sntrup761x25519-sha512@openssh.com"), ("13", "mlkem768x25519-sha256")])
def test_sshd_agrees_on_keys_by_what_its_version_knows(render: Render, major: str, first: str) -> None:
    text = render("base", "sshd.conf.j2", ansible_facts={"distribution_major_version": major})
    line = next(line for line in text.splitlines() if line.startswith("KexAlgorithms "))
    kinds = line.split()[1].split(",")
    assert kinds[0] == first
    assert all(kind.startswith(("mlkem", "sntrup")) for kind in kinds)


def test_sshd_shows_the_host_keys_that_are_wanted(render: Render) -> None:
    lines = render("base", "sshd.conf.j2", base_ssh_host_keys=["ed25519", "rsa"]).splitlines()
    assert [line for line in lines if line.startswith("HostKey ")] == [
        "HostKey /etc/ssh/ssh_host_ed25519_key",
        "HostKey /etc/ssh/ssh_host_rsa_key",
    ]


def test_the_journal_is_kept_and_limited(render: Render) -> None:
    lines = render("base", "journald.conf.j2", base_journal_max_size="200M", base_journal_max_days=7).splitlines()
    assert {"Storage=persistent", "SystemMaxUse=200M", "MaxRetentionSec=7day"} <= set(lines)


@pytest.mark.parametrize(("wanted", "value"), [(True, "1"), (False, "0")])
def test_security_upgrades_are_a_choice(render: Render, wanted: bool, value: str) -> None:
    lines = render("base", "upgrades.conf.j2", base_security_upgrades=wanted).splitlines()
    assert f'APT::Periodic::Unattended-Upgrade "{value}";' in lines


def test_administrators_with_a_password_are_asked_for_it(render: Render) -> None:
    people = [{"name": "ada", "password": "$6$x"}, {"name": "bob"}, {"name": "carl", "state": "absent"}]
    lines = render("base", "sudoers.j2", base_administrators=people).splitlines()
    assert lines[-2:] == ["ada ALL=(ALL:ALL) ALL", "bob ALL=(ALL:ALL) NOPASSWD: ALL"]


def test_the_operators_settings_of_the_kernel_come_last(render: Render) -> None:
    text = render("base", "sysctl.conf.j2", base_sysctl={"kernel.sysrq": 1})
    assert text.rstrip().splitlines()[-1] == "kernel.sysrq = 1"


def test_a_module_is_neither_loaded_by_an_alias_nor_by_hand(render: Render) -> None:
    lines = render("base", "modprobe.conf.j2", base_forbidden_modules=["sctp"]).splitlines()
    assert lines[-2:] == ["install sctp /bin/false", "blacklist sctp"]


def test_a_shell_ends_after_minutes(render: Render) -> None:
    assert "TMOUT=300" in render("base", "profile.sh.j2", base_shell_timeout_minutes=5).splitlines()


def test_no_core_dump_is_kept(render: Render) -> None:
    assert "* hard core 0" in render("base", "limits.conf.j2").splitlines()
    assert "Storage=none" in render("base", "coredump.conf.j2").splitlines()


def test_a_password_is_long_and_needs_no_dictionary(render: Render) -> None:
    assert {"minlen = 15", "dictcheck = 0"} <= set(render("base", "pwquality.conf.j2").splitlines())


def test_packages_are_checked_once_a_week(render: Render) -> None:
    assert "CRON_CHECK=weekly" in render("base", "debsums.j2").splitlines()


def test_an_address_is_shut_out_for_minutes_and_some_never_are(render: Render) -> None:
    lines = render("base", "jail.local.j2", base_ban_minutes=30, base_ban_never=["192.0.2.0/24"], base_ssh_port=2222).splitlines()
    assert {"bantime = 30m", "ignoreip = 127.0.0.0/8 ::1 192.0.2.0/24", "port = 2222"} <= set(lines)


def test_what_is_shut_out_is_told_in_the_journal(render: Render) -> None:
    assert "logtarget = SYSTEMD-JOURNAL" in render("base", "fail2ban.local.j2").splitlines()


def test_of_a_changed_file_no_digest_is_told(render: Render) -> None:
    """It may hold secrets, and the journal is read by more people than the file."""
    assert "report_level=list_entries" in render("base", "aide.conf.j2").splitlines()


def test_who_looks_at_the_files_reads_all_and_reaches_nothing(render: Render) -> None:
    lines = set(render("base", "placid-integrity.service.j2").splitlines())
    assert {"CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "ProtectSystem=strict", "PrivateNetwork=yes"} <= lines


def test_the_first_look_does_not_wait_for_the_night(render: Render) -> None:
    assert {"OnActiveSec=1min", "OnCalendar=daily"} <= set(render("base", "placid-integrity.timer.j2").splitlines())
