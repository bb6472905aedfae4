"""The step by which visitors get to another release, or to other processes of the same one, and the way back."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from ansible.module_utils.placid.daemons import Daemons
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import prepared_link, replace_file, replace_link
from ansible.module_utils.placid.layout import Layout


@dataclass(frozen=True)
class Switch:
    """live: the release that visitors get, if any; release: the one that they are to get; group: where mod_wsgi starts it."""

    layout: Layout
    daemons: Daemons
    live: str | None
    release: str
    group: str

    def make(self, instance: str) -> None:
        """Have the web server's next connection go to an instance of the release; the last rename does it."""
        layout = self.layout
        replace_link(layout.socket_link(self.release), str(layout.socket(instance)))
        self.daemons.point(self.release, self.group)
        if self.live and self.live != self.release:
            replace_link(layout.previous, f"releases/{self.live}")
        if self.live != self.release or not layout.current.is_symlink():
            replace_link(layout.current, f"releases/{self.release}")

    @contextlib.contextmanager
    def undoable(self) -> Iterator[Callable[[], None]]:
        """What undoes it, made ready before: a disk that is full does not keep visitors from what was live."""
        layout, again = self.layout, self.live == self.release
        changed = [layout.socket_link(self.release)] if again else [layout.current, layout.previous]
        before = {path: os.readlink(path) for path in changed if path.is_symlink()}
        if self.live and not again:
            before[layout.current] = f"releases/{self.live}"
        with contextlib.ExitStack() as ready:
            links = [ready.enter_context(prepared_link(path, target)) for path, target in before.items()]

            def undo() -> None:
                for put in links:
                    put()
                for path in changed:
                    if path not in before:
                        path.unlink(missing_ok=True)
                if again:
                    self.daemons.point(self.release, self.daemons.beside(self.group))

            yield undo


@dataclass(frozen=True)
class Switched:
    """The last switch to a release, as its directory tells, whatever became of the run.

    instance: what visitors were sent to. becomes: the event of the ledger that the run was to end with. seen: whether visitors
    were seen to be served.
    """

    instance: str = ""
    becomes: str = ""
    seen: bool = False

    def write(self, layout: Layout, release: str) -> None:
        if self != self.read(layout, release):
            replace_file(layout.switched(release), json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, layout: Layout, release: str) -> Switched:
        path = layout.switched(release)
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls()


def all_of(*steps: Callable[[], object]) -> str:
    """Do each step, whatever becomes of the ones before; return what went wrong, or nothing."""
    failed = []
    for step in steps:
        try:
            step()
        except (OSError, PlacidError) as error:
            failed.append(str(error))
    return "; ".join(failed)
