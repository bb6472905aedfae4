"""What has no wheel is compiled once, on a host that is for that, and the application's host never notices."""

from __future__ import annotations

import json

from live.builder import ANSWER, Builder, sdist, source
from live.fleet import extra_inventory
from live.site import PLANTED

testinfra_hosts = ["ansible://host"]

# Of the first the index has wheels, which this lock does not mean; of the second it has none for Linux.
SOURCES = (
    "markupsafe==3.0.3 --hash=sha256:722695808f4b6457b320fdc131280796bdceb04ab50fe1795cd540799ebe1698",
    "psycopg2==2.9.11 --hash=sha256:964d31caf728e217c697ff77ea69c2ba0865fa41ec20bb00f0977e62fdcc52e3",
)
BUILDS = "Build what has no wheel"


def left(builder: Builder) -> list[str]:
    """What builds left on the builder."""
    files = "ls -d /var/tmp/build.* /var/tmp/systemd-private-*run-* /root/.ansible/tmp/* 2>/dev/null"
    units = "systemctl list-units --plain --no-legend 'run-*.service'"
    return str(builder.machine.run(f"{files}; {units}").stdout).split()


def test_only_the_builder_has_a_compiler(builder: Builder) -> None:
    for program in ("cc", "gcc", "make"):
        assert builder.machine.exists(program), program
        assert not builder.host.exists(program), program
    assert builder.machine.package("libyaml-dev").is_installed
    for package in ("python3-dev", "libpq-dev"):
        assert not builder.host.package(package).is_installed


def test_what_has_no_wheel_is_compiled_by_the_builder(builder: Builder) -> None:
    outcome = builder.succeed("deploy", version=builder.version_with(*SOURCES))
    assert BUILDS in outcome.output
    python = builder.host.check_output("python3 -c 'import sys; print(f\"cp{sys.version_info[0]}{sys.version_info[1]}\")'")
    for name in ("markupsafe", "psycopg2"):
        assert builder.wheels()[name]["file"].endswith(f"-{python}-{python}-linux_x86_64.whl")
    assert builder.python("import markupsafe._speedups, psycopg2; print(psycopg2.__version__.split()[0])") == "2.9.11"
    assert left(builder) == []


def test_another_commit_with_the_same_sources_needs_no_builder(builder: Builder) -> None:
    before = builder.wheels()
    lost = extra_inventory(builder, "lost", "all: {hosts: {builder: {ansible_port: 1}}}\n")
    outcome = builder.succeed("deploy", *lost, version=builder.version_with(*SOURCES, "# the same"))
    assert BUILDS not in outcome.output
    assert builder.wheels() == before


def test_a_commit_of_another_repository_is_compiled_once(builder: Builder) -> None:
    pinned = builder.elsewhere()
    assert BUILDS in builder.succeed("deploy", version=builder.version_with(pinned)).output
    assert builder.python("import tagged; print(tagged.answer())") == "42"
    wheel = builder.wheels()["tagged"]
    assert (wheel["version"], builder.wheels().keys() & {"markupsafe"}) == ("7.1", set())
    outcome = builder.succeed("deploy", version=builder.version_with("# again", pinned))
    assert BUILDS not in outcome.output
    assert builder.wheels()["tagged"] == wheel


def test_a_build_reaches_nothing_but_its_source(builder: Builder) -> None:
    seen = json.loads(builder.python("import tagged; print(tagged.seen)"))
    assert seen["uid"] != 0
    assert (seen["writable"], seen["readable"], seen["processes"]) == ([], [], [])
    assert [name for name in seen["temporary"] if not name.startswith(("build.", "pip-", "tmp"))] == []
    assert PLANTED not in json.dumps(seen)
    pattern = f"[{PLANTED[0]}]{PLANTED[1:]}"  # matches the secret and not the command that looks for it
    assert builder.machine.run("grep -rlse %s / --exclude-dir=proc --exclude-dir=sys", pattern).stdout == ""


def test_a_directory_of_the_commit_is_compiled_when_it_has_changed(builder: Builder) -> None:
    files = {f"vendor/near/{name}": content.encode() for name, content in source("near", "'1.0'").items()}
    assert BUILDS in builder.succeed("deploy", version=builder.version_with("./vendor/near", **files)).output
    assert builder.python("import near; print(near.answer(), near.__file__)").startswith("42 /srv/guestbook/current/venv/")
    wheel = builder.wheels()["near"]
    assert BUILDS not in builder.succeed("deploy", version=builder.version_with("# again", "vendor/near/", **files)).output
    assert builder.wheels()["near"] == wheel
    files["vendor/near/answer.c"] += b"/* changed */"
    assert BUILDS in builder.succeed("deploy", version=builder.version_with("./vendor/near", **files)).output
    assert builder.wheels()["near"] != wheel


def test_what_does_not_compile_is_named_before_a_host_is_touched(builder: Builder) -> None:
    before = builder.state()
    files = {f"{name}-1.0.tar.gz": sdist(name, "1.0", '#error "no such luck"\n') for name in ("unlucky", "luckless")}
    files["lucky-1.0.tar.gz"] = sdist("lucky", "1.0", ANSWER)
    version = builder.version_with(*(f"./{file}" for file in files), **files)
    message = builder.fail("deploy", version=version).message
    assert "No wheel was built of luckless==1.0, unlucky==1.0; no host was touched." in message
    assert 'unlucky==1.0 cannot be built on builder: answer.c:1:2: error: #error "no such luck"' in message
    assert builder.state() == before
    assert left(builder) == []


def test_a_hash_that_lies_is_refused(builder: Builder) -> None:
    before = builder.state()
    lock = f"psycopg2==2.9.11 --hash=sha256:{'0' * 64}"
    outcome = builder.fail("deploy", version=builder.version_with(lock))
    assert "What the package index serves is not what was locked: psycopg2-2.9.11.tar.gz has sha256 964d31ca" in outcome.message
    assert BUILDS not in outcome.output
    assert builder.state() == before


def test_a_builder_that_is_away_is_named(builder: Builder) -> None:
    lost = extra_inventory(builder, "lost", "all: {hosts: {builder: {ansible_port: 1}}}\n")
    source = {"later-1.0.tar.gz": sdist("later", "1.0", ANSWER)}
    message = builder.fail("deploy", *lost, version=builder.version_with("./later-1.0.tar.gz", **source)).message
    assert "No wheel was built of later==1.0; no host was touched. The builder builder cannot be reached: " in message


def test_an_application_server_is_no_builder(builder: Builder) -> None:
    both = extra_inventory(builder, "both", "all: {children: {builders: {hosts: {host: {}}}}}\n")
    assert "host runs applications" in builder.fail("site", *both, "--tags", "builder", "-l", "host").message
