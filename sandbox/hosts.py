"""Hosts: containers that boot systemd and answer SSH."""

from __future__ import annotations

import hashlib
import json
import shlex
import socket
import subprocess
import time
from typing import Any

import image
import packages
from common import Paths, SandboxError, say, write
from engine import NETWORK, Engine

LABEL = "io.placid"
DEFAULT_HTTP_PORT = 8080
# Makes a host reachable, once: our key for root, names as Debian's installer writes them, the host's own keys.
FIRST_BOOT = """
if ! test -e /etc/ssh/ssh_host_ed25519_key; then
    umask 077
    mkdir -p /root/.ssh
    cat >/root/.ssh/authorized_keys
    umask 022
    printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t%s\\n\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n' "$1" >/etc/hosts
    ssh-keygen -q -A
fi
systemctl is-enabled --quiet ssh || systemctl enable --quiet --now ssh
cat /etc/ssh/ssh_host_*_key.pub
"""


class Hosts:
    """The hosts of one checkout."""

    def __init__(self, paths: Paths, engine: Engine) -> None:
        self.paths = paths
        self.engine = engine
        self.key = paths.state / "id_ed25519"
        self.known_hosts = paths.state / "known_hosts"

    def container(self, name: str) -> str:
        """Return the container of a host: two checkouts may each have a host of the same name."""
        return f"placid-{hashlib.sha256(bytes(self.paths.checkout)).hexdigest()[:8]}-{name}"

    def _pin(self, port: int, keys: list[str]) -> None:
        """Make known_hosts hold these public keys, and no others, for the host at a port."""
        place = f"[127.0.0.1]:{port} "
        old = self.known_hosts.read_text(encoding="utf-8").splitlines() if self.known_hosts.exists() else []
        lines = [line for line in old if not line.startswith(place)]
        lines += [place + " ".join(key.split()[:2]) for key in keys]
        write(self.known_hosts, "".join(f"{line}\n" for line in lines))

    def up(self, name: str, suite: str, http_port: int | None) -> None:
        """Make a host or start it; a running one is left as it is."""
        container = self.container(name)
        state = self.engine.inspect(container)
        if state and state["Config"]["Labels"][f"{LABEL}.suite"] != suite:
            raise SandboxError(
                f"{name} exists, but not of {suite}: type `sandbox/sandbox down {name}` first, or choose another name"
            )
        if not state:
            self._create(name, suite, http_port)
        elif not state["State"]["Running"]:
            say(f"starting {name}")
            self.engine.podman("start", container)
        self._await(name)

    def _create(self, name: str, suite: str, http_port: int | None) -> None:
        """Make a host's container and start it."""
        container, base = self.container(name), image.ensure(self.engine, suite)
        port = free_port(http_port)
        say(f"making {name} (Debian {image.RELEASES[suite]})")
        labels = {"checkout": str(self.paths.checkout), "name": name, "suite": suite}
        options = [f"--label={LABEL}.{key}={value}" for key, value in labels.items()]
        options += [f"--network={NETWORK}"] if self.engine.root else []
        options += ["--publish=127.0.0.1::22", f"--publish=127.0.0.1:{port}:80", "--publish=127.0.0.1::443"]
        archives = packages.make(self.paths.store, suite, container)
        options += [f"--volume={archives}:/var/cache/apt/archives", "--no-hosts", f"--hostname={name}"]
        options += ["--privileged", "--systemd=always", f"--name={container}"]
        options += ["--restart=always"]  # what `reboot` means on a server
        try:
            self.engine.podman("run", "--detach", *options, base, "/sbin/init")
        except SandboxError:
            self.engine.ok("rm", "-f", container)
            raise

    def _await(self, name: str) -> None:
        """Wait until a host has booted and sshd answers; note its public keys."""
        if not self.key.exists():
            self._make_key()
        container, deadline = self.container(name), time.monotonic() + 60
        public = self.key.with_suffix(".pub").read_text(encoding="utf-8")
        while (state := self._boot_state(container)) not in ("running", "degraded"):
            if time.monotonic() > deadline:
                raise SandboxError(f"{name} did not boot in a minute ({state}): type `sandbox/sandbox exec {name} -- journalctl`")
            time.sleep(0.1)
        if state == "degraded":
            failed = self.engine.podman("exec", container, "systemctl", "list-units", "--failed", "--plain", "--quiet")
            units = " ".join(line.split()[0] for line in failed.splitlines() if line)
            say(f"{name} booted, but these units failed: {units}")
        keys = self.engine.podman("exec", "-i", container, "sh", "-euc", FIRST_BOOT, "sh", name, stdin=public)
        port = self.describe(name)["port"]
        self._pin(port, keys.splitlines())
        while not answers_ssh(port):
            if time.monotonic() > deadline:
                raise SandboxError(f"sshd of {name} is silent: type `sandbox/sandbox exec {name} -- systemctl status ssh`")
            time.sleep(0.1)

    def _boot_state(self, container: str) -> str:
        done = self.engine.run("exec", container, "systemctl", "is-system-running", "--wait")
        return done.stdout.strip() or done.stderr.strip()

    def _make_key(self) -> None:
        self.key.parent.mkdir(parents=True, exist_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "placid-sandbox", "-f", str(self.key)]
        subprocess.run(command, check=True)

    def down(self, name: str) -> None:
        """Remove a host and what was kept for it."""
        container = self.container(name)
        if not self.engine.inspect(container):
            say(f"{name} does not exist")
        else:
            self._pin(self.describe(name)["port"], [])
            removal = ("rm", "-f", "-t", "3", "-v", container)
            if not self.engine.ok(*removal):  # podman gives up on one that ended by itself at that moment
                self.engine.podman(*removal)
            say(f"removed {name}")
        packages.remove(self.engine, container)

    def restart(self, name: str) -> None:
        """Reboot a host and wait for it."""
        self.describe(name)
        self.engine.podman("restart", "-t", "20", self.container(name))
        self._await(name)

    def names(self) -> list[str]:
        """Return the names of this checkout's hosts."""
        filters = ["--filter", f"label={LABEL}.checkout={self.paths.checkout}"]
        found = json.loads(self.engine.podman("ps", "-a", *filters, "--format", "json") or "[]")
        return sorted(item["Labels"][f"{LABEL}.name"] for item in found or [])

    def describe(self, name: str) -> dict[str, Any]:
        """Return how to reach a host."""
        state = self.engine.inspect(self.container(name))
        if not state:
            raise SandboxError(f"this checkout has no host {name}: type `sandbox/sandbox up {name}`")
        ports = {inside: int(outside[0]["HostPort"]) for inside, outside in state["HostConfig"]["PortBindings"].items()}
        return {
            "address": "127.0.0.1",
            "port": ports["22/tcp"],
            "user": "root",
            "key": str(self.key),
            "known_hosts": str(self.known_hosts),
            "http_port": ports["80/tcp"],
            "https_port": ports["443/tcp"],
            "network_address": (state["NetworkSettings"]["Networks"] or {}).get(NETWORK, {}).get("IPAddress", ""),
            "suite": state["Config"]["Labels"][f"{LABEL}.suite"],
            "state": state["State"]["Status"],
        }

    def inventory(self, name: str, alias: str) -> str:
        """Return the Ansible inventory that connects to a host."""
        host = self.describe(name)
        known_hosts = shlex.quote(f'UserKnownHostsFile="{host["known_hosts"]}"')
        variables = {
            "ansible_host": host["address"],
            "ansible_port": host["port"],
            "ansible_user": host["user"],
            "ansible_ssh_private_key_file": host["key"],
            "ansible_ssh_common_args": f"-o {known_hosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes",
            "sandbox_http_port": host["http_port"],
            "sandbox_https_port": host["https_port"],
            "sandbox_address": host["network_address"],
        }
        lines = [f"      {key}: {json.dumps(value)}" for key, value in variables.items()]
        opening = "# Written by sandbox/sandbox: how to connect to the sandbox's host."
        return "\n".join([opening, "---", "all:", "  hosts:", f"    {alias}:", *lines]) + "\n"


def free_port(wanted: int | None) -> int:
    """Return the wanted port; without a wish the default one or, where that is taken, any free one."""
    for port in (DEFAULT_HTTP_PORT, 0) if wanted is None else (wanted,):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError as error:
                if wanted is not None:
                    message = f"port {port} of 127.0.0.1 is not to be had ({error.strerror}): type --http 0 for any free one"
                    raise SandboxError(message) from None
                continue
            return int(listener.getsockname()[1])
    raise SandboxError("no free port on 127.0.0.1: type `ss -ltn` to see what takes them")


def answers_ssh(port: int) -> bool:
    """Say whether an SSH server greets at a port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
