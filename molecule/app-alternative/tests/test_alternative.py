"""What differs from the defaults holds, behind nginx as behind Apache. Each test goes on where the last one ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host  # type: ignore[import-untyped]

from live.playbook import ROOT, environment
from live.site import Site

ADA = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
DEBIANS = {"12": (3, 11), "13": (3, 13)}
# Sends words to the host and waits for the end of the connection, which the defaults would let stay for half a minute or more.
SEND = """
import socket, sys
with socket.create_connection(("127.0.0.1", 80), timeout=20) as connection:
    connection.sendall(sys.argv[1].encode().decode("unicode_escape").encode())
    said = b""
    while piece := connection.recv(65536):
        said += piece
print(said.decode())
"""


def release(host: Host) -> str:
    """The host's Debian."""
    return str(host.system_info.release).partition(".")[0]


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


class Echo(Site):
    """One of the two applications that are made of one project, on one of the hosts; both hosts get each deployment."""

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host)
        self.name, self.domain = name, f"{name}.localhost"
        self.repository = self.repository.with_name("echo")

    def get(self, path: str) -> str:
        """What a visitor gets, over TLS where it has that, asked on the host."""
        scheme, port = ("https", 443) if self.name == "older" else ("http", 80)
        at = f"--resolve {self.domain}:{port}:127.0.0.1 {scheme}://{self.domain}{path}"
        return str(self.host.check_output(f"curl --silent --insecure --fail {at}"))

    def versions(self) -> dict[str, Any]:
        """What it says of itself."""
        return dict(json.loads(self.get("/")))


@pytest.fixture(scope="session", autouse=True)
def project() -> None:
    """The project in a commit, with the lock that one of the two installs from, and a submodule."""
    repository = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "echo"
    phrases = repository.with_name("phrases")
    for place in (repository, phrases):
        shutil.rmtree(place, ignore_errors=True)
    (phrases / "phrases").mkdir(parents=True)
    (phrases / "phrases/__init__.py").write_text('GREETING = "Hello from a submodule."\n')
    (phrases / "pyproject.toml").write_text('[project]\nname = "phrases"\nversion = "1"\n')
    git("init", "--quiet", "--initial-branch", "main", str(phrases))
    git("-C", str(phrases), "add", "--all")
    git("-C", str(phrases), *ADA, "commit", "--quiet", "--message", "Greet")
    shutil.copytree(Path(__file__).parents[1] / "project", repository)
    git("init", "--quiet", "--initial-branch", "main", str(repository))
    adding = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")  # which git allows for other URLs by itself
    git("-C", str(repository), *adding, "../phrases", "server/vendor/phrases")
    subprocess.run(["uv", "lock", "--quiet", "--directory", repository / "server"], check=True)
    git("-C", str(repository), "add", "--all")
    git("-C", str(repository), *ADA, "commit", "--quiet", "--message", "Tell who answers")


@pytest.fixture(scope="module", autouse=True)
def deployed(host: Host) -> None:
    host.check_output("command -v curl || apt-get install -qqy --no-install-recommends curl")
    for name in ("older", "newer"):
        Echo(host, name).succeed("deploy", app=name, version="main")


@pytest.fixture
def older(host: Host) -> Echo:
    return Echo(host, "older")


@pytest.fixture
def newer(host: Host) -> Echo:
    return Echo(host, "newer")


def test_each_application_has_its_python_its_django_and_what_it_needs_of_debian(host: Host, older: Echo, newer: Echo) -> None:
    debians = DEBIANS[release(host)]
    there = {site.name: site.versions() for site in (older, newer)}
    assert tuple(there["older"]["python"]) == (3, 11)
    assert tuple(there["newer"]["python"]) == debians
    assert there["older"]["django"][0] == 5
    assert there["newer"]["django"] >= there["older"]["django"]
    assert not any(each["services"] for each in there.values())
    assert host.package("gettext-base").is_installed
    for site in (older, newer):
        assert site.succeed("deploy", app=site.name, version="main").output.count("changed=0") >= 2


def test_code_of_a_submodule_is_the_one_that_was_recorded(older: Echo, newer: Echo) -> None:
    """It has gone on since; and a commit of the application says which one it wants."""
    phrases = older.repository.with_name("phrases")
    recorded = git("-C", str(phrases), "rev-parse", "HEAD")
    (phrases / "phrases/__init__.py").write_text('GREETING = "Hello from later."\n')
    git("-C", str(phrases), *ADA, "commit", "--quiet", "--all", "--message", "Greet later")
    try:
        version = older.new_version("main", "server/another.txt", "Another.")
        older.succeed("deploy", app="older", version=version)
        assert older.versions()["greeting"] == newer.versions()["greeting"] == "Hello from a submodule."
        (manifest,) = phrases.with_name("cache").glob(f"artefacts/older/{version}-*.json")
        assert json.loads(manifest.read_text())["submodules"] == [{"path": "vendor/phrases", "commit": recorded}]
        installed = [site.host.run(f"ls /srv/{site.name}/current/venv/lib/*/*/phrases/__init__.py").rc for site in (older, newer)]
        assert installed == [0, 2]
    finally:
        git("-C", str(phrases), "reset", "--quiet", "--hard", recorded)


def test_what_an_application_tests_itself_passes_before_a_host_is_touched(older: Echo) -> None:
    before = older.live()
    broken = older.new_version("main", "server/broken.txt", "")
    assert (
        "The test 'test ! -e broken.txt' ended with 1; no host was touched."
        in older.fail("deploy", app="older", version=broken).message
    )
    assert older.live() == before


def test_a_deployment_leaves_a_tag_that_says_who_and_why(older: Echo) -> None:
    version = older.new_version("main", "server/tagged.txt", "Tagged.")
    older.succeed("deploy", app="older", version=version, comment="for Ada")
    tag = f"push/sandbox/older/{older.live()['id']}"
    assert older.git("cat-file", "tag", tag).endswith(f'deploy {version} "for Ada"')
    assert older.commit(tag) == version


def test_a_process_may_use_what_the_inventory_says_and_leaves_no_core(newer: Echo) -> None:
    """What systemd was told: a container lets it bound nothing."""
    web = newer.processes()[0]["unit"]
    limits = "MemoryMax=314572800 CPUQuotaPerSecUSec=500ms TasksMax=40 LimitCORE=0 LimitCORESoft=0"
    for limit in limits.split():
        assert newer.host.check_output("systemctl show --property=%s %s", limit.partition("=")[0], web) == limit


def test_files_are_where_the_application_says(older: Echo) -> None:
    older.host.check_output("install -D -m 644 -o older -g older /etc/hostname /var/lib/older/media/name.txt")
    assert older.get("/files/site.css") == "body { color: black }"
    assert older.get("/uploads/name.txt") == older.host.check_output("cat /etc/hostname")
    assert older.host.file(f"/srv/older/releases/{older.live()['id']}/public/site.css").is_file


def test_build_commands_run_in_their_order_as_the_build_user_when_static_files_are_there(newer: Echo) -> None:
    assert newer.get("/static/built.txt").splitlines() == ["newer-build", "built.txt", "site.css", "The second command."]
    file = newer.host.file(f"/srv/newer/releases/{newer.live()['id']}/static/built.txt")
    assert (file.user, file.group) == ("root", "root")


def test_a_build_command_that_writes_beside_the_static_files_is_refused(newer: Echo) -> None:
    live, releases = newer.live(), newer.releases()
    version = newer.new_version("main", "server/outside.txt", "To be changed.\n")
    message = newer.fail("deploy", app="newer", version=version).message
    assert "The release is not the committed tree: a build command or collectstatic changed files outside static/." in message
    assert (newer.live(), newer.releases()) == (live, releases)
    assert newer.host.run("find /srv /run /tmp -xdev -user newer-build | grep .").rc == 1
    assert newer.versions()["commit"] == live["commit"]


def test_as_many_releases_stay_as_the_application_says(older: Echo) -> None:
    for number in range(2):
        older.succeed("deploy", app="older", version=older.new_version("main", "number.txt", str(number)))
    assert len([each for each in older.releases() if not each.startswith(".")]) == 2


def test_sites_speak_the_other_profile(host: Host) -> None:
    old = host.run("echo | openssl s_client -connect 127.0.0.1:443 -servername older.localhost -tls1_2")
    assert ("Protocol  : TLSv1.2" in old.stdout and old.rc == 0) == (release(host) == "13")


def test_an_application_that_is_silent_for_longer_is_given_up(newer: Echo) -> None:
    assert newer.ask("/late/1/").status == 200
    name = newer.host.ansible.get_variables()["inventory_hostname"]
    assert newer.ask("/late/8/").status == (504 if name == "nginx" else 502)  # which Apache says of any answer that does not come


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("POST / HTTP/1.1\\r\\nHost: newer.localhost\\r\\nContent-Length: 9\\r\\n\\r\\nhalf", ("408", "")),
        ("GET / HTTP/1.1\\r\\nHost: newer.localhost\\r\\n\\r\\n", ("200",)),
    ],
    ids=["half a request", "a request, and then nothing"],
)
def test_a_visitor_who_falls_silent_is_let_go(newer: Echo, words: str, status: tuple[str, ...]) -> None:
    said = newer.host.check_output("python3 -c %s %s", SEND, words)
    assert (re.match(r"HTTP/1.1 (\d+)", said) or ["", ""])[1] in status


def test_visitors_of_a_maintenance_are_asked_back_when_the_inventory_says(newer: Echo) -> None:
    newer.succeed("maintenance", app="newer", state="on")
    try:
        away = newer.ask()
        assert (away.status, away.headers["retry-after"]) == (503, "7")
        newer.succeed("site", "--tags", "app", app_maintenance_networks=["0.0.0.0/0"])
        assert newer.ask().status == 200
    finally:
        newer.succeed("maintenance", app="newer", state="off")
        newer.succeed("site", "--tags", "app")


def test_an_address_that_is_none_is_refused_before_anything_changes(newer: Echo) -> None:
    paths = f"/etc/{newer.host.ansible.get_variables()['web_server'].replace('apache', 'apache2')}/sites-enabled"
    before = newer.host.check_output("find -L %s -name '*.conf' -exec sha256sum {} +", paths)
    outcome = newer.fail("site", "--tags", "app", app_maintenance_networks=["192.0.2.0/33"])
    assert "app_maintenance_networks: '192.0.2.0/33' is no address or network" in outcome.message
    assert newer.host.check_output("find -L %s -name '*.conf' -exec sha256sum {} +", paths) == before


def test_a_site_that_the_web_server_refuses_is_not_left_for_its_next_start(newer: Echo) -> None:
    name = newer.host.ansible.get_variables()["inventory_hostname"]
    directory, test = {"nginx": ("/etc/nginx", "/usr/sbin/nginx"), "apache": ("/etc/apache2", "/usr/sbin/apachectl")}[name]
    site = f"{directory}/sites-enabled/newer.conf"
    before = newer.host.file(site).content
    arguments = {"files": [{"path": site, "content": "nonsense\n"}], "accepted_by": [test, "-t"]}
    command = ["ansible", name, "--become", "-m", "drop_ins", "-a", json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment(newer.inventory), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"{test} -t refuses {site} as written, so that is as it was" in done.stdout + done.stderr
    assert newer.host.file(site).content == before
    newer.host.check_output("%s -t", test)


def test_what_the_controller_keeps_is_where_the_inventory_says(newer: Echo) -> None:
    assert {"artefacts", "wheels"} <= set(os.listdir(newer.repository.with_name("cache")))
