"""The guestbook with sources in its lock, the host that builds them, and the controller's cache."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from testinfra.host import Host  # type: ignore[import-untyped]

from live import playbook
from live.site import Site

AUTHOR = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
SETUP = """
import glob, json, os, pathlib, subprocess, tempfile
from setuptools import Extension, setup

def reads(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1))
    except OSError:
        return False

def writes(path):
    try:
        return bool(tempfile.TemporaryFile(dir=path))
    except OSError:
        return False

seen = dict(
    uid=os.getuid(),
    environ=dict(os.environ),
    temporary=[*os.listdir("/tmp"), *os.listdir("/var/tmp")],
    writable=[path for path in ("/etc", "/srv", "/srv/index", "/usr/local", "/var/lib", "/run", "/opt") if writes(path)],
    readable=[path for path in ("/root", "/home", "/etc/shadow") if reads(path)],
    processes=[path for path in glob.glob("/proc/[0-9]*/environ") if reads(path) and os.stat(path).st_uid != os.getuid()],
)
pathlib.Path("NAME").mkdir(exist_ok=True)
pathlib.Path("NAME/__init__.py").write_text("from NAME._answer import answer\\nseen = " + repr(json.dumps(seen)) + "\\n")
setup(name="NAME", version=VERSION, packages=["NAME"], ext_modules=[Extension("NAME._answer", ["answer.c"])])
"""
ANSWER = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *nothing) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_answer", 0, -1, methods};
PyMODINIT_FUNC PyInit__answer(void) { return PyModule_Create(&module); }
"""


def source(name: str, version: str, answer: str = ANSWER) -> dict[str, str]:
    """The files of a package that is compiled, and that looks around itself while it is; `version` is an expression."""
    return {"setup.py": SETUP.replace("NAME", name).replace("VERSION", version), "answer.c": answer}


def sdist(name: str, version: str, answer: str) -> bytes:
    made = io.BytesIO()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for file, content in {**source(name, repr(version), answer), "PKG-INFO": metadata}.items():
            info = tarfile.TarInfo(f"{name}-{version}/{file}")
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return made.getvalue()


class Builder(Site):
    """The site, of which runs use a cache that no other test knows."""

    def __init__(self, host: Host, cache: Path) -> None:
        super().__init__(host)
        self.cache = cache
        self.machine = host.get_host(f"ansible://builder?ansible_inventory={self.inventory}")

    def start(self, name: str, *options: str, **variables: Any) -> playbook.Running:
        return super().start(name, *options, app_cache_dir=str(self.cache), **variables)

    def version_with(self, *lines: str, **files: bytes) -> str:
        """A commit of the guestbook whose lock holds more lines, and which holds more files."""
        self.git("checkout", "--quiet", "--detach", "v1")
        lock = self.repository / "requirements.txt"
        lock.write_text(lock.read_text() + "".join(f"{line}\n" for line in lines))
        for name, content in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.git("add", "--force", lock.name, *files)
        self.git(*AUTHOR, "commit", "--quiet", "--message", "Need more")
        return self.commit("HEAD")

    def elsewhere(self) -> str:
        """Another repository, with a package whose version is its newest tag: how a lock pins it."""
        place = self.repository.with_name("tagged")
        if not place.exists():
            place.mkdir()
            version = 'subprocess.check_output(["git", "describe", "--tags"], text=True).strip()'
            for name, content in source("tagged", version).items():
                (place / name).write_text(content)
            for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "A package"), ("tag", "7.1")):
                self.git("-C", str(place), *AUTHOR, *words)
        return f"tagged @ git+file://{place}@{self.git('-C', str(place), 'rev-parse', 'HEAD')}"

    def wheels(self) -> dict[str, dict[str, Any]]:
        """The wheels of the live release, by name, as its manifest has them."""
        commit = self.live()["commit"]
        [manifest] = (self.cache / "artefacts" / self.name).glob(f"{commit}-*.json")
        return {wheel["name"]: wheel for wheel in json.loads(manifest.read_text())["wheels"]}

    def python(self, code: str) -> str:
        """What code prints that the live release's interpreter runs."""
        return str(self.host.check_output("/srv/%s/current/venv/bin/python -c %s", self.name, code))
