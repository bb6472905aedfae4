"""Only what staging has run goes to production, unless a person says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.placid.promotion import PromotionError, prove, records, records_directory

MANIFEST = {"commit": "c" * 40, "digest": "d" * 64, "target": {"python": "3.13", "machine": "x86_64", "glibc": "2.41"}}
RAN = {
    "id": "R",
    "result": "ok",
    "commit": MANIFEST["commit"],
    "artefact": MANIFEST["digest"],
    "ended": "2026-01-02T03:04:05+00:00",
}


def test_what_staging_has_run_is_proved_by_its_record() -> None:
    line = prove([{**RAN, "result": "failed"}, RAN], MANIFEST, False, "here")
    assert line == "promotion: staging has run this artefact, healthy, since 2026-01-02T03:04:05+00:00 (R)"


def test_a_rollback_after_the_deployment_hides_no_proof() -> None:
    assert prove([{**RAN, "id": "Q", "artefact": ""}, RAN], MANIFEST, False, "here").endswith("(R)")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        pytest.param([], "Staging has not run cccccccccccc, as far as here tells", id="nothing"),
        pytest.param([{**RAN, "result": "failed"}], "Staging has not run", id="a failure"),
        pytest.param([{**RAN, "result": "unfinished"}], "Staging has not run", id="a run that was killed"),
        pytest.param([{**RAN, "commit": "e" * 40}], "Staging has not run", id="another commit"),
        pytest.param([{**RAN, "artefact": "e" * 64}], "another artefact of it (R)", id="another artefact of the same commit"),
        pytest.param(
            [{**RAN, "artefact": ""}], "no record in here tells of which artefact (R)", id="only a rollback or a command"
        ),
        pytest.param(
            [{**RAN, "artefact": ""}, {**RAN, "id": "Q", "artefact": "e"}], "another artefact of it (Q)", id="and before"
        ),
        pytest.param([{"id": "R", "result": "ok", "commit": "c" * 40}], "no record in here tells", id="a record without the key"),
    ],
)
def test_what_it_has_not_run_is_refused_with_what_to_type_or_forced(known: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(PromotionError) as error:
        prove(known, MANIFEST, False, "here")
    assert reason in str(error.value)
    assert "ansible-playbook -i inventories/staging deploy.yml -e version=cccccccccccc" in str(error.value)
    assert "-e promote=force" in str(error.value)
    assert prove(known, MANIFEST, True, "here").startswith("promotion: FORCED, though staging has")


def test_records_are_read_newest_first_and_broken_ones_passed_over(tmp_path: Path) -> None:
    for name, content in (("1", "{}"), ("2", "{"), ("3", json.dumps(RAN)), ("4", "[]")):
        (tmp_path / "staging/shop" / name).mkdir(parents=True)
        (tmp_path / "staging/shop" / name / "deployment.json").write_text(content)
    (tmp_path / "staging/shop/5").mkdir()
    assert list(records(tmp_path, "staging", "shop")) == [RAN, {}]
    assert list(records(tmp_path, "production", "shop")) == []


def test_records_are_where_the_callback_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLACID_DEPLOYMENTS", raising=False)
    assert records_directory("/site") == Path("/site/deployments")
    monkeypatch.setenv("PLACID_DEPLOYMENTS", "/elsewhere")
    assert records_directory("/site") == Path("/elsewhere")
    monkeypatch.setenv("PLACID_DEPLOYMENTS", "kept")
    assert records_directory("/site") == Path("/site/kept")
    monkeypatch.setenv("PLACID_DEPLOYMENTS", "~/kept")
    assert records_directory("/site") == Path.home() / "kept"
