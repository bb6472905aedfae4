"""The live release has the packages of its lock and no others, and what is Debian's stays as Debian made it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from live.site import Site

PIN = re.compile(r"^(\S+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)
#: What the interpreter of a release says of where it is.
LOOK = """
import glob, importlib.metadata, importlib.util, json, os, platform, sys
begins = []
for path in filter(os.path.isfile, glob.glob(sys.prefix + "/bin/*")):
    with open(path, errors="replace") as file:
        begins += [file.readline()] if file.read(2) == "#!" else []
print(json.dumps({
    "distributions": [[each.name, each.version] for each in importlib.metadata.distributions()],
    "begins": begins,
    "debians": importlib.util.find_spec("apt") is not None,
    "markers": {
        "python_full_version": platform.python_version(),
        "implementation_name": sys.implementation.name,
        "sys_platform": sys.platform,
    },
}))
"""


@pytest.fixture(scope="module")
def venv(site: Site) -> str:
    """The directory of the live release's virtual environment."""
    site.make_live("v4")
    return str(site.host.check_output("readlink -f /srv/guestbook/current/venv"))


@pytest.fixture(scope="module")
def there(site: Site, venv: str) -> dict[str, Any]:
    return dict(json.loads(site.host.check_output("%s/bin/python -I -c %s", venv, LOOK)))


def test_what_is_installed_is_what_the_lock_pins_and_nothing_else(site: Site, there: dict[str, Any]) -> None:
    pins = PIN.findall(site.git("show", "v4:requirements.txt"))
    assert len(pins) > 5
    wanted = sorted([name, version] for name, version, marker in pins if not marker or Marker(marker).evaluate(there["markers"]))
    assert sorted([canonicalize_name(name), version] for name, version in there["distributions"]) == wanted


def test_a_release_sees_none_of_debians_packages(site: Site, venv: str, there: dict[str, Any]) -> None:
    assert site.host.run("/usr/bin/python3 -c 'import apt'").rc == 0
    assert not there["debians"]
    assert "include-system-site-packages = false" in site.host.file(f"{venv}/pyvenv.cfg").content_string.splitlines()


def test_every_script_of_a_virtual_environment_begins_with_its_own_interpreter(venv: str, there: dict[str, Any]) -> None:
    assert len(there["begins"]) > 2
    assert set(there["begins"]) == {f"{venv}/bin/python\n"}


def test_what_a_release_runs_is_compiled_and_belongs_to_root(site: Site, venv: str) -> None:
    for place in (f"/srv/guestbook/releases/{site.live()['id']}", venv):
        sources = set(site.host.check_output("find %s -name '*.py'", place).splitlines())
        compiled = site.host.check_output("find %s -name '*.pyc' -printf '%%u %%g\\n'", place).splitlines()
        assert set(compiled) == {"root root"}
        assert len(compiled) >= len(sources) > 5


def test_a_deployment_changes_no_file_of_debians_packages(site: Site) -> None:
    before = site.host.run("dpkg --verify").stdout
    site.succeed("deploy", version="broken/changed-lock")
    assert site.host.run("dpkg --verify").stdout == before
    site.succeed("deploy", version="v4")
