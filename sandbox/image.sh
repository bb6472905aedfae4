# What turns a minimal Debian tree into a bare server. Run by mmdebstrap with $1 = the tree, $suite and $mirror set.
set -eu
root=$1

cat >"$root/etc/apt/sources.list" <<LIST
deb $mirror $suite main
deb $mirror-security $suite-security main
deb $mirror $suite-updates main
LIST
# Hosts share what they download, so `apt` must not delete it, as `apt-get` does not.
echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' >"$root/etc/apt/apt.conf.d/90keep-downloads"

# Every host makes these for itself. An empty machine-id is filled in at boot; a missing one would mean a first boot.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"
echo localhost >"$root/etc/hostname"
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"

# sshd starts once its keys are there. The rest would reach through to the machine below: its devices, modules and settings.
rm -f "$root"/etc/systemd/system/multi-user.target.wants/ssh.service "$root/etc/systemd/system/sshd.service"
for unit in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udev-trigger.service \
    systemd-modules-load.service systemd-sysctl.service getty.target console-getty.service \
    sys-kernel-debug.mount sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
