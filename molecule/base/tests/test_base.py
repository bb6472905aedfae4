from __future__ import annotations

import pytest
from testinfra.host import Host


def test_zstandard_archives_can_be_unpacked(host: Host) -> None:
    assert host.package("zstd").is_installed


@pytest.mark.parametrize(
    "line",
    ["permitrootlogin without-password", "passwordauthentication no", "kbdinteractiveauthentication no"],
)
def test_ssh_accepts_keys_only(host: Host, line: str) -> None:
    assert line in host.check_output("sshd -T").splitlines()


def test_ssh_offers_no_weak_algorithm(host: Host) -> None:
    kex = "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com"
    if host.system_info.release.startswith("12"):
        kex = "sntrup761x25519-sha512@openssh.com"
    assert {
        "hostkey /etc/ssh/ssh_host_ed25519_key",
        f"kexalgorithms {kex}",
        "ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com",
        "macs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    } <= set(host.check_output("sshd -T").splitlines())


def test_no_change_of_ssh_waits_to_be_confirmed(host: Host) -> None:
    assert host.run("systemctl list-unit-files --no-legend 'placid-restore-*'").stdout == ""
    assert host.run("ls /var/lib/placid/confirm/*/old").rc != 0


def test_the_running_ssh_server_offers_no_password(host: Host) -> None:
    options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=none"
    assert "Permission denied (publickey)" in host.run(f"ssh {options} nobody@127.0.0.1 || true").stderr


def test_the_journal_outlives_a_reboot(host: Host) -> None:
    assert "/var/log/journal/" in host.check_output("journalctl --header")


def test_the_journal_has_its_limits(host: Host) -> None:
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf").splitlines()
    assert {"SystemMaxUse=1G", "MaxRetentionSec=90day"} <= set(settings)


def test_the_clock_is_in_the_time_zone(host: Host) -> None:
    assert host.file("/etc/localtime").linked_to == "/usr/share/zoneinfo/Etc/UTC"


def test_only_security_updates_install_themselves(host: Host) -> None:
    origins = host.check_output("apt-config dump Unattended-Upgrade::Origins-Pattern").splitlines()
    assert [line for line in origins if "origin=" in line] == [
        'Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";'
    ]
    assert host.check_output("apt-config dump APT::Periodic::Unattended-Upgrade").endswith('"1";')


def test_ssh_forwards_nothing_and_tries_little(host: Host) -> None:
    lines = set(host.check_output("sshd -T").splitlines())
    assert {"allowtcpforwarding no", "allowagentforwarding no", "x11forwarding no"} <= lines
    assert {"maxauthtries 3", "loglevel VERBOSE", "compression no"} <= lines


@pytest.mark.parametrize("name", ["accept_redirects", "accept_source_route", "send_redirects"])
def test_the_kernel_takes_and_gives_no_routes(host: Host, name: str) -> None:
    assert host.file(f"/proc/sys/net/ipv4/conf/all/{name}").content_string == "0\n"


def test_the_machine_around_the_container_keeps_its_settings(host: Host) -> None:
    """Only the network's settings are the container's own; the sandbox's host would change those of this machine."""
    assert "kernel.core_pattern = |/bin/false" in host.file("/etc/sysctl.d/90-placid.conf").content_string
    assert host.file("/proc/sys/kernel/core_pattern").content_string != "|/bin/false\n"


def test_nobody_who_logs_in_leaves_a_core_dump(host: Host) -> None:
    assert host.check_output("bash -lc 'ulimit -H -c'") == "0"


def test_a_password_set_on_the_host_is_a_good_one(host: Host) -> None:
    host.check_output("useradd --no-create-home placid-test")
    try:
        refused = host.run("printf 'short1!A\\nshort1!A\\n' | passwd placid-test")
        host.check_output("echo placid-test:$(head -c 24 /dev/urandom | base64)aA1- | chpasswd")
        hashed = host.check_output("getent shadow placid-test").split(":")[1]
    finally:
        host.check_output("userdel placid-test")
    assert "shorter than 15 characters" in refused.stdout + refused.stderr
    assert hashed.startswith("$y$")


def test_the_files_of_packages_are_looked_at_once_a_week(host: Host) -> None:
    assert host.run("sh -n /etc/default/debsums && . /etc/default/debsums && test $CRON_CHECK = weekly").rc == 0
    assert host.file("/etc/cron.weekly/debsums").mode & 0o111


def test_without_administrators_nobody_is_one(host: Host) -> None:
    lines = host.file("/etc/sudoers.d/placid").content_string.splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["Defaults ignore_dot"]


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend") == ""
