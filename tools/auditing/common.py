"""What the checks share: how programs of others are got and run, and the hosts of an inventory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-audit" / "bin"
#: What a checker said in full, for each host; and Debian's packages that are used without being installed.
KEPT, PACKAGES = ROOT / ".placid" / "audit", ROOT / ".placid" / "debian13"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Result(NamedTuple):
    what: str
    figure: str
    goal: str
    good: bool


def missed(what: str, why: str, goal: str = "to be looked at") -> Result:
    """What could not be looked at is no success."""
    return Result(what, why, goal, False)


def run(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, cwd=ROOT, **more)


def lacking(*programs: str) -> str:
    """Say what to type for programs that this machine has not; root gets them. Names of packages: bind9-host for host."""
    packages = [{"host": "bind9-host", "hexdump": "bsdextrautils"}.get(name, name) for name in programs if not shutil.which(name)]
    if packages and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "install", "-qqy", "--no-install-recommends", *packages, env=environment)
    still = [name for name in programs if not shutil.which(name)]
    return f"no {' '.join(still)} here: sudo apt-get install {' '.join(packages)}" if still else ""


def debian_13(package: str) -> Path:
    """A package of Debian 13's, unpacked here: Debian 12's testssl gives no grade, and its scap content knows no Debian 12."""
    place = PACKAGES / package
    if place.is_dir():
        return place
    apt = ("-o", f"Dir={PACKAGES}/apt", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none", "-q")
    for directory in (
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
    ):
        (PACKAGES / "apt" / directory).mkdir(parents=True, exist_ok=True)
    mirror = os.environ.get("SANDBOX_MIRROR", "http://deb.debian.org/debian").rstrip("/")
    (PACKAGES / "apt/etc/apt/sources.list").write_text(f"deb [signed-by={KEYS}] {mirror} trixie main\n")
    with tempfile.TemporaryDirectory(dir=PACKAGES) as directory:
        fresh = Path(directory)
        for step in (["apt-get", *apt, "update"], ["apt-get", *apt, "download", package]):
            done = subprocess.run(step, cwd=fresh, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{package} of Debian 13 was not got from {mirror}. {' '.join(step)} said:\n{done.stdout}{done.stderr}")
        (fresh / "tree").mkdir()
        subprocess.run(["dpkg-deb", "-x", *fresh.glob("*.deb"), fresh / "tree"], check=True)
        (fresh / "tree").rename(place)
    return place


class Host:
    """A host of the inventory, with the variables that Ansible has of it."""

    # Visitors come in through the load balancers where there are some; a certificate is where they come in.
    WANTED = (
        "{{ {'address': sandbox_address | default('', true) or ansible_host | default(inventory_hostname), "
        "'ssh': 22 if sandbox_address | default('') else ansible_port | default(22), "
        "'open': (firewall_in + firewall_extra_in | default([])), "
        "'runs': apps | map(attribute='name') | difference(apps | absent_applications) if 'app_servers' in group_names else [], "
        "'domains': apps | load_balancer_sites | map(attribute='domains') | flatten if __front else [], "
        "'certified': tls_certificates | map(attribute='domains') if __front else [], "
        "'sources': tls_certificates | map(attribute='source'), "
        "'profile': nginx_tls_profile | default('') if web_server == 'nginx' else apache_tls_profile | default('')} }}"
    )
    FRONT = "inventory_hostname in (groups.load_balancers | default([]) or groups.app_servers | default([]))"

    def __init__(self, name: str, inventory: str) -> None:
        self.name, self.inventory = name, inventory
        self.facts = json.loads(self.ask("ansible.builtin.debug", f"msg={self.WANTED.replace('__front', f'({self.FRONT})')}"))
        self.address = str(self.facts["address"])
        self.major = self.sh(". /etc/os-release; echo $VERSION_ID")
        self.facts["profile"] = self.facts["profile"] or ("modern" if int(self.major) >= 13 else "intermediate")
        #: The domains with HTTPS, and where their certificates are from.
        sites = zip(self.facts["certified"], self.facts["sources"], strict=False)
        self.certificates = {domain: source for domains, source in sites for domain in domains}

    def ask(self, module: str, arguments: str) -> str:
        """What a module says: its message, or what its command printed, whatever the exit code."""
        with tempfile.TemporaryDirectory() as tree:
            where = ("-i", self.inventory, "--playbook-dir", ROOT, "--tree", tree)
            done = run("ansible", self.name, *where, "-m", module, "-a", arguments)
            answer = Path(tree, self.name)
            if not answer.exists():
                hint = f"Look at: ansible {self.name} -i {self.inventory} -m ping"
                sys.exit(f"{self.name}: Ansible got no answer. {hint}\n{done.stdout}{done.stderr}")
            said = json.loads(answer.read_text())
        message = said.get("stdout", said.get("msg", ""))
        return message if isinstance(message, str) else json.dumps(message)

    def sh(self, script: str) -> str:
        return self.ask("ansible.builtin.command", json.dumps({"argv": ["sh", "-c", script]}))

    def keep(self, name: str, said: str) -> None:
        """Write down what a checker said, for who asks what is behind a figure."""
        path = KEPT / self.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said)
