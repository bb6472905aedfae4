"""What a service is told, from the times that systemd and the file system keep."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.module_utils.placid.service import Plan, Unit, changed_at, parse, plan, with_drop_ins

SHOWN = """\
LoadState=loaded
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=no
ConditionResult=yes
ConditionTimestamp=Fri 2026-11-20 11:02:58.000000 UTC
ActiveEnterTimestamp=Fri 2026-11-20 11:02:58.500000 UTC
StateChangeTimestamp=Fri 2026-11-20 11:03:53.250000 UTC
FragmentPath=/lib/systemd/system/nginx.service
DropInPaths=/etc/systemd/system/nginx.service.d/placid.conf
"""
RUNNING = Unit(known=True, active=True, enabled=True, outdated=False, refused=False, entered=100.0, loaded=200.0, files=())
FILE = Path("/etc/nginx/nginx.conf")
DROP_IN = Path("/etc/systemd/system/nginx.service.d/placid.conf")


def test_a_unit_is_read_from_what_systemctl_shows() -> None:
    unit = parse(SHOWN)
    assert (unit.known, unit.active, unit.enabled, unit.outdated, unit.refused) == (True, True, True, False, False)
    assert unit.loaded - unit.entered == 54.75
    assert unit.files == (Path("/lib/systemd/system/nginx.service"), DROP_IN, DROP_IN.parent)


def test_a_unit_that_does_not_exist_is_neither_known_nor_refused() -> None:
    unit = parse("LoadState=not-found\nActiveState=inactive\nUnitFileState=\nConditionResult=no\nConditionTimestamp=\n")
    assert (unit.known, unit.active, unit.enabled, unit.refused, unit.loaded) == (False, False, False, False, 0.0)


@pytest.mark.parametrize("directory", ["web@.service.d", "web@1.2.service.d"])
def test_a_drop_in_that_systemd_has_not_read_makes_the_unit_outdated(tmp_path: Path, directory: str) -> None:
    assert not with_drop_ins(RUNNING, "web@1.2.service", tmp_path).outdated
    drop_in = tmp_path / directory / "placid.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("")
    assert with_drop_ins(RUNNING, "web@1.2.service", tmp_path).outdated
    assert not with_drop_ins(replace(RUNNING, files=(drop_in,)), "web@1.2.service", tmp_path).outdated


@pytest.mark.parametrize(
    ("unit", "restart", "reload", "verbs", "newer"),
    [
        pytest.param(RUNNING, {DROP_IN: 99.0}, {FILE: 199.0}, (), (), id="nothing is newer"),
        pytest.param(RUNNING, {}, {FILE: 201.0}, ("reload",), (str(FILE),), id="a file is newer than the last reload"),
        pytest.param(RUNNING, {DROP_IN: 150.0}, {}, ("restart",), (str(DROP_IN),), id="a reload is not a restart"),
        pytest.param(RUNNING, {DROP_IN: 150.0}, {FILE: 201.0}, ("restart",), (str(DROP_IN),), id="a restart reloads"),
        pytest.param(replace(RUNNING, active=False), {}, {FILE: 201.0}, ("start",), (), id="a start reads all"),
        pytest.param(replace(RUNNING, enabled=False), {}, {}, ("enable",), (), id="not enabled"),
        pytest.param(replace(RUNNING, outdated=True), {}, {}, ("daemon-reload", "restart"), (), id="systemd has not read it"),
        pytest.param(replace(RUNNING, active=False, refused=True), {}, {FILE: 201.0}, (), (), id="conditions unmet"),
    ],
)
def test_a_service_is_told_what_its_files_ask_for(
    unit: Unit, restart: dict[Path, float], reload: dict[Path, float], verbs: tuple[str, ...], newer: tuple[str, ...]
) -> None:
    assert plan(unit, True, restart, reload) == Plan(verbs, newer)


def test_enabling_is_left_alone_where_it_is_not_asked_for() -> None:
    assert plan(replace(RUNNING, enabled=False), False, {}, {}).verbs == ()


@pytest.mark.parametrize("verb", ["reload", "restart"])
def test_a_check_run_foresees_what_unwritten_files_would_ask_for(verb: str) -> None:
    assert plan(RUNNING, True, {}, {}, [verb]).verbs == (verb,)


def test_a_file_copied_back_with_its_old_time_is_seen(tmp_path: Path) -> None:
    old = tmp_path / "site.conf"
    old.write_text("")
    os.utime(old, (1.0, 1.0))
    assert changed_at([tmp_path])[old] > 1_000_000


def test_a_removed_file_shows_in_its_directory(tmp_path: Path) -> None:
    (tmp_path / "site.conf").write_text("")
    before = changed_at([tmp_path])[tmp_path]
    time.sleep(0.02)  # more than a tick of the clock that the file system reads
    (tmp_path / "site.conf").unlink()
    assert list(changed_at([tmp_path])) == [tmp_path]
    assert changed_at([tmp_path])[tmp_path] > before


def test_the_target_of_a_link_counts(tmp_path: Path) -> None:
    target = tmp_path / "available"
    link = tmp_path / "enabled"
    target.write_text("")
    link.symlink_to(target)
    target.chmod(0o600)
    assert changed_at([link])[link] == target.stat().st_ctime


def test_what_is_not_there_has_no_time(tmp_path: Path) -> None:
    assert changed_at([tmp_path / "absent"]) == {}
