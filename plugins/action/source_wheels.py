"""Has a builder build wheels, and keeps them in the cache: see the documentation in modules/source_wheels.py."""

from __future__ import annotations

import base64
import hashlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import ansible.module_utils
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

# Ansible offers a project's module_utils to modules; a plugin that runs on the controller must find them itself.
ansible.module_utils.__path__.append(str(Path(__file__).resolve().parents[1] / "module_utils"))

from ansible.module_utils.placid.build import from_source
from ansible.module_utils.placid.build.store import Store, digest_file, locked
from ansible.module_utils.placid.build.target import Target
from ansible.module_utils.placid.errors import PlacidError, WheelhouseError


def tell(built: list[str], host: str, check: bool) -> list[str]:
    """What was built, in words."""
    why = ", with --check, too: without its wheels there is no plan" if check else ""
    return [f"built on {host}, and kept in the cache{why}: {', '.join(built)}"] if built else []


class ActionModule(ActionBase):
    TRANSFERS_FILES = False  # run() makes the directory for them
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        started = time.monotonic()
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self._task.args
        self._variables, self._host = task_vars or {}, arguments["host"]
        store = Store(Path(self._loader.get_basedir(), arguments["cache_dir"]))
        target = Target(**arguments["target"])
        sources = [from_source.Source(**each) for each in arguments["sources"]]
        built, output, problems = [], dict[str, Any](), dict[str, str]()
        try:
            with locked(from_source.building(store)):
                for source in sources:
                    if store.choice(source.key, target.as_dict()):  # by another run, meanwhile
                        continue
                    made = self._build(source)
                    output |= made.get("output", {})
                    try:
                        built.append(self._keep(made, source, store, target))
                    except PlacidError as error:
                        problems[source.shown] = str(error)
        except AnsibleConnectionFailure as error:
            cause = " ".join(str(error).split())
            problems = {
                source.shown: f"The builder {self._host} cannot be reached: {cause}. Try: ansible {self._host} -m ping"
                for source in sources
            }
        finally:
            for source in sources:
                shutil.rmtree(Path(source.origin).parents[1], ignore_errors=True)
        result["lines"] = tell(built, self._host, self._task.check_mode)
        result |= {"changed": bool(built), "built": built, "output": output, "seconds": round(time.monotonic() - started, 3)}
        if problems:
            causes = "\n".join(dict.fromkeys(problems.values()))
            return result | {
                "failed": True,
                "msg": f"No wheel was built of {', '.join(problems)}; no host was touched.\n{causes}",
            }
        return result

    def _build(self, source: from_source.Source) -> dict[str, Any]:
        """Send a source and return what the module makes of it."""
        path = Path(source.origin)
        self._make_tmp_path()
        directory = self._connection._shell.tmpdir
        remote = self._connection._shell.join_path(directory, "source")
        self._transfer_file(str(path), remote)
        arguments = {
            "application": self._task.args["application"],
            "host": self._host,
            "target": self._task.args["target"],
            "name": source.name,
            "shown": source.shown,
            "subdirectory": source.subdirectory,
            "file": path.name,
            "sha256": digest_file(path),
            "source": remote,
        }
        made: dict[str, Any] = self._execute_module("source_wheels", arguments, task_vars=self._variables)
        self._remove_tmp_path(directory)
        return made

    def _keep(self, made: dict[str, Any], source: from_source.Source, store: Store, target: Target) -> str:
        """Look at what was built, and put it into the cache."""
        if made.get("failed"):
            raise WheelhouseError(str(made.get("msg", "the module failed and did not say why")))
        content = base64.b64decode(made["content"])
        if hashlib.sha256(content).hexdigest() != made["sha256"]:
            raise WheelhouseError(
                f"The wheel of {source.shown} was damaged on its way from {self._host}. Type the same command again."
            )
        with tempfile.TemporaryDirectory(dir=store.cache / "temporary") as directory:
            path = Path(directory, Path(made["file"]).name)
            path.write_bytes(content)
            wheel = from_source.check_built(source, path, target, self._host, native=True)
            from_source.keep(store, target, source, wheel, path)
        return wheel.file
