"""What this machine offers, what it lacks and how it gets it."""

from __future__ import annotations

import os
import pwd
import resource
import shutil
import subprocess
from pathlib import Path

from common import SandboxError, say

# Debian package: where its presence shows (a command on the PATH, or a file).
NEEDED = {
    "podman": ["podman"],
    "mmdebstrap": ["mmdebstrap"],
    "crun": ["crun"],
    "netavark": ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark"],
    "iptables": ["iptables", "/usr/sbin/iptables"],
    "openssh-client": ["ssh-keygen"],
    "debian-archive-keyring": ["/usr/share/keyrings/debian-archive-keyring.gpg"],
}
NEEDED_ROOTLESS = {
    "uidmap": ["newuidmap"],
    "slirp4netns": ["slirp4netns", "pasta"],
    "fuse-overlayfs": ["fuse-overlayfs"],
}


def is_present(place: str) -> bool:
    """Say whether a command or a file exists."""
    return Path(place).exists() if place.startswith("/") else shutil.which(place) is not None


def missing_packages(*, root: bool) -> list[str]:
    """Return the Debian packages that are needed and not there."""
    needed = NEEDED if root else NEEDED | NEEDED_ROOTLESS
    return [package for package, places in needed.items() if not any(map(is_present, places))]


def require_packages() -> None:
    """Install what is missing as root; else say what to install."""
    root = os.geteuid() == 0
    missing = missing_packages(root=root)
    if not missing:
        return
    names = " ".join(missing)
    command = f"apt-get install -y --no-install-recommends {names}"
    if shutil.which("apt-get") is None:
        raise SandboxError(
            f"this machine lacks {names} (Debian's names) and has no apt-get: "
            "install them with its own package manager, then repeat the command"
        )
    if not root:
        raise SandboxError(f"this machine lacks {names}: type `sudo {command}`, then repeat the command")
    say(f"installing {names}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    tries = [command.split(), ["apt-get", "update"], command.split()]
    for attempt in tries:  # package lists are fetched only when the first attempt shows that it is needed
        done = subprocess.run(attempt, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0 and attempt[1] == "install":
            return
    raise SandboxError(f"apt-get could not install {names} here: type `{command}` to see why")


def has_pure_cgroup2() -> bool:
    """Say whether /sys/fs/cgroup is one cgroup v2 tree, which systemd in a container needs."""
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def require_rootless() -> None:
    """Check what an unprivileged user's containers need."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    if not has_pure_cgroup2():
        raise SandboxError(
            "this machine mixes cgroup v1 and v2, and an unprivileged user's systemd needs v2 alone: run this as root, "
            "or boot with the kernel option systemd.unified_cgroup_hierarchy=1"
        )
    for file in ("/etc/subuid", "/etc/subgid"):
        lines = Path(file).read_text(encoding="utf-8").splitlines() if Path(file).exists() else []
        owners = {line.split(":")[0] for line in lines}
        if not owners & {user, str(os.geteuid())}:
            raise SandboxError(
                f"{file} gives {user} no range of ids, which rootless podman needs: type "
                f"`sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}`"
            )


def ulimits() -> list[str]:
    """Return podman's limits for a host: podman's own defaults, as far as this process may go."""
    processes = int(Path("/proc/sys/kernel/pid_max").read_text(encoding="utf-8"))  # podman lowers its own limit to this
    wanted = {"nofile": (resource.RLIMIT_NOFILE, 1048576), "nproc": (resource.RLIMIT_NPROC, processes)}
    found = []
    for name, (number, most) in wanted.items():
        hard = resource.getrlimit(number)[1]
        value = most if hard == resource.RLIM_INFINITY else min(hard, most)
        found.append(f"{name}={value}:{value}")
    return found
