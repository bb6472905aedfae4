"""Real git repositories and real wheels, made in temporary directories; no network."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.metadata
import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.module_utils.placid.build import source, wheelhouse
from ansible.module_utils.placid.build.builder import build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.target import Target

OWN_REQUIREMENTS = wheelhouse.REQUIREMENTS
# A directory may be its own repository's remote here, and commits have the same time and so the same ids in every run.
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-31T12:00:00+0000",
    "GIT_COMMITTER_DATE": "2026-01-31T12:00:00+0000",
}


class Repository:
    """A work tree to commit in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.path), "-c", "protocol.file.allow=always", *arguments]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | GIT
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, path: str, content: str | bytes = "content\n") -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, message: str = "Change", **files: str) -> str:
        """Commit everything that is there, and files given as name=content; answers the commit."""
        for name, content in files.items():
            self.write(name, content)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def resolve(repository: Path | str, version: str, cache: Path) -> str:
    return source.resolve(source.open_source(str(repository), version, cache), version)


MakeRepository = Callable[[str], Repository]
MakeWheel = Callable[..., str]


@pytest.fixture
def make_repository(tmp_path: Path) -> MakeRepository:
    return lambda name: Repository(tmp_path / name)


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    """Two commits on main, tagged v1 (annotated) and v2."""
    made = make_repository("app")
    made.commit("one", a="1")
    made.git("tag", "--annotate", "v1", "--message", "first")
    made.commit("two", a="2")
    made.git("tag", "v2")
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def own_requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Placid's own requirements.txt, which the uv of these tests cannot be held against; it is not there."""
    monkeypatch.setattr(wheelhouse, "REQUIREMENTS", tmp_path / "own-requirements.txt")
    return tmp_path / "own-requirements.txt"


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the link to the index of each test: with the same name for all, pip's configuration is asked for once."""
    return tmp_path_factory.mktemp("places")


@pytest.fixture
def index(tmp_path: Path, places: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels that is all that pip can see."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    directory, link = tmp_path / "index", places / "index"
    directory.mkdir()
    link.unlink(missing_ok=True)
    link.symlink_to(directory)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(link))
    return directory


def write_wheel(index: Path, name: str, version: str, tag: str = "py3-none-any", text: str = "") -> str:
    """Put a tiny wheel into a directory; answers its sha256."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},\n"
        for path, text in files.items()
    )
    wheel = index / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in (files | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture
def make_wheel(index: Path) -> MakeWheel:
    """Put a tiny wheel on the index; answers its sha256."""
    return functools.partial(write_wheel, index)


BACKEND = """
import os, zipfile

NAME, VERSION, TAG = {name!r}, {version!r}, {tag!r}

def build_wheel(directory, config_settings=None, metadata_directory=None):
    info = NAME + "-" + VERSION + ".dist-info"
    with zipfile.ZipFile(directory + "/" + NAME + "-" + VERSION + "-" + TAG + ".whl", "w") as wheel:
        wheel.writestr(NAME + ".py", "built = " + repr(os.urandom(8)))  # no two builds are alike
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION + "\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: " + TAG + "\\n")
        wheel.writestr(info + "/RECORD", "")
    return NAME + "-" + VERSION + "-" + TAG + ".whl"
"""


def source_files(name: str, version: str, tag: str = "py3-none-any", before: str = "") -> dict[str, str]:
    """A source that builds itself with nothing else, and differently each time."""
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    return {
        "pyproject.toml": f'{system}[project]\nname = "{name}"\nversion = "{version}"\n',
        "backend.py": before + BACKEND.format(name=name, version=version, tag=tag),
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }


def write_sdist(directory: Path, name: str, version: str, tag: str = "py3-none-any", before: str = "") -> str:
    """Put a tiny sdist into a directory; answers its sha256."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, content in source_files(name, version, tag, before).items():
            info = tarfile.TarInfo(f"{name}-{version}/{file}")
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def bare_request(repository: Repository, make_wheel: MakeWheel, cache: Path) -> Request:
    """An application without a lock yet, and a uv for the hosts."""
    make_wheel("uv", importlib.metadata.version("uv"), "py3-none-manylinux_2_17_x86_64")
    return Request("shop", str(repository.path), "main", Target("3.13", "x86_64", "2.41"), cache)


def names(request: Request) -> list[str]:
    """What an artefact installs."""
    return [f"{wheel['name']}=={wheel['version']}" for wheel in build(request).manifest["wheels"]]
