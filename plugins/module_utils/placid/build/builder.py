"""Makes an artefact of one commit, or finds the one that was made before and is still whole."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible.module_utils.placid.build import archive, committed, locks, manifest, migrations, plan, proof, submodules, wheelhouse
from ansible.module_utils.placid.build.git import version as git_version
from ansible.module_utils.placid.build.git import without_password
from ansible.module_utils.placid.build.lock import Pin
from ansible.module_utils.placid.build.pip import version as pip_version
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.source import Source, open_source, resolve
from ansible.module_utils.placid.build.store import Store, Wheel, digest_file, digest_of, read_json, scratch, writing
from ansible.module_utils.placid.errors import LockError, ManifestError, SourceError
from ansible.module_utils.placid.tree import digest_tar

TREE = "source.tar"  # what is in the release, before it is compressed


@dataclass
class Artefact:
    """Where an artefact lies, what is in it, and what was done to have it."""

    manifest: dict[str, Any]
    archive: Path
    manifest_file: Path
    changed: bool
    plan: dict[str, Any] | None = None
    log: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def build(request: Request, log: list[str] | None = None) -> Artefact:
    """Resolve the version, then build what it means, unless the cache has it.

    log: what was done is added to it, also where the build fails.
    """
    request.check()
    source = open_source(request.repository, request.version, request.cache)
    log = [] if log is None else log
    log += source.log
    source = replace(source, log=log)
    commit = resolve(source, request.version)
    source.log.append(f"Version {request.version} of {source.git.name} is commit {commit}")
    _check_subdirectory(source, commit, request.subdirectory)
    locked = locks.load(source, commit, request)
    installer = wheelhouse.installer()
    identity = {
        "application": request.application,
        "repository": without_password(request.repository),
        "subdirectory": request.subdirectory,
        "lock": locked.identity,
        "target": request.target.as_dict(),
    }
    key = digest_of([identity, str(installer)])[:12]
    directory = request.cache / "artefacts" / request.application
    manifest_file = directory / f"{commit}-{key}.json"
    store = Store(request.cache)
    made = _from_cache(manifest_file, identity | {"commit": commit}, store, source.log)
    changed = made is None
    if made is None:
        identity |= plan.describe_commit(source.git, commit)
        made = _make(request, source, identity, locked.pins, installer, store)
        _keep(manifest_file, made, locked.generated, log)
        source.log.append(f"Wrote the manifest {manifest_file}")
    if request.test:
        source.log.append(proof.prove(request.test, made["source"], directory / made["source"]["file"], request.cache))
    return Artefact(
        made,
        directory / made["source"]["file"],
        manifest_file,
        changed,
        _plan(request, source, made, store),
        source.log,
        [*source.warnings, *locked.warnings],
    )


def _keep(path: Path, made: dict[str, Any], generated: bytes, log: list[str]) -> None:
    """Keep the manifest, and beside it how the artefact was made and the lock that was generated for it."""
    contents = {path.with_suffix(".log"): "".join(f"{line}\n" for line in log).encode("utf-8", "surrogateescape")}
    if generated:
        contents[path.with_suffix(".lock.txt")] = generated
    for file, content in (contents | {path: manifest.as_bytes(made)}).items():  # the manifest last: it says that all is there
        with writing(file) as output:
            output.write(content)


def _check_subdirectory(source: Source, commit: str, subdirectory: str) -> None:
    if subdirectory and source.git.kind_of(f"{commit}:{subdirectory}") != "tree":
        there = source.git.run("ls-tree", "-d", "--name-only", f"{commit}:").split("\n")
        known = ", ".join(name for name in there if name) or "none"
        raise SourceError(
            f"subdirectory {subdirectory} is not a directory of {source.git.name} at {commit[:12]}. Directories at its "
            f"top: {known}. Correct `subdirectory`, or commit the directory."
        )


def _from_cache(path: Path, expected: dict[str, Any], store: Store, log: list[str]) -> dict[str, Any] | None:
    """A manifest from the cache, if everything that it names is there and unaltered."""
    found = read_json(path)
    if not found:
        return None
    try:
        manifest.check(found)
        if any(found.get(name) != value for name, value in expected.items()):
            raise ManifestError(f"{path} describes something else.")
        if digest_file(path.parent / found["source"]["file"]) != found["source"]["sha256"]:
            raise ManifestError(f"{found['source']['file']} is missing or was altered.")
        for wheel in (Wheel(**entry) for entry in [*found["wheels"], found["installer"]]):
            if not store.holds(wheel):
                raise ManifestError(f"{wheel.file} is missing or was altered.")
    except (ManifestError, KeyError, TypeError) as error:
        log.append(f"Built again, because the cache could not be trusted: {error}")
        return None
    log.append(f"Found the artefact in the cache, whole: {path}. How it was made: {path.with_suffix('.log')}")
    return found


def _make(
    request: Request, source: Source, identity: dict[str, Any], pins: list[Pin], installer: Pin, store: Store
) -> dict[str, Any]:
    commit = identity["commit"]
    with scratch(request.cache) as temporary:
        parts = [submodules.Part("", commit, source)]
        parts += submodules.find(source, commit, request.subdirectory, request.cache)
        identity["submodules"] = [{"path": plan.printable(part.path), "commit": part.commit} for part in parts[1:]]
        made = _make_archive(request, parts, identity, temporary)
        source.log.append(f"Archived {made['files']} files, {made['unpacked_size']} bytes, as {made['file']}")
        pins, files = committed.take(source.git, commit, request, pins, store, temporary, temporary / TREE)
        gathering = wheelhouse.Gathering(request.target, store, temporary, source.log, request.builder, files)
        *wheels, uv = gathering.gather([*pins, installer])
        _check_once(request.lock, pins, wheels)
    identity["tools"] = {"git": git_version(), "pip": pip_version(), "uv": installer.version}
    return manifest.make(identity, made, sorted(wheels, key=lambda wheel: wheel.name), uv)


def _check_once(lock: str, pins: list[Pin], wheels: list[Wheel]) -> None:
    """Only what was built says which package a directory is."""
    first: dict[str, Pin] = {}
    for pin, wheel in zip(pins, wheels, strict=True):
        if first.setdefault(wheel.name, pin) is not pin:
            raise LockError(f"{lock} installs {wheel.name} twice: as {first[wheel.name]} and as {pin}. Keep one of them.")


def _make_archive(request: Request, parts: list[submodules.Part], identity: dict[str, Any], temporary: Path) -> dict[str, Any]:
    suffix = f"-{digest_of(request.subdirectory)[:8]}" if request.subdirectory else ""
    final = request.cache / "artefacts" / request.application / f"{identity['commit']}{suffix}.tar.zst"
    when = datetime.datetime.fromisoformat(identity["committed_at"])
    with (temporary / TREE).open("w+b") as tar:
        left_out = archive.write_tar(parts, request.subdirectory, when, temporary, tar)
        if left_out:
            parts[0].source.log.append(f"Left out by export-ignore in .gitattributes: {', '.join(map(plan.printable, left_out))}")
        tree = digest_tar(tar)
        size = tar.seek(0, 2)
        with writing(final) as output:
            archive.compress(tar, output, size)
    return {
        "file": final.name,
        "sha256": digest_file(final),
        "size": final.stat().st_size,
        "unpacked_size": size,
        "tree_sha256": tree.sha256,
        "files": tree.files,
    }


def _plan(request: Request, source: Source, made: dict[str, Any], store: Store) -> dict[str, Any] | None:
    if request.since is None:
        return None
    found = plan.history(source.git, request.since, made["commit"], request.subdirectory)
    if request.since and not source.git.has_commit(request.since):
        source.warnings.append(f"The live commit {request.since} is not in {source.git.name}: its history is unknown.")
    packages = plan.package_changes(request.previous_requirements, made["requirements"])
    return found | {"packages": packages, "migration_files": _migration_files(request, source, made, store, packages)}


def _migration_files(
    request: Request, source: Source, made: dict[str, Any], store: Store, packages: dict[str, list[Any]]
) -> list[str]:
    """The migrations of the commit, and of the packages that are other than the live ones."""
    new = {each.partition("==")[0] for each in packages["added"]} | {each["name"] for each in packages["changed"]}
    wheels = [store.path(Wheel(**each)) for each in made["wheels"] if each["name"] in new] if request.since else []
    return migrations.of_tree(source.git, made["commit"], request.subdirectory) + migrations.of_wheels(wheels)
