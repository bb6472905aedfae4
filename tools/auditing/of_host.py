"""What a host shows to who is on it already."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator

from auditing.common import VENV, Host, Result, debian_13, missed, run

#: Exposure that systemd-analyze may give an application's unit that has no network.
SOCKETS_ONLY = 0.4
#: Units and the exposure that it may give them.
EXPOSURE = {
    r"(nginx|apache2|memcached@.+|pgbouncer@.+|placid-.+)\.service": 2.5,
    r"(postgresql)@.+\.service": 4.0,
    r"{applications}-.+@.+\.service": 1.2,
}
#: Lynis without installing it: the host's own archive, unpacked beside and removed again.
LYNIS = """
set -e; d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cd "$d"; chmod 755 .
apt-get -q download lynis >said 2>&1 || { cat said; exit 1; }; dpkg-deb -x lynis_*.deb .; cd usr/share/lynis
../../sbin/lynis audit system --quick --no-colors --profile "$d/etc/lynis/default.prf" \\
    --plugindir "$d/etc/lynis/plugins" --logfile "$d/log" --report-file "$d/report" >"$d/said" 2>&1 || cat "$d/said"
cat "$d/report"; sed -nE 's/.*(Performing test ID [A-Z0-9-]+|Hardening: assigned .*)/\\1/p' "$d/log"
"""
#: oscap in the same way, with all that it needs and the host has not.
OSCAP = """
set -e; d={place}; trap 'rm -rf "$d"' EXIT; cd "$d"; mkdir -p archives/partial tree
apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dir::Cache::archives="$d/archives" --download-only \\
    install openscap-scanner >said 2>&1 || { cat said; exit 1; }
for package in archives/*.deb; do dpkg-deb -x "$package" tree; done
export LD_LIBRARY_PATH="$(echo tree/usr/lib tree/usr/lib/*-linux-gnu* tree/lib/*-linux-gnu* | tr ' ' :)"
share=tree/usr/share/openscap
test ! -d $share || export OSCAP_CPE_PATH=$share/cpe OSCAP_SCHEMA_PATH=$share/schemas
PATH=tree/usr/bin:$PATH oscap xccdf eval --profile anssi_bp28_enhanced --results results content.xml 2>&1 || true
grep -o '<score .*</score>' results
"""
CONTENT = "usr/share/xml/scap/ssg/content/ssg-debian{major}-ds.xml"
DJANGO = """
set -a; . /etc/{name}/settings.env; set +a; cd /srv/{name}/current
exec setpriv --reuid {name} --regid {name} --init-groups venv/bin/python manage.py check --deploy --fail-level WARNING 2>&1
"""


def lynis(host: Host) -> Iterator[Result]:
    report = host.sh(LYNIS)
    host.keep("lynis.txt", report)
    index = int((re.findall(r"hardening_index=(\d+)", report) or ["0"])[0])
    warnings = re.findall(r"^warning\[\]=([A-Z0-9-]+)", report, re.MULTILINE)
    figure = f"index {index}, {len(warnings)} warnings {' '.join(warnings)}".rstrip()
    yield Result("lynis", figure, ">= 85, 0", index >= 85 and not warnings)


def openscap(host: Host) -> Iterator[Result]:
    """ANSSI's BP-028, enhanced: Debian 13's content, which is about Debian 12 and none newer."""
    what, content = "openscap, ANSSI BP-028 enhanced", debian_13("ssg-debian") / CONTENT.format(major=host.major)
    if not content.exists():
        yield Result(what, f"there are no rules for Debian {host.major}", "none, then", True)
        return
    place = host.sh("mktemp -d")
    host.ask("ansible.builtin.copy", f"src={content} dest={place}/content.xml mode=0600")
    said = host.sh(OSCAP.replace("{place}", place))
    failed = [
        rule
        for rule, result in re.findall(r"^Rule\s+(\S+)$.*?^Result\s+(\S+)$", said, re.DOTALL | re.MULTILINE)
        if result == "fail"
    ]
    host.keep("openscap.txt", said)
    host.keep("openscap-failed.txt", "\n".join(failed) + "\n")
    score = float((re.findall(r"<score [^>]*>([0-9.]+)<", said) or ["0"])[0])
    yield Result(what, f"{score:.1f}, {len(failed)} rules failed", ">= 85", score >= 85)


def units(host: Host) -> Iterator[Result]:
    """systemd-analyze security."""
    said = host.sh("systemd-analyze security --no-pager")
    host.keep("units.txt", said)
    names = "(" + "|".join(map(re.escape, host.facts["runs"])) + ")"
    shown = host.sh("systemctl show --property=Id,PrivateNetwork '*@*.service'").split("\n\n")
    closed = {line.removeprefix("Id=") for block in shown if "PrivateNetwork=yes" in block for line in block.splitlines()}
    seen = set()
    for unit, exposure in ((words[0], words[1]) for words in map(str.split, said.splitlines()) if len(words) > 2):
        for pattern, most in EXPOSURE.items():
            if match := re.fullmatch(pattern.replace("{applications}", names), unit):
                seen.add(match.group(1))
                most = SOCKETS_ONLY if unit in closed and match.group(1) in host.facts["runs"] else most
                yield Result(f"exposure of {unit}", exposure, f"<= {most}", float(exposure) <= most)
    for name in host.facts["runs"]:
        if name not in seen:
            yield missed(f"exposure of {name}", "none of its processes runs")


def nginx(host: Host) -> Iterator[Result]:
    """gixy on the whole tree of includes."""
    if host.sh("test ! -x /usr/sbin/nginx || echo yes") != "yes":
        return
    dump = host.sh("nginx -T 2>/dev/null")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(dump + "\n")
        file.flush()
        done = run(VENV / "gixy", "-f", "json", file.name)
    host.keep("gixy.json", done.stdout + done.stderr)
    read = dump.count("# configuration file ")
    found = len(json.loads(done.stdout or "[]"))
    good = read > 0 and found == done.returncode == 0
    yield Result("gixy", f"{found} findings in {read} files, exit {done.returncode}", "0, exit 0", good)


def django(host: Host) -> Iterator[Result]:
    for name in host.facts["runs"]:
        what = f"check --deploy of {name}"
        if host.sh(f"test ! -e /srv/{name}/current || echo yes") != "yes":
            yield missed(what, "not deployed")
            continue
        said = host.sh(DJANGO.replace("{name}", name))
        host.keep(f"django-{name}.txt", said)
        last = (said.splitlines() or ["no answer"])[-1]
        yield Result(what, last, "no issues", last.startswith("System check identified no issues"))
