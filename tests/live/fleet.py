"""The guestbook on several hosts behind a load balancer: what visitors see, and whether all hosts are in one state."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from testinfra.host import Host  # type: ignore[import-untyped]

from live import playbook
from live.load import Connection, Load
from live.site import Answer, Site

#: In the order in which they switch.
APPS = ("app1", "app2")


class Fleet:
    """Two application servers; host is the load balancer."""

    def __init__(self, host: Host) -> None:
        self.balancer = Site(host)
        self.apps = [Site(self.host(name)) for name in APPS]
        self.first, self.last = self.apps
        self.port = int(host.ansible.get_variables()["sandbox_https_port"])
        self.commit = self.balancer.commit

    def host(self, name: str) -> Host:
        return self.balancer.host.get_host(f"ansible://{name}?ansible_inventory={self.balancer.inventory}")

    def start(self, name: str, *options: str, **variables: object) -> playbook.Running:
        return self.balancer.start(name, *options, **variables)

    def finish(self, running: playbook.Running) -> playbook.Outcome:
        return self.balancer.finish(running)

    def succeed(self, name: str, *options: str, **variables: object) -> playbook.Outcome:
        return self.balancer.succeed(name, *options, **variables)

    def fail(self, name: str, *options: str, **variables: object) -> playbook.Outcome:
        return self.balancer.fail(name, *options, **variables)

    def make_live(self, version: str) -> None:
        """Deploy a version unless every host has it."""
        if {site.live().get("commit") for site in self.apps} != {self.commit(version)}:
            self.succeed("deploy", version=version, migrations="keep")

    def ask(self, path: str = "/", **headers: str) -> Answer:
        connection = Connection(self.port, self.balancer.domain, anyone())
        try:
            connection.request("GET", path, headers={"Host": self.balancer.domain, **headers})
            answer = connection.getresponse()
            return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def ask_with_files(self) -> list[str]:
        """What is wrong with the front page and the files that it names."""
        page = self.ask()
        paths = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.body.decode())
        found = {"/": page.status, **{path: self.ask(path).status for path in paths}}
        return [f"{path}: {status}" for path, status in found.items() if status != 200] or ([] if paths else ["no file is named"])

    def visitors(self) -> Load:
        return Load(self.port, self.balancer.domain, new=3, kept=1, tls=anyone())

    def wrong(self, version: str) -> list[str]:
        """What keeps the hosts from all being at one version, whole, with nothing left over."""
        releases = {site.live().get("id", "") for site in self.apps}
        found = [] if len(releases) == 1 else [f"releases: {releases}"]
        for name, site in zip(APPS, self.apps, strict=True):
            if site.live().get("commit") != self.commit(version):
                found.append(f"{name} runs {site.live().get('commit')}")
            found += [f"{name}: {each}" for each in site.strays()]
            if site.host.file("/etc/guestbook/before.json").exists:
                found.append(f"{name} keeps what it had before")
        contents = {site.host.file("/etc/guestbook/settings.env").content_string for site in self.apps}
        return found if len(contents) == 1 else [*found, "the settings differ"]

    def states(self) -> list[str]:
        return [site.state() for site in self.apps]

    @staticmethod
    def changed(outcome: playbook.Outcome) -> int:
        return sum(int(number) for number in re.findall(r"^\w+\s+: ok=\d+\s+changed=(\d+)", outcome.output, re.MULTILINE))

    @staticmethod
    def cut_off_until_it_switched(site: Site, version: str) -> None:
        """Lose the host's SSH, all connections included, until the step that works there has come to its end without anyone."""
        script = (
            "systemctl stop ssh; pkill -KILL sshd; rm -f /var/lib/guestbook/hold; "
            f"until readlink /srv/guestbook/current | grep -q -- -{version[:8]}; do sleep 0.1; done; sleep 1; systemctl start ssh"
        )
        site.host.check_output("systemd-run --quiet --collect sh -c %s", script)


def anyone() -> ssl.SSLContext:
    """For visitors whom it does not matter whose certificate it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def extra_inventory(site: Site, name: str, content: str) -> list[str]:
    """Options that add to the inventory what holds for one run."""
    path = Path(site.inventory).with_name(f"{name}.yml")
    path.write_text(content)
    return ["-i", site.inventory, "-i", str(path)]
