"""The whole artefact: same commit and target, same bytes; found again where it is whole, made again where it is not."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from ansible.module_utils.placid.build import manifest, wheelhouse
from ansible.module_utils.placid.build.builder import Artefact, build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError, ManifestError, PlacidError, SourceError
from ansible.module_utils.placid.tree import digest_directory, unpack

from .conftest import MakeWheel, Repository

TARGET = Target("3.13", "x86_64", "2.41")
LINUX = "py3-none-manylinux_2_17_x86_64"


def fill(cache: Path, index: Path) -> None:
    """Put the wheels of the index into the store, as if pip had downloaded them for an earlier lock."""
    uv = importlib.metadata.version("uv")
    for name, version, file in (("uv", uv, f"uv-{uv}-{LINUX}.whl"), ("thing", "1.0", "thing-1.0-py3-none-any.whl")):
        digest = digest_file(index / file)
        wheel = Wheel(name, version, file, digest, (index / file).stat().st_size)
        Store(cache).add(wheel, index / file)
        pin = f"{name}=={version}" if name == "uv" else f"{name}=={version} --hash=sha256:{digest}"
        Store(cache).remember(pin, TARGET.as_dict(), wheel)


@pytest.fixture
def request_(repository: Repository, make_wheel: MakeWheel, index: Path, cache: Path) -> Request:
    """An application with one locked package, and a uv for the hosts."""
    make_wheel("uv", importlib.metadata.version("uv"), LINUX)
    digest = make_wheel("thing", "1.0")
    fill(cache, index)
    repository.commit("lock", **{"requirements.txt": f"thing==1.0 --hash=sha256:{digest}\n", "manage.py": "print(1)\n"})
    return Request("guestbook", str(repository.path), "main", TARGET, cache)


def test_an_artefact_holds_what_its_manifest_says(request_: Request, repository: Repository, tmp_path: Path) -> None:
    made = build(request_)
    commit = repository.git("rev-parse", "HEAD")
    found = made.manifest
    assert made.changed
    assert made.archive == request_.cache / "artefacts" / "guestbook" / f"{commit}.tar.zst"
    assert json.loads(made.manifest_file.read_bytes()) == found
    assert [found[key] for key in ("format", "application", "commit", "committed_at", "author", "subject", "describe")] == [
        2,
        "guestbook",
        commit,
        "2026-01-31T12:00:00Z",
        "Ada",
        "lock",
        f"v2-1-g{commit[:12]}",
    ]
    [wheel] = found["wheels"]
    assert found["requirements"] == f"thing==1.0 --hash=sha256:{wheel['sha256']}"
    assert (request_.cache / "wheels" / wheel["sha256"] / wheel["file"]).stat().st_size == wheel["size"]
    assert found["installer"]["version"] == found["tools"]["uv"] == importlib.metadata.version("uv")
    assert found["lock"]["sha256"] == hashlib.sha256((repository.path / "requirements.txt").read_bytes()).hexdigest()
    packed = made.archive.read_bytes()
    assert (found["source"]["sha256"], found["source"]["size"]) == (hashlib.sha256(packed).hexdigest(), len(packed))
    tar = zstandard.ZstdDecompressor().decompress(packed)
    assert found["source"]["unpacked_size"] == len(tar)
    tree = unpack(io.BytesIO(tar), tmp_path / "release")
    assert (found["source"]["tree_sha256"], found["source"]["files"]) == (tree.sha256, tree.files)
    assert digest_directory(tmp_path / "release") == tree
    assert sorted(path.name for path in (tmp_path / "release").iterdir()) == ["a", "manage.py", "requirements.txt"]
    assert not list((request_.cache / "temporary").iterdir())


def test_how_an_artefact_was_made_is_kept_beside_it(request_: Request) -> None:
    made = build(request_)
    log = made.manifest_file.with_suffix(".log")
    assert log.read_text().splitlines() == made.log[:-1]
    assert made.log[-1] == f"Wrote the manifest {made.manifest_file}"
    assert made.log[0].startswith("Version main of ")
    kept = log.read_text()
    assert build(request_).log[-1].endswith(f"How it was made: {log}")
    assert (log.read_text(), log.with_suffix(".lock.txt").exists()) == (kept, False)


def test_the_log_of_a_build_that_fails_is_there(request_: Request, repository: Repository) -> None:
    commit = repository.commit(**{".env": "A=1"})
    log: list[str] = []
    with pytest.raises(PlacidError, match="must not be in a release"):
        build(request_, log)
    assert log == [f"Version main of {repository.path} is commit {commit}"]


def test_two_builds_give_the_same_bytes(request_: Request, repository: Repository, index: Path, tmp_path: Path) -> None:
    one = build(request_)
    repository.write("untracked")
    fill(tmp_path / "other", index)
    other = build(replace(request_, cache=tmp_path / "other"))
    assert one.archive.read_bytes() == other.archive.read_bytes()
    assert one.manifest_file.read_bytes() == other.manifest_file.read_bytes()


def test_a_tag_made_in_between_does_not_change_the_digest(
    request_: Request, repository: Repository, index: Path, tmp_path: Path
) -> None:
    one = build(request_).manifest
    repository.git("tag", "v3")
    fill(tmp_path / "other", index)
    other = build(replace(request_, cache=tmp_path / "other")).manifest
    assert (one["describe"], other["describe"]) == (f"v2-1-g{one['commit'][:12]}", "v3")
    assert one["digest"] == other["digest"]
    assert not build(request_).changed


def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheelhouse, "Pip", None)


def test_a_second_build_comes_from_the_cache(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    one = build(request_)
    offline(monkeypatch)
    other = build(request_)
    assert (other.changed, other.manifest, other.archive) == (False, one.manifest, one.archive)


def test_another_commit_with_the_same_lock_needs_no_network(
    request_: Request, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = build(request_)
    offline(monkeypatch)
    commit = repository.commit(a="3")
    other = build(request_)
    assert (other.changed, other.manifest["commit"]) == (True, commit)
    assert other.manifest["venv_digest"] == one.manifest["venv_digest"]
    assert other.manifest["digest"] != one.manifest["digest"]


def damage_archive(made: Artefact) -> None:
    made.archive.write_bytes(made.archive.read_bytes()[:-1])


def damage_manifest(made: Artefact) -> None:
    made.manifest_file.write_text(made.manifest_file.read_text().replace("Ada", "Eve"))


def cut_manifest(made: Artefact) -> None:
    made.manifest_file.write_text(made.manifest_file.read_text()[:-20])


def misplace_manifest(made: Artefact) -> None:
    other = {key: value for key, value in made.manifest.items() if key != "digest"} | {"application": "other"}
    made.manifest_file.write_text(json.dumps(other | {"digest": manifest.digest(other)}))


def damage_wheel(made: Artefact) -> None:
    wheel = made.manifest["wheels"][0]
    (made.archive.parents[2] / "wheels" / wheel["sha256"] / wheel["file"]).write_bytes(b"x")


@pytest.mark.parametrize("damage", [damage_archive, damage_manifest, cut_manifest, misplace_manifest, damage_wheel])
def test_what_was_damaged_in_the_cache_is_made_again(request_: Request, damage: object) -> None:
    one = build(request_)
    archive, described = one.archive.read_bytes(), one.manifest_file.read_bytes()
    damage(one)  # type: ignore[operator]
    other = build(request_)
    assert other.changed
    assert (other.archive.read_bytes(), other.manifest_file.read_bytes()) == (archive, described)
    assert not build(request_).changed


def test_subdirectories_and_targets_have_artefacts_of_their_own(request_: Request, repository: Repository) -> None:
    repository.commit(**{"site/requirements.txt": "# nothing\n", "site/b": "1"})
    whole, part = build(request_), build(replace(request_, subdirectory="site"))
    other = build(replace(request_, subdirectory="site", target=Target("3.12", "x86_64", "2.36")))
    assert len({whole.manifest_file, part.manifest_file, other.manifest_file}) == 3
    assert (whole.archive != part.archive, part.archive == other.archive) == (True, True)
    assert part.manifest["requirements"] == ""
    assert not any(build(replace(request_, subdirectory=name)).changed for name in ("", "site"))


def test_a_plan_is_made_where_it_is_asked_for(request_: Request, repository: Repository) -> None:
    assert build(request_).plan is None
    planned = build(replace(request_, since=repository.git("rev-parse", "v1^{commit}"), previous_requirements="thing==0.9\n"))
    assert planned.plan is not None
    assert [commit["subject"] for commit in planned.plan["commits"]] == ["lock", "two"]
    assert planned.plan["packages"]["changed"] == [{"name": "thing", "from": "0.9", "to": "1.0"}]
    unknown = build(replace(request_, since="0" * 40))
    assert unknown.warnings == [f"The live commit {'0' * 40} is not in {repository.path}: its history is unknown."]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"application": "Guest-Book"}, SourceError, "'Guest-Book' cannot be the name of an application"),
        ({"subdirectory": "../x"}, SourceError, "subdirectory is '../x'; it must be a plain path within the repository"),
        ({"subdirectory": "/x"}, SourceError, "subdirectory is '/x'; it must be a plain path"),
        ({"subdirectory": "x\n"}, SourceError, "it must be printable"),
        ({"subdirectory": "nowhere"}, SourceError, "subdirectory nowhere is not a directory of "),
        ({"subdirectory": "manage.py"}, SourceError, "Directories at its top: dir. Correct `subdirectory`"),
        ({"lock": "a/../b.txt"}, SourceError, "lock is 'a/../b.txt'; it must be a plain path"),
        ({"lock": ""}, LockError, "lock is empty. Name the application's lock"),
        (
            {"lock": "missing.txt"},
            LockError,
            "with: uv pip compile --generate-hashes requirements.in -o requirements.txt and commit",
        ),
        ({"lock": "dir"}, LockError, "dir is not in "),
        ({"lock": "link.txt"}, LockError, "link.txt is a symbolic link at "),
        ({"lock": "uv.lock"}, LockError, "Make it with: uv lock and commit it"),
        ({"lock": "poetry.lock"}, LockError, "poetry.lock is not a lock that can be read. Name a uv.lock or pylock.toml, or"),
        ({"extras": ["pg"]}, LockError, "extras and groups choose from a uv.lock or pylock.toml; requirements.txt has none"),
        ({"groups": ["--x"]}, LockError, "groups holds '--x', which cannot be a name in a pyproject.toml"),
        ({"since": "main"}, SourceError, "since is 'main'; it must be a full commit"),
    ],
)
def test_bad_input_is_refused_before_anything_is_built(
    request_: Request, repository: Repository, change: dict[str, Any], kind: type[PlacidError], message: str
) -> None:
    (repository.path / "link.txt").symlink_to("requirements.txt")
    repository.commit(**{"dir/file": "1"})
    with pytest.raises(kind) as error:
        build(replace(request_, **change))
    assert message in str(error.value)
    assert not (request_.cache / "artefacts").exists()


def test_a_lock_that_was_not_committed_is_missing(request_: Request, repository: Repository) -> None:
    repository.write("later.txt", "thing==1.0\n")
    with pytest.raises(LockError, match=r"later\.txt is not in .*and commit it"):
        build(replace(request_, lock="later.txt"))


@pytest.mark.parametrize(("change", "message"), [({"format": 1}, "format is 1, not 2"), ({"commit": "x"}, "was altered or cut")])
def test_a_manifest_that_was_altered_is_refused(request_: Request, change: dict[str, object], message: str) -> None:
    made = build(request_).manifest
    manifest.check(made)
    with pytest.raises(ManifestError, match=message):
        manifest.check(made | change)
