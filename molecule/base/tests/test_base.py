from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from testinfra.host import Host

SSH = "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 -o LogLevel=ERROR"


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


@pytest.fixture
def elsewhere(host: Host) -> Iterator[str]:
    """What comes before a command that is to come from another address, with a key of root's."""
    host.check_output(
        "ip netns add elsewhere; ip link add here type veth peer name there netns elsewhere; "
        "ip addr add 203.0.113.1/24 dev here; ip link set here up; "
        "ip -n elsewhere addr add 203.0.113.2/24 dev there; ip -n elsewhere link set there up; "
        "cp -p /root/.ssh/authorized_keys /root/keys; ssh-keygen -q -t ed25519 -N '' -f /root/key; "
        "cat /root/key.pub >> /root/.ssh/authorized_keys"
    )
    yield "ip netns exec elsewhere"
    host.check_output(
        "fail2ban-client unban --all; ip netns del elsewhere; mv /root/keys /root/.ssh/authorized_keys; rm /root/key*"
    )


def test_who_guesses_at_ssh_is_shut_out_and_who_is_in_stays(host: Host, elsewhere: str) -> None:
    done = host.run(
        f"{elsewhere} {SSH} -i /root/key root@203.0.113.1 'sleep 15; echo still here' & sleep 2; "
        f"for name in 1 2 3 4 5 6; do {elsewhere} {SSH} guess$name@203.0.113.1; done; "
        # fail2ban lists an address before the kernel knows it.
        "for try in $(seq 100); do nft list set inet f2b-table addr-set-sshd | grep -o 203.0.113.2 && break; sleep 0.1; done; "
        f"{elsewhere} {SSH} -i /root/key root@203.0.113.1 true; wait"
    )
    assert done.stdout.split() == ["203.0.113.2", "still", "here"]
    assert done.stderr.splitlines()[-1] == "ssh: connect to host 203.0.113.1 port 22: Connection refused"


def changes(host: Host) -> str:
    """What the unit that looks at the system's files has to say now."""
    host.check_output("systemctl start placid-integrity.service")
    said = "_SYSTEMD_INVOCATION_ID=$(systemctl show --property InvocationID --value placid-integrity.service)"
    return str(host.check_output(f"journalctl --sync; journalctl --output cat {said}"))


def test_a_change_of_the_systems_files_is_told_once(host: Host) -> None:
    changes(host)
    host.check_output("echo true > /etc/profile.d/planted.sh; chmod u+s /usr/bin/id")
    try:
        told, after = changes(host), changes(host)
    finally:
        host.check_output("rm /etc/profile.d/planted.sh; chmod u-s /usr/bin/id")
    assert re.search(r"^f\+.*: /etc/profile.d/planted.sh$", told, re.MULTILINE)
    assert re.search(r"^f.*p.*: /usr/bin/id$", told, re.MULTILINE)
    assert "/usr/bin/id" not in after


def test_the_systems_files_are_looked_at_once_a_day(host: Host) -> None:
    assert "OnCalendar=daily" in host.check_output("systemctl cat placid-integrity.timer")
    assert host.service("placid-integrity.timer").is_running
    assert host.service("placid-integrity.timer").is_enabled


def test_an_upgrade_keeps_the_files_that_were_changed_here(host: Host) -> None:
    """unattended-upgrades leaves out a package for which dpkg would ask."""
    code = "import apt_pkg; apt_pkg.init(); print(apt_pkg.config.value_list('Dpkg::Options'))"
    assert "--force-confold" in host.check_output("python3 -c %s", code)


def test_without_administrators_nobody_is_one(host: Host) -> None:
    lines = host.file("/etc/sudoers.d/placid").content_string.splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["Defaults ignore_dot"]


def test_nothing_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend") == ""
