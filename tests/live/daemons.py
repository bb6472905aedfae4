"""The processes of mod_wsgi on a host, and what the tests put in the application's place among them."""

from __future__ import annotations

import json
from typing import Any

from testinfra.host import Host  # type: ignore[import-untyped]

#: Prints what Apache runs of the guestbook, as [group, pid, user, directory, what of releases and venvs is in its memory].
LOOK = r"""
import json, os, pathlib, pwd, re
found = []
for place in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        title = (place / "cmdline").read_text().partition(" ")[0]
        if title not in ("wsgi-a", "wsgi-b"):
            continue
        uid = int(re.search(r"Uid:\s+(\d+)\s+\1\s+\1\s", (place / "status").read_text())[1])
        mapped = re.findall("/srv/guestbook/(?:releases|venvs)/[^/ ]+", (place / "maps").read_text())
        held = [os.path.dirname(path) for path in map(os.readlink, (place / "fd").iterdir()) if path.endswith("/release.json")]
        user, directory = pwd.getpwuid(uid).pw_name, os.readlink(place / "cwd")
        found.append([title[-1], int(place.name), user, directory, sorted({*mapped, *held})])
    except FileNotFoundError:
        continue
print(json.dumps(found))
"""
#: A release whose application tells what it was asked, in the group that is at rest; visitors then get that group.
ECHO = r"""
set -e
cd /srv/guestbook
mkdir -p releases/echo/guestbook
echo '{"id": "echo", "commit": "echo", "static": {"root": ""}}' > releases/echo/release.json
ln -sfn "$(readlink -f current/venv)" releases/echo/venv
touch releases/echo/guestbook/__init__.py
cat > releases/echo/guestbook/settings.py <<'END'
SECRET_KEY = "x"
WSGI_APPLICATION = "guestbook.echo.application"
END
cat > releases/echo/guestbook/echo.py <<'END'
import json
def application(environ, start_response):
    headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
    own = ("X-Content-Type-Options", "Referrer-Policy", "Strict-Transport-Security") if environ["PATH_INFO"] == "/own" else ()
    start_response("200 OK", [(name, "own") for name in own])
    return [json.dumps({"path": environ["REQUEST_URI"], "inner": environ["PATH_INFO"], "headers": headers}).encode()]
END
group=$([ -e current/.placid/b ] && echo a || echo b)
ln -sfn ../releases/echo wsgi/$group
pkill -f "^wsgi-$group guestbook" || true  # those that end have not been started anew yet
where() { for pid in $(pgrep -f "^wsgi-$group guestbook"); do readlink /proc/$pid/cwd; done | sort -u; }
for try in $(seq 300); do [ "$(where)" = "$PWD/releases/echo" ] && break; sleep 0.1; done
[ $group = a ] && rm current/.placid/b || touch current/.placid/b
"""
#: The end of that.
REST = r"""
cd /srv/guestbook
group=$([ -e current/.placid/b ] && echo b || echo a)
[ $group = b ] && rm current/.placid/b || touch current/.placid/b
rm -r wsgi/$group releases/echo
sleep 0.2
pkill -f "^wsgi-$group guestbook" || true  # those that end have not been started anew yet
"""


def served(host: Host) -> bool:
    """Whether mod_wsgi serves the guestbook on a host."""
    return bool(host.run("grep -q WSGIDaemonProcess /etc/apache2/sites-enabled/guestbook.conf").rc == 0)


def look(host: Host) -> list[dict[str, Any]]:
    """The processes of both groups."""
    found = json.loads(host.check_output("python3 -c %s", LOOK))
    return [dict(zip(("group", "pid", "user", "directory", "mapped"), each, strict=True)) for each in found]
