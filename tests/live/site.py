"""An application on a real host: what its visitors see, what its host holds, and the playbooks that change it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testinfra.host import Host  # type: ignore[import-untyped]

from live import daemons, inside, playbook
from live.load import Load

#: Begins the application's SECRET_KEY: no output of any run may hold it.
PLANTED = "planted-6b1f0d52"


@dataclass(frozen=True)
class Answer:
    """The web server's answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """The guestbook on the scenario's host."""

    name = "guestbook"
    domain = "guestbook.localhost"

    def __init__(self, host: Host) -> None:
        ephemeral = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
        self.host, self.inventory, self.repository = host, str(ephemeral / "inventory"), ephemeral / self.name
        self.port = int(host.ansible.get_variables()["sandbox_http_port"])

    # --- playbooks ---------------------------------------------------------------------------------------------------

    def start(self, name: str, *options: str, **variables: Any) -> playbook.Running:
        return playbook.start(name, self.inventory, *options, **variables)

    def play(self, name: str, *options: str, **variables: Any) -> playbook.Outcome:
        """Run a playbook to its end, whichever that is."""
        return self.finish(self.start(name, *options, **variables))

    def finish(self, running: playbook.Running) -> playbook.Outcome:
        outcome = running.wait()
        assert PLANTED not in outcome.output, "the output holds the secret"
        return outcome

    def succeed(self, name: str, *options: str, **variables: Any) -> playbook.Outcome:
        outcome = self.play(name, *options, **variables)
        assert outcome.code == 0, outcome
        return outcome

    def fail(self, name: str, *options: str, **variables: Any) -> playbook.Outcome:
        outcome = self.play(name, *options, **variables)
        assert outcome.code not in (0, -9), outcome
        return outcome

    def make_live(self, version: str) -> None:
        """Deploy a version unless it is live."""
        if self.live().get("commit") != self.commit(version):
            self.succeed("deploy", version=version, migrations="keep")

    def commit(self, version: str) -> str:
        return self.git("rev-parse", f"{version}^{{commit}}")

    def new_version(self, base: str, path: str, text: str) -> str:
        """Commit one more file on top of a version: a commit that the host has never seen."""
        file = self.repository / path
        self.git("checkout", "--quiet", "--detach", base)
        file.write_text(text)
        return self.commit_all(f"Add {path}")

    def commit_all(self, message: str) -> str:
        self.git("add", "--all")
        self.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message", message)
        return self.commit("HEAD")

    def git(self, *words: str) -> str:
        command = ["git", "-C", str(self.repository), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let broken/slow-boot not answer until the end of the block."""
        hold = f"/var/lib/{self.name}/hold"
        self.host.check_output("touch %s", hold)
        try:
            yield
        finally:
            self.host.check_output("rm -f %s", hold)

    # --- visitors ----------------------------------------------------------------------------------------------------

    def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body or None, {"Host": self.domain, **headers})
            answer = connection.getresponse()
            return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def up(self) -> bool:
        """Whether visitors are served; after a reboot nobody may listen yet."""
        try:
            return self.ask().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def visitors(self, new: int = 3, kept: int = 1) -> Load:
        return Load(self.port, self.domain, new, kept)

    def serves(self, version: str) -> bool:
        """Whether visitors get this version."""
        answer = self.ask()
        commit = self.commit(version)
        return answer.status == 200 and answer.headers.get("x-commit") == commit and commit[:7] in answer.body.decode()

    # --- the host ----------------------------------------------------------------------------------------------------

    def live(self) -> dict[str, Any]:
        """release.json of the live release, or nothing."""
        found = self.host.run("cat /srv/%s/current/release.json", self.name)
        return dict(json.loads(found.stdout)) if found.rc == 0 else {}

    def releases(self) -> list[str]:
        return sorted(str(self.host.check_output("ls -A /srv/%s/releases", self.name)).split())

    def ledger(self) -> list[dict[str, Any]]:
        lines = self.host.check_output("cat /srv/%s/ledger.jsonl", self.name).splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]  # a power failure may have cut one short

    def sql(self, query: str) -> str:
        return str(self.host.check_output("runuser -u %s -- psql -XAt -d %s -c %s", self.name, self.name, query))

    def secret_in(self) -> list[str]:
        """Where the secret is on the host: files, and lines of the journal and of the list of processes."""
        pattern = f"[{PLANTED[0]}]{PLANTED[1:]}"  # matches the secret and not the command that looks for it
        files = self.host.run("grep -rlse %s / --exclude-dir=proc --exclude-dir=sys", pattern).stdout
        said = self.host.run(f"{{ journalctl --no-pager; ps axww -o args; }} | grep -e '{pattern}'").stdout
        return f"{files}{said}".splitlines()

    def processes(self) -> list[dict[str, Any]]:
        """Every process of every unit of the application's processes."""
        source = Path(inside.__file__).read_text()
        return list(json.loads(self.host.check_output("python3 -c %s %s", source, self.name))["processes"])

    def slots(self) -> set[str]:
        """The application's processes that are systemd's; with mod_wsgi its web processes are Apache's."""
        return {"worker-1", "worker-2", "scheduler"} | (set() if daemons.served(self.host) else {"web"})

    def reboot(self) -> None:
        name = str(self.host.check_output("hostname"))
        subprocess.run([playbook.ROOT / "sandbox" / "sandbox", "restart", name], check=True, capture_output=True)

    def come_back(self, up: Callable[[], bool] | None = None) -> None:
        """Wait until visitors are served and all processes run."""
        self.wait(up or self.up)
        self.wait(lambda: len({each["unit"] for each in self.processes()}) == len(self.slots()))

    def strays(self) -> list[str]:
        """What runs or lies about and is not of the live release: processes, units, sockets, half-made things."""
        release, venv = f"/srv/{self.name}/releases/{self.live()['id']}", self.host.file(f"/srv/{self.name}/current/venv")
        directory = str(self.host.check_output("readlink -f %s", venv.path))
        found, seen = [], set()
        for each in self.processes():
            seen.add(each["unit"])
            if (
                each["directory"] != release
                or not (each["program"].startswith((f"{directory}/", f"{release}/venv/")) or directory in each["mapped"])
                or not set(each["mapped"]) <= {directory, release}
                or each["environment"].get("PLACID_RELEASE", self.live()["id"]) != self.live()["id"]
            ):
                found.append(f"process {each['pid']} of {each['unit']}: {each['directory']}, {each['program']}, {each['mapped']}")
        slots = {unit.split("@")[0].removeprefix(f"{self.name}-") for unit in seen}
        sockets = str(self.host.check_output("ls -A /run/%s", self.name)).split()
        socket = str(self.host.check_output("readlink /srv/%s/current/.placid/web.sock", self.name)).rpartition("/")[2]
        if slots != self.slots() or len(seen) != len(slots):
            found.append(f"units: {sorted(seen)}")
        if sockets != ([socket] if "web" in self.slots() else []):
            found.append(f"sockets: {sockets}")
        if daemons.served(self.host):
            found += [f"mod_wsgi: {each}" for each in daemons.look(self.host) if each["directory"] not in (release, "/")]
        hidden = "find /srv/%s /etc/%s -maxdepth 2 -name '.[!.]*' ! -name .placid"
        found += self.host.check_output(hidden, self.name, self.name).split()
        found += [
            f"{each} is not complete"
            for each in self.releases()
            if not self.host.file(f"/srv/{self.name}/releases/{each}/release.json").exists
        ]
        return found

    def state(self) -> str:
        """All that a run might change on the host; only the lock's content, which says who came last, is left out."""
        places = f"/srv/{self.name} /etc/{self.name} /run/{self.name} /etc/systemd /etc/nginx"
        files = self.host.run(f"find {places} ! -path /srv/{self.name}/lock -printf '%p %y %u %g %m %s %l %T@\\n' | sort").stdout
        pids = sorted((each["unit"], each["pid"]) for each in self.processes())
        return f"{files}\n{pids}"

    def stop_step(self, when: str) -> None:
        """Halt what works on the host for a deployment as soon as a command succeeds there, so that it gets no further."""
        self.host.check_output("timeout 120 sh -c %s", f"until {when}; do sleep 0.02; done; kill -STOP $({self.at_work})")

    def kill_step(self) -> None:
        """Kill what works on the host for a deployment."""
        self.host.check_output(f"kill -KILL $({self.at_work})")

    @property
    def at_work(self) -> str:
        """A command that prints the processes that hold the lock; it prints nothing, and kill fails, where none does."""
        return f"find /proc/[0-9]*/fd -lname /srv/{self.name}/lock 2>/dev/null | cut -d/ -f3 | sort -u"

    def wait_in(self, running: playbook.Running, reached: str, version: str) -> None:
        """Wait until a playbook that runs has got so far that a command succeeds on the host; {commit} in it is the version's."""
        self.wait(lambda: running.ended or self.host.run(reached.format(commit=version[:8])).rc == 0)
        assert not running.ended, self.finish(running)

    def wait(self, for_what: Callable[[], object], seconds: float = 120.0) -> None:
        """Wait until something is the case."""
        deadline = time.monotonic() + seconds
        while not for_what():
            assert time.monotonic() < deadline, "it never came to that"
            time.sleep(0.05)
