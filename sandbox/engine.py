"""Podman, with storage of its own, in a mount namespace of its own where cgroups need one."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from common import Paths, SandboxError, locked, say, write
from machine import has_pure_cgroup2, require_packages, require_rootless, ulimits

NETWORK = "placid"
# The holder keeps a mount namespace in which /sys/fs/cgroup is cgroup v2 alone. The run directories of podman and crun
# are a tmpfs of that namespace, so that a namespace made anew looks to them like a machine that has been rebooted.
HOLDER = """
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/crun
for directory in "$1" /run/crun; do
    mount -t tmpfs -o mode=0700 placid-sandbox "$directory"
done
: > "$1/ready"
exec sleep infinity
"""


def start_time(pid: int) -> str:
    """Return the clock tick at which a process started, or nothing when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


class Engine:
    """Runs podman commands."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.root = os.geteuid() == 0
        self.podman_run = paths.run / "podman"
        self.enter: list[str] = []

    def exists(self) -> bool:
        """Say whether anything was ever made here."""
        return (self.paths.store / "containers.conf").exists()

    def prepare(self) -> None:
        """Make the machine ready for podman calls."""
        with locked(self.paths.run / "engine.lock"):
            require_packages()
            if not self.root:
                require_rootless()
            hybrid = not has_pure_cgroup2()
            self._configure(hybrid=hybrid)
            self.podman_run.mkdir(parents=True, exist_ok=True)
            if hybrid:
                self.enter = ["nsenter", f"--mount=/proc/{self._holder()}/ns/mnt"]
            if self.root and not self.ok("network", "exists", NETWORK):
                self.podman("network", "create", "--disable-dns", NETWORK)

    def _configure(self, *, hybrid: bool) -> None:
        store, quoted = self.paths.store, json.dumps
        lines = ["[containers]", f"default_ulimits = {quoted(ulimits())}", "pids_limit = 0"]
        lines += ["[engine]", 'runtime = "crun"', f"tmp_dir = {quoted(str(self.podman_run / 'libpod'))}"]
        if hybrid:  # no systemd on this machine owns the tree that the holder mounted
            lines += ['cgroup_manager = "cgroupfs"', 'events_logger = "file"']
        if self.root:
            lines += ["[network]", 'network_backend = "netavark"']
            lines += [f"network_config_dir = {quoted(str(store / 'networks'))}"]
        write(store / "containers.conf", "\n".join(lines) + "\n")
        graph, run = quoted(str(store / "storage")), quoted(str(self.podman_run / "storage"))
        write(store / "storage.conf", f'[storage]\ndriver = "overlay"\ngraphroot = {graph}\nrunroot = {run}\n')

    def _holder(self) -> int:
        """Return the process that keeps the namespace, found or made."""
        record = self.paths.run / "holder.json"
        try:
            known = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        if known and known["started"] and start_time(known["pid"]) == known["started"]:
            return int(known["pid"])
        survivor = self._survivor()
        if survivor:  # the holder was killed, but its namespace lives on in the containers' monitors
            say("taking up the namespace of the running hosts again, whose holder has gone")
            command = ["nsenter", f"--mount=/proc/{survivor}/ns/mnt", "sleep", "infinity"]
        else:
            say("making a namespace with cgroup v2 alone, as this machine's own cgroups are mixed")
            command = ["unshare", "--mount", "--propagation=private", "sh", "-euc", HOLDER, "sh", str(self.podman_run)]
        log = self.paths.run / "holder.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        ready = Path(f"/proc/{process.pid}/root{self.podman_run}/ready")
        deadline = time.monotonic() + 10
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise SandboxError(f"no mount namespace with cgroup v2 could be made here: read {log} to see why")
            time.sleep(0.02)
        write(record, json.dumps({"pid": process.pid, "started": start_time(process.pid)}))
        return process.pid

    def _survivor(self) -> int:
        """Return a monitor of a running host of ours, whose namespace can be entered."""
        for entry in Path("/proc").iterdir():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if arguments[0].endswith(b"conmon") and any(a.startswith(bytes(self.paths.store)) for a in arguments):
                return int(entry.name)
        return 0

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of one podman call."""
        return [*self.enter, "podman", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of podman calls."""
        return os.environ | {
            "CONTAINERS_CONF": str(self.paths.store / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.paths.store / "storage.conf"),
        }

    def ok(self, *arguments: str, stdin: str = "") -> bool:
        """Run podman and say whether it succeeded."""
        return self.run(*arguments, stdin=stdin).returncode == 0

    def podman(self, *arguments: str, stdin: str = "") -> str:
        """Run podman and return its output."""
        done = self.run(*arguments, stdin=stdin)
        if done.returncode:
            reason = " ".join((done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").split())
            raise SandboxError(f"podman {arguments[0]} failed: {reason}")
        return done.stdout

    def inspect(self, container: str) -> dict[str, Any]:
        """Return what podman knows of a container; empty when there is none."""
        done = self.run("container", "inspect", container)
        return dict(json.loads(done.stdout)[0]) if done.returncode == 0 else {}

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run podman."""
        command = self.command(*arguments)
        return subprocess.run(command, env=self.environment, cwd="/", input=stdin, capture_output=True, text=True, check=False)
