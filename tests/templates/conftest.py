from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, init_plugin_loader
from ansible.template import Templar, generate_ansible_template_vars, trust_as_template

ROOT = Path(__file__).parents[2]
DEBIAN = {
    "distribution": "Debian",
    "distribution_major_version": "13",
    "distribution_release": "trixie",
    "os_family": "Debian",
    "memtotal_mb": 3920,
}


def render_file(source: Path, variables: dict[str, Any]) -> str:
    """Render a template as ansible.builtin.template does: its engine, an undefined variable is an error."""
    searchpath = [str(source.parent)]
    template = trust_as_template(source.read_text())
    available = {**generate_ansible_template_vars(path=source.name, fullpath=str(source)), **variables}
    templar = Templar(DataLoader()).copy_with_new_env(searchpath=searchpath, available_variables=available)
    return str(templar.template(template, escape_backslashes=False))


@pytest.fixture(scope="session", autouse=True)
def _plugins() -> None:
    """Give templates the filters of this repository and of the collections."""
    init_plugin_loader()
    filter_loader.add_directory(str(ROOT / "plugins" / "filter"))


@pytest.fixture
def render() -> Callable[..., str]:
    """Render roles/<role>/templates/<template> with the role's defaults, Debian 13's facts and the variables given."""

    def render_it(role: str, template: str, **variables: Any) -> str:
        defaults = DataLoader().load_from_file(str(ROOT / "roles" / role / "defaults" / "main.yml"), trusted_as_template=True)
        facts = {"ansible_facts": DEBIAN, "inventory_hostname": "sandbox"}
        return render_file(ROOT / "roles" / role / "templates" / template, {**facts, **(defaults or {}), **variables})

    return render_it
