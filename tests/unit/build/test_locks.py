"""Each format of a lock, read from the commit; real uv, no network."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from ansible.module_utils.placid.build.builder import build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError, UnpinnedError

from .conftest import MakeWheel, Repository, names, source_files, write_wheel

TARGET = Target("3.13", "x86_64", "2.41")
PROJECT = """
[project]
name = "shop"
version = "1"
requires-python = ">=3.13"
dependencies = ["plain"]
[project.optional-dependencies]
pg = ["driver"]
[dependency-groups]
dev = ["checker"]
server = ["web"]
[tool.uv]
default-groups = ["dev"]
"""
SHOP = """
version = 1
revision = 3
requires-python = ">=3.13"

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "plain" }]

[package.optional-dependencies]
pg = [{ name = "driver" }]

[package.dev-dependencies]
dev = [{ name = "checker" }]
server = [{ name = "web", marker = "python_full_version >= '3.13'" }]

[package.metadata]
requires-dist = [{ name = "plain" }, { name = "driver", marker = "extra == 'pg'" }]
provides-extras = ["pg"]

[package.metadata.requires-dev]
dev = [{ name = "checker" }]
server = [{ name = "web", marker = "python_full_version >= '3.13'" }]
"""
LOCKED = """
[[package]]
name = "{name}"
version = "1.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [{{ url = "https://files.example.org/{name}-1.0-py3-none-any.whl", hash = "sha256:{digest}", size = 1 }}]
"""
PYLOCK = """
lock-version = "1.0"
created-by = "test"
requires-python = ">=3.13"
extras = ["pg"]
dependency-groups = ["dev", "server"]
default-groups = []
"""
PACKAGE = """
[[packages]]
name = "{name}"
version = "1.0"
{more}
wheels = [{{ url = "https://files.example.org/{name}-1.0-py3-none-any.whl", hashes = {{ sha256 = "{digest}" }} }}]
"""
DIRECTORIES = {"core": 'editable = "packages/core"', "vendored": 'directory = "vendor/vendored"'}
PATHS = {"core": "packages/core", "vendored": "vendor/vendored"}
MARKERS = {
    "plain": "",
    "driver": "marker = \"'pg' in extras\"",
    "web": "marker = \"'server' in dependency_groups\"",
    "checker": "marker = \"'dev' in dependency_groups\"",
    "windows": "marker = \"sys_platform == 'win32'\"",
}


@pytest.fixture
def project(repository: Repository, make_wheel: MakeWheel) -> Repository:
    """One project, locked in both formats."""
    digests = {name: make_wheel(name, "1.0") for name in ("plain", "driver", "checker", "web")}
    uv_lock = SHOP + "".join(LOCKED.format(name=name, digest=digest) for name, digest in digests.items())
    digests["windows"] = "0" * 64
    packages = [PACKAGE.format(name=name, more=MARKERS[name], digest=digest) for name, digest in digests.items()]
    files = {"pyproject.toml": PROJECT, "uv.lock": uv_lock, "pylock.toml": PYLOCK + "".join(packages)}
    repository.commit(**files)
    repository.commit(**{f"site/{name}": content for name, content in files.items()})
    repository.write("uv.lock", "not committed")
    return repository


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("lock", ["uv.lock", "pylock.toml", "site/uv.lock"])
def test_a_lock_of_a_project_gives_what_extras_and_groups_choose(bare_request: Request, lock: str) -> None:
    for extras, groups, expected in [
        (["pg"], ["dev", "server"], ["checker==1.0", "driver==1.0", "plain==1.0", "web==1.0"]),
        ([], [], ["plain==1.0"]),
        (["pg"], ["server"], ["driver==1.0", "plain==1.0", "web==1.0"]),
        ([], ["dev"], ["checker==1.0", "plain==1.0"]),
    ]:
        asked = replace(bare_request, lock=lock, extras=extras, groups=groups)
        assert names(asked) == expected
        assert not build(asked).changed
        assert build(asked).manifest["lock"].get("extras", []) == extras


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lock": "uv.lock", "extras": ["nope"]}, "uv cannot read uv.lock: Extra `nope` is not defined"),
        ({"lock": "uv.lock", "groups": ["nope"]}, "uv cannot read uv.lock: Group `nope` is not defined"),
        (
            {"lock": "site/uv.lock", "target": Target("3.12", "x86_64", "2.36")},
            "site/uv.lock requires Python >=3.13, and the hosts' is 3.12. Change either.",
        ),
        ({"lock": "pylock.toml", "extras": ["nope"]}, "extras holds nope, which pylock.toml was not locked with. It has: pg."),
        ({"lock": "pylock.toml", "groups": ["nope"]}, "groups holds nope, which pylock.toml was not locked with. It has: dev"),
        ({"lock": "pylock.toml", "target": Target("3.12", "x86_64", "2.36")}, "pylock.toml does not fit Python 3.12 on x86_64"),
        ({"lock": "site/pylock.other.toml"}, "Make it with: uv export --format pylock.toml -o pylock.toml and commit it"),
    ],
)
def test_what_a_lock_does_not_have_is_named(bare_request: Request, change: dict[str, object], message: str) -> None:
    with pytest.raises(LockError) as error:
        build(replace(bare_request, **change))  # type: ignore[arg-type]
    assert message in str(error.value)


def test_a_uv_lock_without_its_project_is_refused(bare_request: Request, repository: Repository) -> None:
    repository.commit(**{"uv.lock": SHOP})
    with pytest.raises(LockError, match=r"no pyproject\.toml beside uv\.lock"):
        build(replace(bare_request, lock="uv.lock"))


def test_the_directories_that_a_lock_of_a_project_names_are_built(bare_request: Request, project: Repository) -> None:
    members = "".join(
        f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ {kind} }}\n' for name, kind in DIRECTORIES.items()
    )
    uv_lock = project.git("show", "HEAD:uv.lock") + "\n" + members
    uv_lock = uv_lock.replace('[{ name = "plain" }]', '[{ name = "core" }, { name = "vendored" }]', 1)
    pylock = 'lock-version = "1.0"\ncreated-by = "test"\n' + "".join(
        f'[[packages]]\nname = "{name}"\ndirectory = {{ path = "{path}" }}\n' for name, path in PATHS.items()
    )
    sources = {f"{path}/{file}": text for name, path in PATHS.items() for file, text in source_files(name, "1").items()}
    project.commit(**{"uv.lock": uv_lock, "pylock.toml": pylock, **sources})
    for lock in ("uv.lock", "pylock.toml"):
        assert names(replace(bare_request, lock=lock, builder="local")) == ["core==1", "vendored==1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lock-version = ", "is not a pylock.toml that can be read"),
        ('created-by = "x"', "is not a pylock.toml that can be read"),
        (PYLOCK + '[[packages]]\nname = "a"\ndirectory = { path = "vendor/a" }', "names vendor/a, of which nothing is in the"),
        (PYLOCK + '[[packages]]\nname = "a"\nvcs = { type = "hg", url = "https://x", commit-id = "1" }', "comes from hg"),
        (
            PYLOCK + '[[packages]]\nname = "a"\nvcs = { type = "git", url = "https://x/a", commit-id = "v1" }',
            "names no full commit",
        ),
        (
            PYLOCK + '[[packages]]\nname = "a"\narchive = { url = "https://x/a-1.zip", hashes = { sha256 = "00" } }',
            "URL of an archive",
        ),
        (
            PYLOCK + '[[packages]]\nname = "a"\nversion = "1"\nsdist = { url = "https://x/a-1.zip", hashes = { md5 = "00" } }',
            "has no sha256",
        ),
    ],
)
def test_what_a_pylock_may_not_hold_is_refused(bare_request: Request, repository: Repository, text: str, message: str) -> None:
    repository.commit(**{"pylock.toml": text})
    with pytest.raises(LockError) as error:
        build(replace(bare_request, lock="pylock.toml"))
    assert message in str(error.value)


# --- No lock ---------------------------------------------------------------------------------------------------------


def test_requirements_that_pin_nothing_are_refused_unless_a_lock_may_be_made(
    bare_request: Request, repository: Repository, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel("thing", "1.0")
    elsewhere = repository.path.parent / "elsewhere"
    elsewhere.mkdir()
    write_wheel(elsewhere, "thing", "9.0")  # an index that the file names must not be asked
    repository.commit(**{"requirements.txt": f"-i https://x.example.org\n--find-links {elsewhere}\nthing\n"})
    with pytest.raises(UnpinnedError, match="line 3: thing is not pinned"):
        build(bare_request)
    asked = replace(bare_request, lock_missing="generate")
    made = build(asked)
    assert made.manifest["requirements"].startswith("thing==1.0 --hash=sha256:")
    assert made.manifest["lock"]["generated"] is True
    assert "requirements.txt does not pin thing: a lock was made of it now" in made.warnings[-1]
    kept = made.manifest_file.with_suffix(".lock.txt").read_bytes()
    assert kept.startswith(b"thing==1.0 ")
    assert hashlib.sha256(kept).hexdigest() == made.manifest["lock"]["generated_sha256"]
    make_wheel("thing", "2.0")
    repository.commit(a="3")
    again = build(asked)
    assert again.manifest_file.with_suffix(".lock.txt").read_bytes() == kept
    assert again.manifest["requirements"] == made.manifest["requirements"]
    assert "the lock that was made of it before was used" in again.warnings[-1]
    repository.commit(**{"requirements.txt": "thing<2\nmissing\n"})
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:hunter2@x.example.org")
    with pytest.raises(LockError, match=r"No lock can be made of requirements\.txt for Python 3\.13") as error:
        build(asked)
    assert "missing" in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("path", ["./packages/thing", "wheels/thing-1.0-py3-none-any.whl"])
def test_no_lock_is_made_of_what_lies_in_the_repository(bare_request: Request, repository: Repository, path: str) -> None:
    repository.commit(**{"requirements.txt": f"--find-links=wheels/more\nother\n{path}\n"})
    with pytest.raises(LockError, match=rf"requirements\.txt, line 3: {path} is in the repository.*Make the lock yourself"):
        build(replace(bare_request, lock_missing="generate"))
