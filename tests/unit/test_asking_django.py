"""What an application's own code is asked for, and what is said when it cannot be asked."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.module_utils.placid import migrations
from ansible.module_utils.placid.command import CommandError, written

MANAGE = """
import sys
assert sys.argv == ["manage.py", "check", "--deploy", "--fail-level", "WARNING"], sys.argv
print("one warning")
{end}
"""


@pytest.fixture
def release() -> Iterator[Path]:
    """A release with an interpreter of its own, which everybody may use, and which lacks Django."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        programs = Path(place) / "venv" / "bin"
        programs.mkdir(parents=True)
        (programs / "python").write_text('#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n')
        (programs / "python").chmod(0o755)
        yield Path(place)


#: What is asked of Django, apart from a database: whose models have changed, and where each application lies.
DJANGO = {
    "__init__": "def setup(): pass",
    "conf": "class settings:\n    SILENCED_SYSTEM_CHECKS = ('security.W004', 'models.W042')",
    "apps": """
from types import SimpleNamespace
own, package, beside = "/tree/entries", "/tree/venv/lib/package", "/tree-2/beside"
paths = {"entries": own, "package": package, "beside": beside, "unchanged": "/tree/unchanged"}
configs = [SimpleNamespace(label=label, path=path.replace("/tree", TREE)) for label, path in paths.items()]
apps = SimpleNamespace(get_app_configs=lambda: configs)
""",
    "db/__init__": "",
    "db/migrations/__init__": "",
    "db/migrations/loader": """
class MigrationLoader:
    graph = "graph"
    def __init__(self, connection, ignore_no_migrations):
        assert connection is None
    def project_state(self):
        return "migrations"
""",
    "db/migrations/questioner": "class MigrationQuestioner:\n    def __init__(self, dry_run):\n        assert dry_run",
    "db/migrations/state": "class ProjectState:\n    from_apps = lambda apps: 'models'",
    "db/migrations/autodetector": """
from types import SimpleNamespace as Simple
class MigrationAutodetector:
    def __init__(self, old, new, questioner):
        assert (old, new) == ("migrations", "models")
    def changes(self, graph):
        add, remove = Simple(describe=lambda: "Add field a to entry"), Simple(describe=lambda: "Remove field b from entry")
        return {label: [Simple(operations=[add]), Simple(operations=[remove])] for label in LABELS}
""",
}


def bring_django(release: Path, *changed: str) -> None:
    """Let a release have a Django, by whose word the models of some applications have changed."""
    release.chmod(0o755)  # which an import reads
    (release / "venv" / "lib").symlink_to(release.parent)  # as the packages of a release lie outside it
    for name, text in DJANGO.items():
        path = release / "django" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"TREE, LABELS = {str(release)!r}, {changed!r}\n{text}")


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")
with_python = pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="everybody's interpreter is needed")


@as_root
@with_python
@pytest.mark.parametrize("end", ["", "sys.exit()", "sys.exit(0)"])
def test_a_check_that_passes_passes_also_where_no_migrations_can_be_planned(release: Path, end: str) -> None:
    (release / "manage.py").write_text(MANAGE.format(end=end))
    bring_django(release)
    found = migrations.check("nobody", release, {}, "WARNING", models=True)
    assert found == migrations.Checked(None, ["models.W042", "security.W004"], {})
    assert written.pop("manage.py check --deploy")["stdout"] == "one warning\n"


@as_root
@with_python
@pytest.mark.parametrize("end", ["sys.exit(1)", "sys.exit('one warning')", "raise ValueError('one warning')"])
def test_a_check_that_fails_fails(release: Path, end: str) -> None:
    (release / "manage.py").write_text(MANAGE.format(end=end))
    with pytest.raises(CommandError) as error:
        migrations.check("nobody", release, {}, "WARNING", models=True)
    assert "manage.py check --deploy failed: " in str(error.value)
    assert "one warning" in str(error.value).splitlines()[0]


@as_root
@with_python
@pytest.mark.parametrize(
    ("changed", "models", "told"),
    [
        (("entries",), True, ["entries"]),
        (("package", "entries", "beside", "unknown"), True, ["entries"]),
        (("package", "beside"), True, []),
        (("entries",), False, []),
    ],
)
def test_models_without_a_migration_are_told_of_the_releases_own_applications(
    release: Path, changed: tuple[str, ...], models: bool, told: list[str]
) -> None:
    (release / "manage.py").write_text(MANAGE.format(end=""))
    bring_django(release, *changed)
    found = migrations.check("nobody", release, {}, "WARNING", models=models)
    assert found.unmigrated == {label: ["Add field a to entry", "Remove field b from entry"] for label in told}


@as_root
@with_python
def test_an_application_that_cannot_be_asked_says_why(release: Path) -> None:
    """The source reaches the release's own interpreter, which lacks Django here."""
    with pytest.raises(CommandError) as error:
        migrations.run("plan", "nobody", release, {}, "Asking the release for its migrations")
    message = "Asking the release for its migrations failed: ModuleNotFoundError: No module named 'django'"
    assert str(error.value).splitlines()[0] == message


#: Answers as Django would, without one.
ANSWER = """#!/bin/sh
cat >/dev/null
echo 'placid-result {answer}'
"""


@as_root
@pytest.mark.parametrize(
    ("mode", "before", "after", "told", "taken_back"),
    [
        ("migrate", "a.1", "a.1 a.2", "Applied before it failed: a.2. ", []),
        ("migrate", "a.1", "a.1", "Applied before it failed: nothing. ", []),
        ("reverse", "a.1 a.2 a.3", "a.1 a.2", "Taken back before it failed: a.3. ", ["a.3"]),
        ("reverse", "a.1 a.2", "a.1 a.2", "Taken back before it failed: nothing. ", []),
    ],
)
def test_what_was_done_before_a_migration_failed_is_told(
    release: Path, mode: str, before: str, after: str, told: str, taken_back: list[str]
) -> None:
    answer = {"error": "ValueError: No way.", "applied_before": before.split(), "applied_after": after.split()}
    (release / "venv/bin/python").write_text(ANSWER.format(answer=json.dumps(answer)))
    with pytest.raises(migrations.MigrationError) as error:
        migrations.run(mode, "nobody", release, {}, "It")
    assert str(error.value).startswith(f"It failed: ValueError: No way.. {told}")
    assert (error.value.before, error.value.after) == (before.split(), after.split())
    assert error.value.taken_back == taken_back
