"""What compiled packages are linked with and a host lacks, as its own loader tells."""

from __future__ import annotations

import _ctypes
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid import shared_libraries

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root works as another user")


@pytest.fixture
def packages() -> Iterator[Path]:
    """The site-packages of a virtual environment that everybody may read; pytest closes its own directories to others."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        packages = Path(place) / "venv/lib/python3/site-packages"
        (packages / "thing").mkdir(parents=True)
        yield packages


def lacking(packages: Path) -> list[str]:
    return shared_libraries.lacking("nobody", packages.parents[2])


def test_a_library_that_is_nowhere_is_named_with_what_wants_it(packages: Path) -> None:
    linked = Path(_ctypes.__file__).read_bytes()
    assert b"\0libc.so.6\0" in linked
    (packages / "thing" / "good.so").write_bytes(linked)
    assert lacking(packages) == []
    for name in ("bad.cpython-313-x86_64-linux-gnu.so", "worse one.so.1"):
        (packages / "thing" / name).write_bytes(linked.replace(b"\0libc.so.6\0", b"\0libq.so.6\0"))
    assert lacking(packages) == ["libq.so.6 (thing/bad.cpython-313-x86_64-linux-gnu.so)"]
    (packages / "thing.libs").mkdir()
    (packages / "thing.libs" / "libq.so.6").write_bytes(linked)
    assert lacking(packages) == []


def test_what_is_no_library_is_passed_over(packages: Path) -> None:
    (packages / "thing" / "odd.so").write_text("not a library")
    (packages / "thing" / "read.solution.py").write_text("")
    assert lacking(packages) == []


def test_without_a_loader_of_glibc_nothing_is_told(tmp_path: Path) -> None:
    assert shared_libraries.loader(tmp_path) is None
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ld-linux-aarch64.so.1").write_text("")
    assert shared_libraries.loader(tmp_path) == tmp_path / "lib/ld-linux-aarch64.so.1"
