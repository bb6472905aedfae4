"""One daemon process of mod_wsgi: it becomes a release when it starts, and is that one until it ends.

Role: app. The process group is called NAME-a or NAME-b. /srv/NAME/wsgi/a leads to the release that the processes of the first are; where
there is no such link they are at rest, and become the live one only if a visitor comes late. What a process is, /proc shows: its
directory, the release.json of its release and the settings that it read, both of which stay open.
"""

import json
import os
import re
import signal
import site
import socket
import sys
import threading
import traceback
from pathlib import Path

import mod_wsgi

NAME, GROUP = mod_wsgi.process_group.rsplit("-", 1)
HOME = Path("/srv", NAME)
LINK = HOME / "wsgi" / GROUP
#: A line of settings.env, as module_utils/placid/dotenv.py writes it.
SETTING = re.compile(r'^([A-Za-z_][A-Za-z0-9_]*)="((?:[^\\"]|\\[\\"$`])*)"\n', re.MULTILINE)
#: Seconds after which a process that could not become its release ends, for Apache to start another.
RETRY_SECONDS = 5
kept = []
lock = threading.Lock()
loaded = None


def speak_to_the_journal():
    """Have what the application prints in the journal, as that of its other processes: journalctl -t NAME-web."""
    journal = socket.socket(socket.AF_UNIX)
    journal.connect("/run/systemd/journal/stdout")
    journal.sendall(f"{NAME}-web\n\n6\n0\n0\n0\n0\n".encode())
    for descriptor, stream in ((1, "stdout"), (2, "stderr")):
        os.dup2(journal.fileno(), descriptor)
        setattr(sys, stream, open(descriptor, "w", buffering=1, errors="backslashreplace", closefd=False))


def environment(release, spec, text):
    """What systemd and the launcher give the application's other processes."""
    static = {"STATIC_ROOT": str(release / spec["static"]["root"])} if spec["static"]["root"] else {}
    return {
        **{name: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for name, value in SETTING.findall(text)},
        **static,
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "LOGNAME": NAME,
        "PATH": f"{release / 'venv/bin'}:/usr/local/bin:/usr/bin:/bin",
        "PLACID_COMMIT": spec["commit"],
        "PLACID_RELEASE": spec["id"],
        "USER": NAME,
    }


def become(link):
    """Become the release that a link leads to now, by paths that lead through no link, and return its application."""
    release = link.resolve(strict=True)
    marker = open(release / "release.json", encoding="utf-8")
    settings = open(f"/etc/{NAME}/settings.env", encoding="utf-8")
    variables = environment(release, json.load(marker), settings.read())
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(release)
    venv = (release / "venv").resolve(strict=True)
    standard = os.path.dirname(os.__file__)
    sys.path[:] = [str(release), standard, f"{standard}/lib-dynload"]  # and none of the distribution's packages
    site.addsitedir(str(venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"))
    sys.prefix = sys.exec_prefix = str(venv)
    sys.executable = str(venv / "bin/python")
    from django.core.servers.basehttp import get_internal_wsgi_application

    served = get_internal_wsgi_application()
    kept.extend((marker, settings))
    return served


def broken(environ, start_response):
    start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "60")])
    return [b"The application does not start.\n"]


def load(link):
    """The application, once for all threads."""
    global loaded
    with lock:
        if loaded is None:
            try:
                loaded = become(link)
            except BaseException:
                traceback.print_exc()
                loaded = broken
                threading.Timer(RETRY_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()
    return loaded


def application(environ, start_response):
    return load(LINK if LINK.is_symlink() else HOME / "current")(environ, start_response)


speak_to_the_journal()
if LINK.is_symlink():
    load(LINK)
