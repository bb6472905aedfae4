"""What database servers say of themselves, and how it is told beside what is live."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.placid.certificate_making import self_signed
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout

from unit.plugins import load

STATUS = load("modules/release_status.py")
REPORT = load("action/release_report.py")
ENDS = {"ends": "2026-04-01T00:00:00+00:00", "days": 9, "soon": True, "made_here": False, "asked": False, "complaint": ""}
NOTHING = {"prepared": False, "live": {}, "certificate": {}}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says which certificate PostgreSQL shows to other hosts."""
    file = tmp_path / "postgresql/17/main/conf.d/placid.conf"
    file.parent.mkdir(parents=True)
    monkeypatch.setattr(STATUS, "POSTGRESQL", tmp_path / "postgresql")
    return file


@pytest.mark.parametrize(("days", "soon"), [(365, False), (20, True)])
def test_a_database_server_tells_when_its_certificate_ends(settings: Path, days: int, soon: bool) -> None:
    certificate = settings.with_name("server.pem")
    certificate.write_text(self_signed("db", ["db"], days)[0])
    settings.write_text(f"listen_addresses = '10.0.0.2'\nssl_cert_file = '{certificate}'\n")
    found = STATUS.database()
    assert (days - 1 <= found["days"] <= days, found["soon"], found["asked"]) == (True, soon, False)


def test_one_that_serves_its_own_host_alone_has_none_to_tell_of(settings: Path) -> None:
    assert STATUS.database() == {}
    settings.write_text("listen_addresses = ''\n")
    assert STATUS.database() == {}


def test_a_certificate_that_is_not_there_is_named(settings: Path) -> None:
    settings.write_text("ssl_cert_file = '/nonexistent/server.pem'\n")
    with pytest.raises(PlacidError, match=r"/nonexistent/server\.pem cannot be read"):
        STATUS.database()


def test_it_is_told_where_a_release_is_and_how_it_runs(tmp_path: Path) -> None:
    processes = {"web": {"command": "gunicorn x", "count": 1}, "worker": {"command": "work", "count": 2}}
    spec = {"id": "V1", "venv_digest": "0123456789abcdef01", "processes": processes}
    told = STATUS.where(Layout("guestbook", tmp_path), spec)
    assert told["code"] == f"{tmp_path}/srv/guestbook/releases/V1"
    assert told["packages"] == f"{tmp_path}/srv/guestbook/venvs/0123456789abcdef"
    assert told["runs"] == {"web": "gunicorn x", "worker (2)": "work"}
    assert STATUS.where(Layout("guestbook"), {**spec, "processes": {}, "app_server": "mod_wsgi"})["runs"] == {"web": "mod_wsgi"}


def report(tmp_path: Path, commit: str = "") -> dict[str, Any]:
    action = REPORT.ActionModule.__new__(REPORT.ActionModule)
    action._loader = SimpleNamespace(get_basedir=lambda: str(tmp_path))
    app = {"name": "guestbook", "repository": str(tmp_path)}
    where = {"code": "/srv/guestbook/releases/V1", "packages": "/srv/guestbook/venvs/1", "runs": {}}
    live = {**NOTHING, "prepared": True, "live": {"id": "V1", "commit": "1" * 40, **where}, "maintenance": False, "at_work": {}}
    live |= {"processes": {"expected": 1, "proved": 1, "problems": [], "others": []}, "rollback": [], "runs": []}
    hosts = {
        "web": {"applications": {"guestbook": live}, "database": {}},
        "db": {"applications": {"guestbook": NOTHING}, "database": ENDS},
        "local": {"applications": {"guestbook": NOTHING}, "database": {}},
    }
    arguments = {"hosts": hosts, "applications": [app], "environments": dict.fromkeys(hosts, "staging")}
    return dict(action._report({**arguments, "databases": ["db", "local"], "commit": commit, "cache_dir": "cache"}))


def test_a_database_server_has_a_line_of_its_own_and_nothing_live(tmp_path: Path) -> None:
    *others, last = report(tmp_path)["lines"]
    assert last == "db (staging): PostgreSQL's certificate SOON: expires on 2026-04-01 00:00:00 UTC, in 9 days"
    assert not any("db" in line or "local" in line for line in others)


def test_it_is_not_asked_for_a_commit(tmp_path: Path) -> None:
    assert report(tmp_path, "1" * 40)["live"] is True
