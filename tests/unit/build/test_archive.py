"""The archive of a commit: exactly what was committed, always the same bytes, and nothing that must not be in it."""

from __future__ import annotations

import datetime
import io
import subprocess
import tarfile
from pathlib import Path
from typing import cast

import pytest
import zstandard
from ansible.module_utils.placid.build import archive
from ansible.module_utils.placid.build.source import open_source
from ansible.module_utils.placid.build.submodules import Part, find
from ansible.module_utils.placid.errors import ArchiveError

from .conftest import MakeRepository, Repository

WHEN = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n" + "A" * 1000 + "\n-----END CERTIFICATE-----\n"


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    return make_repository("app")


def make(repository: Repository, commit: str, tmp_path: Path, subdirectory: str = "") -> tuple[tarfile.TarFile, list[str]]:
    source = open_source(str(repository.path), commit, tmp_path / "cache")
    parts = [Part("", commit, source), *find(source, commit, subdirectory, tmp_path / "cache")]
    stream, temporary = io.BytesIO(), tmp_path / "temporary"
    temporary.mkdir(exist_ok=True)
    left_out = archive.write_tar(parts, subdirectory, WHEN, temporary, stream)
    stream.seek(0)
    return tarfile.open(fileobj=stream), left_out


def content(made: tarfile.TarFile) -> dict[str, str]:
    return {
        info.name: info.linkname if info.issym() else made.extractfile(info).read().decode()  # type: ignore[union-attr]
        for info in made
    }


def test_nothing_uncommitted_untracked_or_ignored_goes_in(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(**{"a": "committed", ".gitignore": "*.log", "gone": "still here"})
    repository.write("a", "changed")
    repository.write("untracked", "x")
    repository.write("ignored.log", "x")
    repository.write("staged", "x")
    repository.git("add", "staged")
    (repository.path / "gone").unlink()
    made, _ = make(repository, commit, tmp_path)
    assert content(made) == {".gitignore": "*.log", "a": "committed", "gone": "still here"}


def test_members_are_sorted_and_have_one_owner_one_time_and_two_modes(repository: Repository, tmp_path: Path) -> None:
    repository.write("run").chmod(0o775)
    (repository.path / "link").symlink_to("run")
    commit = repository.commit(**{"b": "", "B": "", "a/b": "", "a.b": ""})
    made, _ = make(repository, commit, tmp_path)
    members = made.getmembers()
    assert [info.name for info in members] == ["B", "a.b", "a/b", "b", "link", "run"]
    assert {(info.uid, info.gid, info.uname, info.gname, info.mtime) for info in members} == {(0, 0, "", "", WHEN.timestamp())}
    assert [oct(info.mode) for info in members] == ["0o644"] * 4 + ["0o777", "0o755"]


def test_names_of_every_kind_come_through(repository: Repository, tmp_path: Path) -> None:
    names = {"-rf", "line\nbreak", "ünï", 'quote"', "x" * 200, "deep/" * 40 + "file"}
    commit = repository.commit(**dict.fromkeys(names, "1"))
    made, left_out = make(repository, commit, tmp_path)
    assert (set(content(made)), left_out) == (names, [])


def test_git_reads_the_commit_back(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(a="1")
    made, _ = make(repository, commit, tmp_path)
    stream = cast("io.BytesIO", made.fileobj)
    read = subprocess.run(["git", "get-tar-commit-id"], input=stream.getvalue(), capture_output=True, check=True)
    assert read.stdout.decode().strip() == commit


def test_only_the_subdirectory_is_archived(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(**{"site/a": "1", "other/b": "2", "venv": "not at the top of the release"})
    made, _ = make(repository, commit, tmp_path, "site")
    assert content(made) == {"a": "1"}


def test_settings_of_the_machine_and_the_repository_change_nothing(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository.commit(**{"a.txt": "one\ntwo\n", ".gitattributes": "*.txt text filter=shout"})
    plain, _ = make(repository, commit, tmp_path)
    repository.git("config", "core.autocrlf", "true")
    repository.git("config", "core.eol", "crlf")
    repository.git("config", "filter.shout.smudge", "tr a-z A-Z")
    repository.git("config", "tar.umask", "0077")
    repository.write(".git/info/attributes", "* export-ignore")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("HOME", str(home))
    again, left_out = make(repository, commit, tmp_path)
    assert (content(again), left_out) == (content(plain), [])


def test_the_content_is_what_git_archive_makes_of_the_commit(repository: Repository, tmp_path: Path) -> None:
    attributes = "version export-subst\ndocs export-ignore\n"
    commit = repository.commit(
        **{"version": "$Format:%H %cI$\n", "plain": "$Format:%H$\n", "docs/b": "2", ".gitattributes": attributes}
    )
    repository.git("archive", "--format=tar", f"--output={tmp_path}/plain.tar", commit)
    with tarfile.open(tmp_path / "plain.tar") as expected:
        assert content(make(repository, commit, tmp_path)[0]) == content(expected)
        assert content(expected)["version"] == f"{commit} 2026-01-31T12:00:00+00:00\n"


def test_attributes_above_the_subdirectory_hold(repository: Repository, tmp_path: Path) -> None:
    attributes = "site/secret export-ignore\n/site/version export-subst\n"
    files = {"site/a": "1", "site/secret": KEY, "site/version": "$Format:%H$", ".gitattributes": attributes}
    commit = repository.commit(**files)
    made, left_out = make(repository, commit, tmp_path, "site")
    assert (content(made), left_out) == ({"a": "1", "version": commit}, ["secret"])


def test_what_export_ignore_leaves_out_is_said(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(**{"a": "1", "docs/b": "2", ".gitattributes": "docs export-ignore"})
    made, left_out = make(repository, commit, tmp_path)
    assert (sorted(content(made)), left_out) == ([".gitattributes", "a"], ["docs/b"])


def test_a_short_hash_is_as_long_in_every_clone(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(**{"version": "$Format:%h$", ".gitattributes": "version export-subst"})
    assert content(make(repository, commit, tmp_path)[0])["version"] == commit[:12]


def test_a_partial_archive_is_never_used(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(a="1" * 100, z="2" * 100)
    blob = repository.git("rev-parse", "HEAD:z")
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(ArchiveError, match=f"git archive of {commit} failed in .* fsck"):
        make(repository, commit, tmp_path)
    assert not list((tmp_path / "temporary").glob("*.tar"))


def test_a_partial_clone_is_told_how_to_become_a_whole_one(
    repository: Repository, make_repository: MakeRepository, tmp_path: Path
) -> None:
    commit = repository.commit(a="1")
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = make_repository("partial")
    partial.git("remote", "add", "origin", repository.path.as_uri())
    partial.git("fetch", "--quiet", "--filter=blob:none", "origin")
    with pytest.raises(ArchiveError, match="It is a partial clone; get the rest of it with: git ") as error:
        make(partial, commit, tmp_path)
    remedy = str(error.value).partition("the rest of it with: git ")[2].partition(",")[0]
    partial.git(*remedy.split(), "--quiet")
    assert content(make(partial, commit, tmp_path)[0]) == {"a": "1"}


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        (".env", "A=1", "'.env' is a settings file"),
        ("deep/.env.production", "A=1", "'deep/.env.production' is a settings file"),
        ("a.pyc", "", "'a.pyc' is compiled Python"),
        ("tls/site.pem", KEY, "'tls/site.pem' holds a private key"),
        ("id", "# mine\n" + KEY, "'id' holds a private key"),
        ("combined.pem", CERTIFICATE * 9 + KEY, "'combined.pem' holds a private key"),
        ("dump", "\0" * (2**20 - 9) + "\r\n" + KEY, "'dump' holds a private key"),
        ("dump", "\0" * 2**22 + "\n" + KEY, "'dump' holds a private key"),
        ("key.asc", KEY.replace("RSA", "PGP").replace("KEY-", "KEY BLOCK-"), "'key.asc' holds a private key"),
        ("values.yml", f"tls:\n  key: |\n    {KEY}", "'values.yml' holds a private key"),
        ("dump", "\0" * (2**20 - 60) + "\n" + " " * 40 + KEY, "'dump' holds a private key"),
        ("plain", KEY.replace("RSA ", ""), "'plain' holds a private key"),
        ("movie.mp4", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "'movie.mp4' is a git-lfs pointer"),
        ("venv/bin/python", "", "'venv/bin/python' has a name that Placid itself puts"),
        ("release.json", "", "'release.json' has a name that Placid itself puts"),
        (".placid/x", "", "'.placid/x' has a name that Placid itself puts"),
    ],
)
def test_what_must_not_be_in_a_release_is_refused(
    repository: Repository, tmp_path: Path, path: str, text: str, reason: str
) -> None:
    commit = repository.commit(**{path: text, "harmless": "1"})
    with pytest.raises(ArchiveError) as error:
        make(repository, commit, tmp_path)
    assert reason in str(error.value)
    assert str(error.value).endswith("leave it out with a line in .gitattributes: <path> export-ignore")
    allowed = repository.commit(**{".gitattributes": f"/{path.split('/')[0]} export-ignore"})
    assert "harmless" in content(make(repository, allowed, tmp_path)[0])


def test_a_submodule_is_told_to_leave_out_its_own_files(
    repository: Repository, make_repository: MakeRepository, tmp_path: Path
) -> None:
    inner = make_repository("inner")
    inner.commit(**{"tls/key": KEY})
    repository.git("submodule", "--quiet", "add", inner.path.as_uri(), "libs/inner")
    commit = repository.commit(**{".gitattributes": "libs/inner/tls export-ignore"})
    with pytest.raises(ArchiveError) as error:
        make(repository, commit, tmp_path)
    assert "'libs/inner/tls/key' holds a private key. Remove it" in str(error.value)
    assert "For what is in libs/inner, do so in that submodule: the line belongs into its own .gitattr" in str(error.value)
    left_out = inner.commit(**{".gitattributes": "tls export-ignore"})
    repository.git("-C", "libs/inner", "pull", "--quiet", "origin", left_out)
    assert "libs/inner/tls/key" not in content(make(repository, repository.commit(), tmp_path)[0])


def test_what_looks_alike_is_let_in(repository: Repository, tmp_path: Path) -> None:
    files = {
        ".env.example": "A=",
        "env": "",
        "src/venv": "",
        "ca.pem": CERTIFICATE * 9,
        "public": KEY.replace("PRIVATE", "PUBLIC"),
    }
    files |= {"doc": f"A key begins with {KEY}", "test.py": f'KEY = """{KEY}', "long": "x" * (2**20 - 1) + KEY}
    assert content(make(repository, repository.commit(**files), tmp_path)[0]) == files


def test_a_link_out_of_the_tree_is_refused(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "out").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match="'out' is a link that leaves the tree"):
        make(repository, repository.commit(), tmp_path)


def test_compression_is_deterministic_and_writes_the_size() -> None:
    data, outputs = b"text " * 100_000, [io.BytesIO(), io.BytesIO()]
    for output in outputs:
        archive.compress(io.BytesIO(data), output, len(data))
    assert outputs[0].getvalue() == outputs[1].getvalue()
    assert zstandard.frame_content_size(outputs[0].getvalue()) == len(data)
