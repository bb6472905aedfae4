"""What the harness of these tests promises."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible.errors import AnsibleUndefinedVariable

from templates.conftest import ROOT, render_file

SAMPLE = r"""{{ ansible_managed | comment }}
{% for site in sites %}
  {% if site %}
path = {{ site | quote }}\n
  {% endif %}
{% endfor %}
{# a remark #}
end

"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.j2"
    path.write_text(SAMPLE)
    return path


def test_it_renders_what_ansible_writes(sample: Path) -> None:
    module = [
        "-m",
        "ansible.builtin.template",
        "-a",
        f"src={sample} dest={sample}.out mode=0600",
        "-e",
        '{"sites": ["a b", "", "c"]}',
    ]
    subprocess.run(
        ["ansible", "localhost", "-i", "localhost,", "-c", "local", *module], check=True, capture_output=True, cwd=ROOT
    )
    assert render_file(sample, {"sites": ["a b", "", "c"]}) == Path(f"{sample}.out").read_text()


def test_an_undefined_variable_is_an_error(sample: Path) -> None:
    with pytest.raises(AnsibleUndefinedVariable, match="sites"):
        render_file(sample, {})


def test_every_template_of_a_role_is_rendered_by_a_test() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    templates = {(path.parts[-3], path.name) for path in ROOT.glob("roles/*/templates/*.j2")}
    assert [f"{role}/{name}" for role, name in sorted(templates) if f'"{role}", "{name}"' not in tests] == []
