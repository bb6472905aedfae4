from __future__ import annotations

import json
import re
from pathlib import Path

import ansible_collections  # the namespace package in which the `ansible` package brings its collections
import pytest

from rules.repository import ROOT, files, name, parse

INSTALLED = Path(next(iter(ansible_collections.__path__)))
OF_CORE = {"ansible.builtin", "ansible.legacy"}


def named() -> dict[str, str]:
    wanted = parse((ROOT / "requirements.yml").read_text())["collections"]
    return {one["name"]: one["version"] for one in wanted}


def installed(collection: str) -> str:
    manifest = INSTALLED / collection.replace(".", "/") / "MANIFEST.json"
    return str(json.loads(manifest.read_text())["collection_info"]["version"]) if manifest.exists() else "not there"


def used(text: str) -> set[str]:
    """Find the collections whose content a text names, among those that are installed."""
    found = set(re.findall(r"(?<![\w./-])([a-z_]+\.[a-z_]+)\.[a-z_]+\b(?!\.)", text))
    return {one for one in found if (INSTALLED / one.replace(".", "/")).is_dir()} - OF_CORE


def test_the_versions_are_those_of_the_ansible_package() -> None:
    assert named() == {collection: installed(collection) for collection in named()}


def test_the_collections_are_those_in_use() -> None:
    using = [path for path in files("*.yml", "*.j2") if name(path) != "requirements.yml"]
    assert set().union(*(used(path.read_text()) for path in using)) == set(named())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  community.postgresql.postgresql_db:\n", {"community.postgresql"}),
        ("x: \"{{ y | community.general.dict_kv('z') }}\"\n", {"community.general"}),
        ("  ansible.builtin.apt:\n  url: https://community.general.example.org/\n", set()),
    ],
)
def test_the_use_of_a_collection_is_seen(text: str, found: set[str]) -> None:
    assert used(text) == found
