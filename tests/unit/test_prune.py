"""What is removed, and what never is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible.module_utils.placid import ledger
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.prune import doomed, in_use, prune
from ansible.module_utils.placid.releases import releases


@pytest.mark.parametrize(
    ("names", "good", "keep", "protected", "gone"),
    [
        ("A B C D", "A B C D", 2, "", "A B"),
        ("A B C D", "A B C D", 4, "", ""),
        ("A B C D", "A B C D", 9, "", ""),
        ("A B C D", "A B C D", 1, "A", "B C"),
        ("A B C F", "A B C", 2, "", "A F"),
        ("A B C F", "A B C", 3, "F", ""),
        ("A B C D", "D C B A", 2, "", "C D"),
        ("A B", "X Y A B", 2, "", ""),
        ("", "A B", 2, "", ""),
        ("D C B A", "", 5, "B", "A C D"),
    ],
)
def test_all_but_the_newest_good_and_the_protected_are_removed(
    names: str, good: str, keep: int, protected: str, gone: str
) -> None:
    assert doomed(names.split(), good.split(), keep, protected.split()) == gone.split()


class Host:
    """A host's directory of one application, in a temporary place."""

    def __init__(self, base: Path) -> None:
        self.layout = Layout("guestbook", base)
        for path in (self.layout.releases, self.layout.venvs, self.layout.wheels, self.layout.artefacts):
            path.mkdir(parents=True)

    def stage(self, name: str, shared: str = "") -> None:
        """A complete release with an artefact, a virtual environment and a wheel; those of `shared` if that is given."""
        commit, venv, wheel = (letter * 3 + (shared or name) for letter in "cvw")
        source = f"{commit}-5ubd1r00.tar.zst"
        release = self.layout.release(name)
        (release / "app").mkdir(parents=True)
        (release / "release.json").write_text(json.dumps({"source": source, "venv_digest": venv, "wheels": [wheel]}))
        (self.layout.artefacts / source).write_text("")
        self.layout.venv(venv).mkdir(exist_ok=True)
        (self.layout.wheels / wheel).mkdir(exist_ok=True)

    def tell(self, story: str) -> None:
        """Stage and record `A+` a good, `A-` a failed release and `A<` a rollback; the last good or rolled back one is live."""
        for word in story.split():
            name, event = word[:-1], {"+": "deployed", "-": "failed", "<": "rolled back"}[word[-1]]
            if not self.layout.release(name).exists():
                self.stage(name)
            ledger.append(self.layout.ledger, {"event": event, "release": name})
            if event != "failed":
                self.layout.current.unlink(missing_ok=True)
                self.layout.current.symlink_to(f"releases/{name}")

    def names(self, directory: Path) -> str:
        return " ".join(sorted(os.listdir(directory)))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize(
    ("story", "keep", "left"),
    [
        pytest.param("A+ B+ C+ D+", 2, "C D", id="the newest good ones stay"),
        pytest.param("A+ B+ C+ D+", 1, "C D", id="so does the previous good one"),
        pytest.param("A+ B+ C- D- E-", 1, "A B", id="failed releases do not count"),
        pytest.param("A+ B+ C+ D+ B<", 1, "A B", id="after a rollback the live one and the one before it stay"),
        pytest.param("A+ B+ C+ D+ B<", 2, "A B D", id="and the newest others"),
        pytest.param("A+ B+ C+ A<", 1, "A", id="the live one is the oldest"),
        pytest.param("A+", 5, "A", id="one alone"),
    ],
)
def test_the_live_and_the_previous_good_release_stay(host: Host, story: str, keep: int, left: str) -> None:
    host.tell(story)
    before = host.names(host.layout.releases)
    gone = prune(host.layout, keep)
    assert host.names(host.layout.releases) == left
    assert gone == sorted(set(before.split()) - set(left.split()))
    assert prune(host.layout, keep) == []


def test_a_live_release_that_was_never_good_stays(host: Host) -> None:
    host.tell("A+ B+ C+ D-")
    host.layout.current.unlink()
    host.layout.current.symlink_to("releases/D")
    prune(host.layout, 1)
    assert host.names(host.layout.releases) == "B C D"


def test_what_only_removed_releases_needed_goes_with_them(host: Host) -> None:
    host.tell("A+ B+ C+ D+")
    host.stage("E", shared="A")
    ledger.append(host.layout.ledger, {"event": "deployed", "release": "E"})
    assert prune(host.layout, 2) == ["A", "B", "C"]
    assert host.names(host.layout.artefacts) == "cccA-5ubd1r00.tar.zst cccD-5ubd1r00.tar.zst"
    assert host.names(host.layout.venvs) == "vvvA vvvD"
    assert host.names(host.layout.wheels) == "wwwA wwwD"


def test_a_dry_run_says_the_same_and_removes_nothing(host: Host) -> None:
    host.tell("A+ B+ C+ D+")
    assert prune(host.layout, 2, dry_run=True) == ["A", "B"]
    assert list(releases(host.layout)) == ["A", "B", "C", "D"]
    assert len(os.listdir(host.layout.venvs)) == 4
    assert prune(host.layout, 2) == ["A", "B"]


@pytest.mark.parametrize(
    ("large", "keep_mb", "left"),
    [
        pytest.param("A B C D E", 1000, "A B C D E", id="all have room"),
        pytest.param("A B C D E", 70, "C D E", id="the oldest go first"),
        pytest.param("A B C D E", 1, "D E", id="the live one and the one before stay, however large they are"),
        pytest.param("D E", 1, "D E", id="others go in vain"),
        pytest.param("A", 10, "B C D E", id="no more go than must"),
    ],
)
def test_releases_take_no_more_than_they_may(host: Host, large: str, keep_mb: int, left: str) -> None:
    host.tell("A+ B+ C+ D+ E+")
    for name in large.split():
        (host.layout.release(name) / "app" / "large").write_bytes(b"x" * 10 * 2**20)
        (host.layout.venv("vvv" + name) / "large").write_bytes(b"x" * 10 * 2**20)
    gone = [name for name in "ABCDE" if name not in left.split()]
    assert prune(host.layout, 5, keep_mb, dry_run=True) == gone
    assert prune(host.layout, 5, keep_mb) == gone
    assert host.names(host.layout.releases) == left
    assert prune(host.layout, 5, keep_mb) == []


def test_what_is_shared_counts_once(host: Host) -> None:
    host.tell("A+ B+ C+")
    host.stage("D", shared="A")
    ledger.append(host.layout.ledger, {"event": "deployed", "release": "D"})
    (host.layout.venv("vvvA") / "large").write_bytes(b"x" * 20 * 2**20)
    assert prune(host.layout, 5, 25) == []


def test_hidden_directories_are_not_releases(host: Host) -> None:
    host.tell("A+")
    (host.layout.releases / ".incoming").mkdir()
    assert prune(host.layout, 1) == []
    assert host.names(host.layout.releases) == ".incoming A"


def test_a_release_that_a_process_works_in_stays_until_it_ends(host: Host) -> None:
    host.tell("A+ B+ C+ D+ E+")
    workers = [subprocess.Popen(["sleep", "20"], cwd=host.layout.release(name)) for name in ("A", "B/app")]
    try:
        assert in_use(host.layout) == {"A", "B"}
        assert prune(host.layout, 1) == ["C"]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert in_use(host.layout) == set()
    assert prune(host.layout, 1) == ["A", "B"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens what others closed")
def test_a_directory_that_the_build_user_closed_can_be_removed(host: Host) -> None:
    host.tell("A+ B+ C+")
    closed = host.layout.release("A") / "app" / "closed"
    closed.mkdir()
    (closed / "file").write_text("")
    closed.chmod(0o500)
    assert prune(host.layout, 1) == ["A"]
