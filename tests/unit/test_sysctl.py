"""The kernel's settings, against a /proc/sys of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.placid.sysctl import differing, parse, write


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    for name, value in {"kernel/sysrq": "438\n", "net/ipv4/tcp_rmem": "4096\t131072\t6291456\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(value)
    return tmp_path


def test_a_file_is_read_as_systemd_reads_it() -> None:
    text = "# why\n; also\n\nkernel.sysrq = 1\nkernel.sysrq=0\n-kernel.gone = 1\nnet.ipv4.tcp_rmem = 4096 131072  6291456\n"
    assert parse(text) == {"kernel.sysrq": "0", "kernel.gone": "1", "net.ipv4.tcp_rmem": "4096 131072 6291456"}


@pytest.mark.parametrize(
    ("wanted", "prefix", "found"),
    [
        pytest.param({"kernel.sysrq": "0"}, "", {"kernel.sysrq": ("438", "0")}, id="another value"),
        pytest.param({"kernel.sysrq": "438"}, "", {}, id="the same"),
        pytest.param({"net.ipv4.tcp_rmem": "4096 131072 6291456"}, "", {}, id="the same, with tabs"),
        pytest.param({"kernel.sysrq": "0"}, "net.", {}, id="not a container's business"),
        pytest.param({"kernel.gone": "1"}, "", {}, id="not of this kernel"),
    ],
)
def test_what_differs_is_found(proc: Path, wanted: dict[str, str], prefix: str, found: dict[str, tuple[str, str]]) -> None:
    assert differing(wanted, prefix, proc) == found


def test_what_was_written_no_longer_differs(proc: Path) -> None:
    write({"kernel.sysrq": "0"}, proc)
    assert differing({"kernel.sysrq": "0"}, "", proc) == {}
