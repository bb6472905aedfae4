"""A project without a lock, read from the commit; real uv, no network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible.module_utils.placid.build.builder import build
from ansible.module_utils.placid.build.request import Request
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import LockError, UnpinnedError

from .conftest import MakeWheel, Repository, names

PROJECT = """
[project]
name = "shop"
version = "1"
requires-python = ">=3.13"
dependencies = ["plain"]
[project.optional-dependencies]
pg = ["driver"]
all = ["shop[pg]"]
[dependency-groups]
dev = ["checker"]
"""


def test_a_project_without_a_lock_is_refused_unless_one_may_be_made(
    bare_request: Request, repository: Repository, make_wheel: MakeWheel
) -> None:
    for name in ("plain", "driver", "checker"):
        make_wheel(name, "1.0")
    index = '[[tool.uv.index]]\nurl = "https://x.example.org"\ndefault = true\n'  # which is not asked
    repository.commit(**{"pyproject.toml": PROJECT + index})
    asked = replace(bare_request, lock="pyproject.toml")
    with pytest.raises(UnpinnedError, match=r"pyproject\.toml pins nothing.*uv lock, commit it.*lock_missing: generate"):
        build(asked)
    asked = replace(asked, lock_missing="generate")
    made = build(asked)
    assert names(asked) == ["plain==1.0"]
    assert made.manifest["lock"]["generated"] is True
    assert "pyproject.toml does not pin plain: a lock was made of it now" in made.warnings[-1]
    make_wheel("plain", "2.0")
    assert names(asked) == ["plain==1.0"]
    chosen = replace(asked, extras=["all"], groups=["dev"])
    assert names(chosen) == ["checker==1.0", "driver==1.0", "plain==2.0"]
    assert build(chosen).manifest["lock"]["extras"] == ["all"]


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        (PROJECT, {"extras": ["nope"]}, "No lock can be made of pyproject.toml for Python 3.13"),
        (PROJECT, {"target": Target("3.11", "x86_64", "2.36")}, "requires Python >=3.13, and the hosts' is 3.11"),
        ("[project", {}, "is not TOML that can be read"),
        ("[tool.poetry]", {}, "it has no table [project]. Make the lock with its own tool"),
        ('[project]\nname = "x"\ndynamic = ["dependencies"]', {}, "only its build knows its dependencies"),
        ('[project]\nname = "x"\nrequires-python = "three"', {}, "requires-python cannot be understood"),
    ],
)
def test_a_project_of_which_no_lock_can_be_made_is_refused(
    bare_request: Request, repository: Repository, text: str, change: dict[str, object], message: str
) -> None:
    repository.commit(**{"pyproject.toml": text})
    asked = replace(bare_request, lock="pyproject.toml", lock_missing="generate")
    with pytest.raises(LockError) as error:
        build(replace(asked, **change))  # type: ignore[arg-type]
    assert message in str(error.value)
