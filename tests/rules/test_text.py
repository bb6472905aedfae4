from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from rules import text_rules as rules
from rules.repository import files, name

HELD_SHORT = ("roles/*", "plugins/*", "sandbox/*", "tools/*", "molecule/*", "tests/*", "*.j2")


def text(path: Path) -> str:
    return path.read_text(errors="ignore")


def test_no_file_is_long() -> None:
    assert {name(path): wrong for path in files(*HELD_SHORT) if (wrong := rules.too_long(text(path)))} == {}


def test_no_file_holds_a_credential() -> None:
    assert {name(path): wrong for path in files() if (wrong := rules.private_words(text(path)))} == {}


def test_secrets_are_handed_on_once() -> None:
    handing = [path for path in files("group_vars/*.yml") if path.name != "vault.yml"]
    assert {name(path): wrong for path in handing if (wrong := rules.secrets_not_just_handed_on(text(path)))} == {}
    assert rules.used_twice({name(path): text(path) for path in handing}) == []


def test_only_group_vars_know_the_names_of_the_vault() -> None:
    others = [path for path in files("roles/*", "*.yml") if not name(path).startswith(("group_vars/", "molecule/"))]
    assert [name(path) for path in others if rules.VAULT_NAME.search(rules.code(text(path)))] == []


def test_a_tracked_vault_is_encrypted() -> None:
    assert [name(path) for path in files("*vault.yml") if not text(path).startswith("$ANSIBLE_VAULT")] == []


def test_links_in_pages_lead_somewhere() -> None:
    def reader(page: Path, path: str) -> str | None:
        target = (page.parent / path).resolve()
        return text(target) if target.is_file() else "" if target.is_dir() else None

    dead = {name(page): [*rules.dead_links(text(page), partial(reader, page))] for page in files("*.md")}
    assert {page: links for page, links in dead.items() if links} == {}


@pytest.mark.parametrize(
    "found",
    [
        rules.too_long("line\n" * 251),
        rules.private_words("key = AKIA" + "ABCDEFGHIJKLMNOP"),
        rules.private_words("-----BEGIN OPENSSH" + " PRIVATE KEY-----"),
        rules.private_words("token ghp_" + "a" * 36),
        rules.private_words("https://ci:" + "hunter2@git.placid.dev/x.git"),
        rules.secrets_not_just_handed_on("guestbook_key: \"{{ vault_key | default('x') }}\"\n"),
        rules.secrets_not_just_handed_on('a: "{{ vault_key }}"\nb: "{{ vault_key }}"\n'),
        rules.used_twice({"group_vars/sandbox/a.yml": "{{ vault_a }}", "group_vars/sandbox/b.yml": "{{ vault_a }}"}),
        [*rules.dead_links("[a](gone.md)", lambda _path: None)],
        [*rules.dead_links("[a](#gone)", lambda _path: None)],
        [*rules.dead_links("[a](page.md#gone)", lambda _path: "# Here\n")],
    ],
)
def test_a_rule_sees_a_bad_text(found: list[str] | str) -> None:
    assert found


def test_the_rules_let_a_good_text_pass() -> None:
    page = "# Here, now\n[web](https://example.org/) [mail](mailto:a@example.org) [a](#here-now) [b](page.md#there)\n"
    scopes = {"group_vars/sandbox/a.yml": "{{ vault_a }}", "group_vars/staging/a.yml": "{{ vault_a }}"}
    assert [
        *rules.too_long("line\n" * 250),
        *rules.private_words("postgres://guestbook@localhost/guestbook and https://ada:x@db.example.org/"),
        *rules.secrets_not_just_handed_on('# vault_key, of vault.yml\nguestbook_key: "{{ vault_key }}"\n'),
        *rules.secrets_not_just_handed_on("guestbook_key: \"{{ vault_key | mandatory('Set it.') }}\"\n"),
        *rules.secrets_not_just_handed_on("guestbook_key: >-\n  {{ vault_key\n  | mandatory('Set it.') }}\n"),
        *rules.used_twice(scopes),
        *rules.dead_links(page, lambda _path: "## There\n"),
    ] == []
