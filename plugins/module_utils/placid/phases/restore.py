"""Putting a dump of an application's database back, after a dump of what is there, so that this can be undone in the same way."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import dump, migrations
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.module import direct_environment_of, layout_of, locked, record, record_failure
from ansible.module_utils.placid.releases import complete, process_environment


def run(module: AnsibleModule) -> dict[str, Any]:
    layout, name, url = layout_of(module), module.params["dump"], module.params["database_url"]
    if not url:
        raise PlacidError(f"{layout.name} has no database (database: false), so there is nothing to put back.")
    path = dump.find(layout, name)
    if module.check_mode:
        return {"changed": True, "saved": "", "lines": [f"the database would become what it was in {name}"]}
    environment = direct_environment_of(module)
    with locked(module, layout, last=True):
        live, saved = layout.live_release() or "", ""
        try:
            saved = dump.take(layout, url, "before-restore")["dump"]
            dump.restore(layout, url, path)
        except PlacidError as error:
            record_failure(module, layout, live, "restore", error)
            if saved:  # the database is still what it was
                (layout.dumps / saved).unlink()
            raise
        record(module, layout, "restored", live, dump=name, saved=saved)
        dump.prune(layout, module.params["keep_dumps"] - 1, name, saved)
        spec = complete(layout, live) if live else None
        lines = [f"the database is what it was in {name}", f"what it held before is in {saved}: put back in the same way"]
        if spec:
            asked = {**environment, **process_environment(layout, spec)}
            what = "Asking the live release for its migrations"
            lines += fit(spec, migrations.run("plan", layout.name, layout.release(live), asked, what))
        return {"changed": True, "saved": saved, "lines": lines}


def fit(spec: dict[str, Any], told: dict[str, list[str]]) -> list[str]:
    """How the live release and the database differ, with what to type. told: what django_migrations.work returned."""
    live, unknown = spec["id"], sorted(set(told["applied_before"]) - set(told["known"]))
    lines = [f"the live release {live} does not know the migrations {', '.join(unknown)} of the database"] if unknown else []
    if told["pending"]:
        lines.append(
            f"the live release {live} needs the migrations {', '.join(told['pending'])}, which the database has not: go back "
            f"with ansible-playbook rollback.yml, or on with ansible-playbook deploy.yml -e version={spec['commit'][:12]}"
        )
    return lines or [f"the live release {live} and the database have the same migrations"]
