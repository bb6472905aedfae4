from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
SPECS = """
argument_specs:
  main:
    options:
      nginx_sites:
        type: list
        elements: dict
        default: []
        description: [The sites., One each.]
        options:
          name: {type: str, required: true, description: a|b}
      nginx_log: {type: str, default: info, choices: [info, debug], description: Level.}
"""
TABLE = """| variable | type | default | meaning |
|---|---|---|---|
| `nginx_sites` | list of dict | `[]` | The sites. One each. |
| `nginx_sites[].name` | str | **required** | a\\|b |
| `nginx_log` | str | `"info"` | Level. One of `info`, `debug`. |
"""


@pytest.fixture
def readme(project: Path) -> Path:
    role = project / "roles/nginx"
    (role / "meta").mkdir(parents=True)
    (role / "meta/argument_specs.yml").write_text(SPECS)
    (role / "README.md").write_text("# nginx\n\n<!-- begin argument_specs -->\n<!-- end argument_specs -->\n\nAfter.\n")
    return role / "README.md"


def test_the_table_is_written_between_its_marks(readme: Path, run: Run) -> None:
    assert run("tools/role-readme").returncode == 0
    begin, end = "<!-- begin argument_specs -->", "<!-- end argument_specs -->"
    assert readme.read_text() == f"# nginx\n\n{begin}\n\n{TABLE}\n{end}\n\nAfter.\n"


def test_check_names_what_is_out_of_date_and_writes_nothing(readme: Path, run: Run) -> None:
    before = readme.read_text()
    check = run("tools/role-readme", "--check")
    assert check.returncode == 1
    assert "roles/nginx/README.md" in check.stderr
    assert readme.read_text() == before


def test_check_passes_after_writing(readme: Path, run: Run) -> None:
    run("tools/role-readme")
    assert readme.is_file()
    assert run("tools/role-readme", "--check").returncode == 0


def test_a_readme_without_marks_is_said(readme: Path, run: Run) -> None:
    readme.write_text("# nginx\n")
    assert "<!-- begin argument_specs -->" in run("tools/role-readme").stderr


def test_the_tables_of_this_repository_are_up_to_date() -> None:
    check = subprocess.run([ROOT / "tools/role-readme", "--check"], capture_output=True, text=True, check=False)
    assert (check.returncode, check.stderr) == (0, "")
