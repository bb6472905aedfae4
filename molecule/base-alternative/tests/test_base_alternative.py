from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from testinfra.host import Host


def come_in(host: Host, name: str, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command on the host as a person does who logs in with a key."""
    variables = host.ansible.get_variables()
    options = [
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "BatchMode=yes",
    ]
    key = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], name)
    words = ["ssh", *options, "-i", str(key), "-p", str(variables["ansible_port"]), f"{name}@127.0.0.1", command]
    return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)


def test_an_administrator_without_a_password_does_everything_by_sudo(host: Host) -> None:
    assert come_in(host, "bob", "sudo -n id -un").stdout == "root\n"


def test_an_administrator_with_a_password_is_asked_for_it(host: Host) -> None:
    assert "a password is required" in come_in(host, "ada", "sudo -n id -un").stderr
    assert come_in(host, "ada", "sudo -S -p '' id -un", "wrong\n").stdout == ""
    assert come_in(host, "ada", "sudo -S -p '' id -un", "correct horse\n").stdout == "root\n"


def test_who_left_is_gone(host: Host) -> None:
    assert not host.user("carl").exists
    assert "carl" not in host.file("/etc/sudoers.d/placid").content_string


def test_the_drop_in_is_one_that_sudo_takes(host: Host) -> None:
    assert host.file("/etc/sudoers.d/placid").mode == 0o440
    assert host.run("visudo --check").rc == 0


@pytest.mark.parametrize(
    "line",
    [
        "allowtcpforwarding yes",
        "allowagentforwarding yes",
        "hostkey /etc/ssh/ssh_host_ed25519_key",
        "hostkey /etc/ssh/ssh_host_rsa_key",
    ],
)
def test_ssh_has_the_other_settings(host: Host, line: str) -> None:
    assert line in host.check_output("sshd -T").splitlines()


def test_the_settings_that_shut_the_door_are_gone(host: Host) -> None:
    assert "allowusers" not in host.check_output("sshd -T")
    assert host.run("systemctl list-unit-files --no-legend 'placid-restore-*'").stdout == ""


def test_the_operators_settings_of_the_kernel_win(host: Host) -> None:
    assert host.file("/proc/sys/net/ipv4/conf/all/rp_filter").content_string == "2\n"
    assert host.file("/proc/sys/net/ipv4/conf/all/accept_redirects").content_string == "0\n"


def test_the_rest_is_as_it_was_given(host: Host) -> None:
    assert host.file("/etc/localtime").linked_to == "/usr/share/zoneinfo/Europe/Zurich"
    assert host.file("/etc/issue.net").content_string == "Keep out.\n"
    assert host.check_output("bash -lc 'echo $TMOUT'") == "300"
    assert host.check_output("apt-config dump APT::Periodic::Unattended-Upgrade").endswith('"0";')
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf").splitlines()
    assert {"SystemMaxUse=200M", "MaxRetentionSec=7day"} <= set(settings)


def test_nobody_is_shut_out(host: Host) -> None:
    assert not host.package("fail2ban").is_installed
    jail = host.file("/etc/fail2ban/jail.local").content_string.splitlines()
    assert {"ignoreip = 127.0.0.0/8 ::1 192.0.2.0/24", "port = 2222"} <= set(jail)
