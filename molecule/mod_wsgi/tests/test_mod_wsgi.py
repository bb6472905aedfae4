from __future__ import annotations

import json
import re
import ssl

import pytest
from testinfra.host import Host

from live import daemons
from live.front_door import CERTIFICATE, DOMAIN, FrontDoor
from live.load import Load
from live.site import Site

EMBEDDED = """
<VirtualHost *:80>
    ServerName embedded.localhost
    WSGIScriptAlias / /srv/embedded/app.wsgi
    <Directory /srv/embedded>
        Require all granted
    </Directory>
</VirtualHost>
"""


@pytest.fixture(scope="module")
def site(host: Host) -> Site:
    return Site(host)


@pytest.fixture(scope="module")
def tls(host: Host) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=host.file(CERTIFICATE).content_string)


def visitors(host: Host, tls: ssl.SSLContext) -> Load:
    return Load(int(host.ansible.get_variables()["sandbox_https_port"]), DOMAIN, new=3, kept=1, tls=tls)


def assert_proved(host: Host, site: Site, version: str) -> None:
    """Every process that visitors reach is one release, and nothing else is any."""
    live = site.live()
    assert live["commit"] == site.commit(version)
    release = f"/srv/guestbook/releases/{live['id']}"
    venv = str(host.check_output("readlink -f %s/venv", release))
    processes = daemons.look(host)
    assert {each["user"] for each in processes} == {"guestbook"}
    group = "b" if host.file(f"{release}/.placid/b").exists else "a"
    serving = [each for each in processes if each["group"] == group]
    assert len(serving) == 2
    for each in serving:
        assert each["directory"] == release
        assert {release} <= set(each["mapped"]) <= {release, venv}
    assert [(each["directory"], each["mapped"]) for each in processes if each["group"] != group] == [("/", [])] * 2
    units = {each["unit"].split("@")[0]: each["directory"] for each in site.processes()}
    assert units == dict.fromkeys(("guestbook-worker-1", "guestbook-worker-2", "guestbook-scheduler"), release)


def test_no_request_is_lost_in_deployments_and_a_rollback(host: Host, site: Site, tls: ssl.SSLContext) -> None:
    reloaded = host.check_output("systemctl show apache2 --property=StateChangeTimestamp")
    with visitors(host, tls) as load:
        site.succeed("deploy", version="v2")
        assert_proved(host, site, "v2")
        site.succeed("deploy", version="v3")
        assert_proved(host, site, "v3")
        site.succeed("rollback", migrations="keep")
    print(load.report("two deployments and a rollback"))
    assert load.failed == []
    assert {site.commit(version) for version in ("v1", "v2", "v3")} <= set(load.commits)
    assert_proved(host, site, "v2")
    assert host.check_output("systemctl show apache2 --property=StateChangeTimestamp") == reloaded


def test_visitors_notice_no_change_of_settings(host: Host, site: Site, tls: ssl.SSLContext) -> None:
    before = {each["pid"] for each in daemons.look(host)}
    with visitors(host, tls) as load:
        site.succeed("settings", guestbook_secret_key="another one of a test " * 3)
    print(load.report("a change of settings"))
    assert load.failed == []
    assert_proved(host, site, "v2")
    assert not before & {each["pid"] for each in daemons.look(host)}
    site.succeed("settings")


def test_the_same_again_changes_nothing(host: Host, site: Site) -> None:
    before = daemons.look(host)
    assert site.succeed("settings").recap["changed"] == 0
    assert daemons.look(host) == before


@pytest.mark.parametrize("version", ["broken/unhealthy", "does not start"])
def test_a_broken_version_is_not_made_live(host: Host, site: Site, tls: ssl.SSLContext, version: str) -> None:
    site.make_live("v3")
    releases, processes = site.releases(), [each for each in daemons.look(host) if each["mapped"]]
    if version == "does not start":
        version = site.new_version("v3", "guestbook/wsgi.py", "raise RuntimeError('This release is broken on purpose.')\n")
        words = ["This release is broken on purpose.", "it answered 503 where 200 was expected"]
    else:
        words = ["asked for /healthz as guestbook.localhost", "it answered 500 where 200 was expected"]
    with visitors(host, tls) as load:
        outcome = site.fail("deploy", version=version)
    print(load.report("a deployment that failed"))
    assert load.failed == []
    assert set(load.commits) == {site.commit("v3")}
    assert [word for word in words if word not in outcome.message] == []
    assert site.releases() == releases
    assert_proved(host, site, "v3")
    assert [each for each in daemons.look(host) if each["mapped"]] == processes, "the old ones served all the time"
    assert site.succeed("settings").recap["changed"] == 0


def test_a_process_that_ends_comes_back_as_the_same_release(host: Host, site: Site) -> None:
    before = daemons.look(host)
    victim = next(each["pid"] for each in before if each["mapped"])
    host.check_output(f"kill -KILL {victim}")
    site.wait(lambda: len([each for each in daemons.look(host) if each["mapped"]]) == 2)
    assert_proved(host, site, "v3")


def test_status_proves_every_process(site: Site) -> None:
    assert re.search(r"processes: all 5 run the live release", site.succeed("status").output)


def test_what_comes_late_to_processes_at_rest_gets_the_live_release(host: Host, site: Site) -> None:
    """As a request does that Apache sends while the link is renamed."""
    group = "a" if host.file("/srv/guestbook/current/.placid/b").exists else "b"
    door = FrontDoor(host)
    answer = door.ask(address="127.0.0.1", headers={"X-Placid-Group": group})
    assert (answer.status, answer.one("x-commit")) == (200, site.commit("v3"))
    assert site.succeed("settings").recap["changed"] == 1, "they are sent to rest again"
    assert_proved(host, site, "v3")


def test_a_visitor_does_not_choose_the_processes(host: Host, site: Site) -> None:
    for group in ("a", "b", "none"):
        assert FrontDoor(host).ask(headers={"X-Placid-Group": group}).status == 200
    assert_proved(host, site, "v3")


def test_python_does_not_run_in_apaches_own_processes(host: Host) -> None:
    host.check_output("mkdir -p /srv/embedded")
    host.check_output('echo \'def application(e, s): s("200 OK", []); return [b"embedded"]\' > /srv/embedded/app.wsgi')
    host.check_output("printf %s > /etc/apache2/sites-enabled/embedded.conf", EMBEDDED)
    try:
        host.check_output("apachectl -t && systemctl reload apache2")
        answer = FrontDoor(host).ask(port=80, name="embedded.localhost")
    finally:
        host.check_output("rm -r /etc/apache2/sites-enabled/embedded.conf /srv/embedded && systemctl reload apache2")
    assert answer.status >= 400
    assert "embedded" not in answer.body
    maps = host.check_output("cat $(pgrep -u www-data apache2 | sed 's,.*,/proc/&/maps,')")
    assert "lib-dynload" not in maps, "no interpreter was started there"


def test_the_application_owns_its_state_alone(host: Host) -> None:
    owned = host.check_output("find / /run /dev/shm -xdev \\( -user guestbook -o -user guestbook-build \\)").splitlines()
    assert [path for path in owned if not re.match(r"/(var/lib|run)/guestbook(/|$)", path)] == []


@pytest.mark.parametrize(
    ("path", "allowed"), [("/var/lib/guestbook/media", True), ("/var/log/apache2", False), ("/srv/guestbook", False)]
)
def test_a_process_writes_to_its_state_alone(host: Host, site: Site, path: str, allowed: bool) -> None:
    site.wait(lambda: daemons.look(host))  # after a reload Apache has none for a moment
    pid = next(each["pid"] for each in daemons.look(host))
    write = f"nsenter --target {pid} --mount runuser -u guestbook -- touch {path}/probe"
    assert (host.run(write).rc == 0) == allowed
    host.run(f"rm -f {path}/probe")


def test_what_the_application_prints_is_in_the_journal(host: Host) -> None:
    lines = host.check_output("journalctl --identifier=guestbook-web --output=json --lines=50").splitlines()
    assert {json.loads(line)["_UID"] for line in lines} == {str(host.user("guestbook").uid)}


def test_apache_is_confined(host: Host) -> None:
    score = host.check_output("systemd-analyze security --no-pager apache2.service | tail -n 1")
    assert float(score.split(": ")[1].split()[0]) <= 2.5


def test_the_live_release_comes_back_after_a_reboot(host: Host, site: Site) -> None:
    site.reboot()
    site.come_back(lambda: FrontDoor(host).ask("/healthz").status == 200)
    assert_proved(host, site, "v3")
