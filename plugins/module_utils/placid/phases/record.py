"""Writing down what became of a release, and removing old ones while the last processes end."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.placid import ledger, provisional, systemd
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.leftovers import leftovers, remove_leftovers
from ansible.module_utils.placid.module import layout_of, locked, record, so_far
from ansible.module_utils.placid.prune import prune, unneeded
from ansible.module_utils.placid.releases import complete
from ansible.module_utils.placid.switch import Switched


def run(module: AnsibleModule) -> dict[str, Any]:
    done = module.params["done"]
    happened = any(done.get(phase, {}).get("changed") for phase in ("stage", "migrate", "activate"))
    if module.check_mode and not Layout(module.params["application"]).releases.is_dir():
        return {"changed": True, "pruned": []}
    layout = layout_of(module)
    release = done.get("activate", {}).get("release") or module.params["release"]
    event, keep, keep_mb = (module.params[name] for name in ("event", "keep", "keep_mb"))
    with locked(module, layout, last=True):
        # The switch counts now, on every host: what was kept in case it would not is no longer needed once that is written.
        known = ledger.good_releases(ledger.read(layout.ledger))[-1:] == [release]
        write = happened or layout.before.exists() or not known
        if module.check_mode:
            pruned = prune(layout, keep, keep_mb, dry_run=True)
            return {"changed": bool(write or pruned or leftovers(layout) or unneeded(layout)), "pruned": pruned}
        if write:
            commit = (complete(layout, release) or {}).get("commit", "")
            if event == "settings" and not known:  # what made it live was cut short, and it is proved only now
                record(module, layout, Switched.read(layout, release).becomes or ledger.GOOD, release, commit=commit)
            record(module, layout, event, release, commit=commit, **details(module))
        provisional.drop(layout)
        try:
            pruned = tidy(module, layout, release)
        except (OSError, PlacidError) as error:
            pruned = []
            module.warn(f"{release} is live. Not all that is old could be removed: {error}. The next run tries again.")
    return {"changed": write or bool(pruned), "pruned": pruned}


def tidy(module: AnsibleModule, layout: Layout, release: str) -> list[str]:
    """Remove what is old, and wait until the last of its processes have ended; return the releases that were removed."""
    remove_leftovers(layout)  # of a killed run whose release needed no staging any more, too
    pruned = prune(layout, module.params["keep"], module.params["keep_mb"])
    if pruned:
        record(module, layout, "pruned", release, removed=pruned)
    let_end(layout)
    return pruned


def details(module: AnsibleModule) -> dict[str, Any]:
    """What the ledger tells of an event beside the release: the plan, how long each phase took, and what became of the schema."""
    done = module.params["done"]
    migrated = done.get("migrate", {})
    told = so_far(module) | {key: migrated[key] for key in ("applied", "reversed", "kept", "dump") if migrated.get(key)}
    settings = done.get("activate", {}).get("settings_changed", [])
    return told | ({"settings": settings} if module.params["event"] == "settings" else {})


def let_end(layout: Layout) -> None:
    """Wait until what was told to stop, since it is not live any more, has ended: meanwhile there was something to do."""
    live = layout.live_release()
    instance = (layout.instance(live) if live else None) or ""
    systemd.stop([layout.unit(slot, other) for slot, other in systemd.running(layout.name) if other != instance])
    for socket in layout.run.glob("web-*.sock"):
        if socket != layout.socket(instance):
            socket.unlink()
