"""What the modules that work on a host have in common: their arguments, the lock, the ledger, and one way to fail."""

from __future__ import annotations

import contextlib
import datetime
import html
import json
import resource
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.placid import command, dotenv, ledger, lock
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import remove_marked
from ansible.module_utils.placid.layout import Layout
from ansible.module_utils.placid.prune import in_use
from ansible.module_utils.placid.releases import MARKER, complete

MEND = "Mend that on the host, and type the same command again; what was live is still live."
FINISH = "{0} is live. Mend that on the host, and type the same command again, which finishes what is left to do."
#: Shorter lines of a secret of several lines are no secret by themselves.
SHORTEST_LINE = 8

#: Everybody on the host may read the ledger, so it holds the first line of a failure, and no more of it than that.
REASON_LENGTH = 300

#: The phases that a run does only while somebody is there to hear of it: before each, who began it may still have stopped it.
WATCHED = ("migrate", "activate")

#: The arguments that every phase may need.
COMMON: dict[str, Any] = {
    "application": {"type": "str", "required": True},
    "settings": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "direct": {"type": "dict", "default": {}},
    "direct_secrets": {"type": "dict", "default": {}, "no_log": True},
    "deployment": {
        "type": "dict",
        "options": {
            "token": {"type": "str", "required": True, "no_log": False},
            "who": {"type": "str", "required": True},
            "purpose": {"type": "str", "required": True},
            "since": {"type": "str", "required": True},
            "wait": {"type": "float", "default": 0.0},
        },
    },
}


def run(phase: Callable[[str], Any], spec: Mapping[str, Any]) -> None:
    """Be a module: parse the arguments, do the phases, say what each returned or, for a PlacidError, what was wrong.

    phase: gives the module of a phase, whose `run` takes this module; what the phases before it returned is in `done`.
    """
    module = AnsibleModule(argument_spec={**COMMON, **spec}, supports_check_mode=True)
    done: dict[str, dict[str, Any]] = {}
    for name in module.params["phases"]:
        if name in WATCHED and done and alone(sys.stdout.fileno()):
            give_up(module, done)
        started, begun, problem = utc(), time.monotonic(), None
        try:
            result = phase(name).run(module)
        except PlacidError as error:
            result, problem = {"failed": True}, error
        except OSError as error:  # a full disk, above all
            what = f"{error.strerror or error}: {error.filename or name}"
            result, problem = {"failed": True}, PlacidError(f"{what}. {_mend(module, name)}")
        memory = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, result.get("memory_mb", 0))
        told = {"started": started, "seconds": round(time.monotonic() - begun, 2), "memory_mb": memory, **_output()}
        done[name] = {**result, **told}
        module.params["done"] = {**module.params["done"], **done}
        if problem:
            module.fail_json(msg=str(problem), phases=done)
    diff = [result.pop("diff") for result in done.values() if "diff" in result]
    module.exit_json(changed=any(result["changed"] for result in done.values()), phases=done, diff=diff)


def _mend(module: AnsibleModule, phase: str) -> str:
    release = module.params["release"]
    switched = phase in ("activate", "record") and release and Layout(module.params["application"]).live_release() == release
    return FINISH.format(release) if switched else MEND


def alone(stdout: int) -> bool:
    """Whether nobody reads any more what is written to a descriptor: the controller was stopped, or its connection was cut."""
    poll = select.poll()
    poll.register(stdout, 0)
    return bool(poll.poll(0))


def give_up(module: AnsibleModule, done: dict[str, dict[str, Any]]) -> None:
    """End between two phases, and leave the lock to the next run."""
    with locked(module, layout_of(module), last=True):
        module.fail_json(msg="The controller is gone. Type the same command again: it goes on from here.", phases=done)


def _output() -> dict[str, Any]:
    """What the programs of a phase wrote, by step, if they wrote anything; for the controller's records."""
    output = {step: streams for step, streams in command.written.items() if any(streams.values())}
    command.written.clear()
    return {"output": output} if output else {}


def layout_of(module: AnsibleModule) -> Layout:
    """The application's layout on this host. Raises PlacidError where `site.yml` has not made room for it."""
    layout = Layout(module.params["application"])
    if not layout.releases.is_dir():
        raise PlacidError(
            f"{layout.home} is missing: this host is not prepared for {layout.name}. Run ansible-playbook site.yml for it first."
        )
    return layout


def nothing_live(layout: Layout) -> PlacidError:
    """What to raise where a phase needs a release that is live."""
    return PlacidError(f"Nothing of {layout.name} is live on this host. Deploy first: ansible-playbook deploy.yml -e version=…")


def environment_of(module: AnsibleModule) -> dict[str, str]:
    """Settings and secrets as one environment, every name and value proved to fit into one."""
    environment = {name: str(value) for name, value in {**module.params["settings"], **module.params["secrets"]}.items()}
    dotenv.render(environment, "")
    hidden = [*module.params["secrets"].values(), *module.params["direct_secrets"].values()]
    module.no_log_values.update(*(disguises(str(secret)) for secret in hidden))
    return environment


def mask(module: AnsibleModule, settings: Mapping[str, str]) -> None:
    """Have masked what settings hold under the names of secrets: the inventory may have other values for these by now."""
    secrets = [settings[name] for name in module.params["secrets"] if settings.get(name)]
    module.no_log_values.update(secrets, *(disguises(secret) for secret in secrets))


def direct_environment_of(module: AnsibleModule) -> dict[str, str]:
    """The same, past a pooler, where there is one: through it an advisory lock would be another session's."""
    return {**environment_of(module), **module.params["direct"], **module.params["direct_secrets"]}


def disguises(secret: str) -> set[str]:
    """How a program may write a secret otherwise than it is: escaped by Python, JSON or a URL, a URL's password alone, or one
    long line of several.

    Ansible masks in a module's result what is in no_log_values; of itself it puts the plain value there.
    """
    lines = {line.strip() for line in secret.splitlines() if len(line.strip()) >= SHORTEST_LINE}
    if password := _password(secret):
        lines |= {password, *disguises(password)}
    escaped = {
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        html.escape(secret),
        quote(secret),
        quote(secret, ""),
        quote_plus(secret),
    }
    return {each for each in (*lines, *escaped) if each.strip()}


def _password(secret: str) -> str:
    """The password in a secret that is a URL, as a program shows it after having read it."""
    try:
        return unquote(urlsplit(secret).password or "")
    except ValueError:
        return ""


@contextlib.contextmanager
def locked(module: AnsibleModule, layout: Layout, last: bool = False) -> Iterator[None]:
    """The lock of the deployment that this module works for. What is live must be what the plan was made against.

    Where what is to be live is live already, the plan was carried out: by a run that was killed and came to its end alone.
    Check mode only looks: it stands in nobody's way.
    """
    if module.check_mode:
        yield
        return
    deployment = dict(module.params["deployment"])
    wait = deployment.pop("wait")
    with lock.held(layout.lock, lock.Holder(**deployment), wait, last):
        planned, live = module.params.get("planned_on"), layout.live_release() or ""
        if not complete(layout, live):  # damaged: the plan was made without it
            live = ""
        if planned is not None and live not in (planned, module.params["release"]) and "activate" not in module.params["done"]:
            raise PlacidError(
                f"{live or 'nothing'} is live now, and the plan was made for {planned or 'nothing'}. "
                "Nothing was changed. Type the same command again to see the new plan."
            )
        yield


def utc() -> str:
    """Now, as the ledger and the records have it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def record(module: AnsibleModule, layout: Layout, event: str, release: str, **more: Any) -> None:
    """Write an event of this deployment into the ledger."""
    deployment = module.params["deployment"]
    who = {"who": deployment["who"], "deployment": deployment["token"], "purpose": deployment["purpose"]}
    ledger.append(layout.ledger, {"time": utc(), "event": event, "release": release, **who, **more})


def record_failure(module: AnsibleModule, layout: Layout, release: str, phase: str, error: object, **more: Any) -> None:
    """Write into the ledger that a phase failed and why, in one line without secrets."""
    lines = str(remove_values(str(error), module.no_log_values)).strip().splitlines()
    reason = {"reason": lines[0][:REASON_LENGTH]} if lines else {}
    commit = {"commit": spec["commit"]} if (spec := complete(layout, release)) else {}
    with contextlib.suppress(OSError):  # on a full disk, the reason goes before the record
        record(module, layout, "failed", release, phase=phase, **reason, **{**commit, **so_far(module), **more})


def so_far(module: AnsibleModule) -> dict[str, Any]:
    """What the line that ends a run tells in any case: the plan, and how long each phase took that was done."""
    told = {"plan": module.params["plan"]} if module.params.get("plan") else {}
    done = module.params.get("done") or {}
    return {**told, "seconds": {phase: result["seconds"] for phase, result in done.items() if "seconds" in result}}


def discard(module: AnsibleModule, layout: Layout, release: str, phase: str, error: object) -> None:
    """Write down that a release failed, and remove it, unless it is live, was good before, or a program still runs from it."""
    record_failure(module, layout, release, phase, error)
    kept = {layout.live_release(), *ledger.ever_good(ledger.read(layout.ledger)), *in_use(layout)}
    if release not in kept:
        remove_marked(layout.release(release), MARKER)
