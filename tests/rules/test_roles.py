from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rules import role_rules as rules
from rules.repository import ROOT, files, items, name, parse

ROLES = sorted({path.relative_to(ROOT).parts[1] for path in files("roles/*/*")})


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def folder(role: str) -> Path:
    return ROOT / "roles" / role


def defaults(role: str) -> dict[str, Any]:
    return parse((folder(role) / "defaults/main.yml").read_text()) or {}


def options(role: str) -> dict[str, Any]:
    specs = parse((folder(role) / "meta/argument_specs.yml").read_text())
    found: dict[str, Any] = specs["argument_specs"]["main"].get("options", {})
    return found


def test_a_role_has_the_skeleton(role: str) -> None:
    paths = {str(path.relative_to(folder(role))) for path in files(f"roles/{role}/*")}
    assert rules.lacks_of_the_skeleton(paths) == []


def test_a_role_has_a_scenario(role: str) -> None:
    assert (ROOT / "molecule" / role / "molecule.yml").is_file()


def test_a_role_begins_with_preflight_and_keeps_the_order(role: str) -> None:
    assert rules.disorder_in_main(items(folder(role) / "tasks/main.yml")) == []


def test_argument_specs_and_defaults_agree(role: str) -> None:
    assert list(rules.disagreements(options(role), defaults(role))) == []


def test_every_option_is_described(role: str) -> None:
    assert list(rules.undescribed(options(role))) == []


def test_public_variables_carry_the_name_of_their_role(role: str) -> None:
    assert rules.misnamed(role, iter({**options(role), **defaults(role)})) == []


def test_what_nobody_can_set_has_an_internal_name(role: str) -> None:
    variables = folder(role) / "vars/main.yml"
    assert not variables.exists() or rules.public_in_vars(role, parse(variables.read_text())) == []


def test_every_default_has_its_comment(role: str) -> None:
    assert rules.uncommented((folder(role) / "defaults/main.yml").read_text()) == []


def test_no_secret_has_a_default(role: str) -> None:
    assert rules.secrets_with_a_default(defaults(role)) == []


def test_templates_say_who_manages_them() -> None:
    found = {path: rules.bad_header(path.relative_to(ROOT).parts[1], path.read_text()) for path in files("roles/*.j2")}
    assert {name(path): wrong for path, wrong in found.items() if wrong} == {}


GOOD_OPTION = {"type": "int", "description": "Port.", "default": 80}
MAIN = "ansible.builtin.import_tasks"


@pytest.mark.parametrize(
    "found",
    [
        rules.lacks_of_the_skeleton(rules.SKELETON - {"tasks/preflight.yml"}),
        rules.lacks_of_the_skeleton(rules.SKELETON | {"hooks/main.yml"}),
        rules.disorder_in_main([{MAIN: "preflight.yml"}, {"ansible.builtin.apt": {}}]),
        rules.disorder_in_main([{MAIN: "install.yml"}]),
        rules.disorder_in_main([{MAIN: "preflight.yml"}, {MAIN: "service.yml"}, {MAIN: "install.yml"}]),
        list(rules.disagreements({"x": GOOD_OPTION}, {})),
        list(rules.disagreements({}, {"x": 80})),
        list(rules.disagreements({"x": GOOD_OPTION}, {"x": 81})),
        list(rules.disagreements({"x": {"type": "int"}}, {"x": 80})),
        list(rules.disagreements({"x": {"required": True}}, {"x": 80})),
        list(rules.undescribed({"x": {"type": "int"}})),
        list(rules.undescribed({"x": {**GOOD_OPTION, "options": {"y": {"description": "No type."}}}})),
        rules.misnamed("nginx", iter(["port"])),
        rules.public_in_vars("nginx", {"nginx_unit": "nginx.service"}),
        rules.uncommented("---\nnginx_port: 80\n"),
        rules.uncommented("---\n# The port.\n\nnginx_port: 80\n"),
        rules.secrets_with_a_default({"app_secret_key": "changeme"}),
        rules.bad_header("nginx", "# managed by hand\n"),
        rules.bad_header("nginx", "{{ ansible_managed | comment }}\nserver {}\n"),
    ],
)
def test_a_rule_sees_a_bad_role(found: list[str]) -> None:
    assert len(found) == 1


def test_the_rules_let_a_good_role_pass() -> None:
    imports = [{MAIN: one} for one in ("preflight.yml", "install.yml", "sites.yml", "service.yml")]
    assert [
        *rules.lacks_of_the_skeleton(rules.SKELETON | {"templates/site.conf.j2"}),
        *rules.disorder_in_main(imports),
        *rules.disagreements({"x": GOOD_OPTION, "y": {"required": True}}, {"x": 80}),
        *rules.undescribed({"x": GOOD_OPTION}),
        *rules.misnamed("nginx", iter(["nginx_port"])),
        *rules.public_in_vars("nginx", {"__nginx_unit": "nginx.service"}),
        *rules.uncommented("---\n# The port.\nnginx_port: 80\n# Sites.\nnginx_sites:\n  - name: a\n"),
        *rules.secrets_with_a_default({"app_secrets": {}, "app_secret_length": 50}),
        *rules.bad_header("nginx", "{{ ansible_managed | comment }}\n# role nginx\nserver {}\n"),
    ] == []
