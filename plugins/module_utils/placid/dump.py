"""Dumps of an application's database: taken before its schema changes, kept where root alone reads them, put back whole.

The programs are PostgreSQL's own and run as the application's user, connected as the application is. They get the
connection in their environment, so that no password is an argument; root opens the files for them.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ansible.module_utils.placid.command import CommandError, identity, run_as
from ansible.module_utils.placid.errors import PlacidError
from ansible.module_utils.placid.files import sync_directory
from ansible.module_utils.placid.layout import Layout

SUFFIX, UNFINISHED = ".dump", ".part"
#: Bytes of the disk that a dump leaves free: the database may be on it.
SPARE_BYTES = 200 * 1024 * 1024
#: Milliseconds for which a dump waits for a table that somebody has locked.
LOCK_TIMEOUT = 30_000
#: What a restore does before the dump's own statements, which come in the same transaction.
BEGIN = f"BEGIN;\nSET LOCAL statement_timeout = 0;\nSET LOCAL lock_timeout = {LOCK_TIMEOUT};\nDROP OWNED BY CURRENT_USER;\n"
#: And after them. Statistics are in no dump; without them queries are slow until PostgreSQL has gathered them by itself.
END = "\nCOMMIT;\n\\set ON_ERROR_STOP off\nANALYZE;\n"
#: The environment's names of what may stand behind the question mark of a URL.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "options": "PGOPTIONS",
}


class DumpError(PlacidError):
    """A dump that could not be taken or put back."""


def connection(url: str) -> dict[str, str]:
    """The environment in which PostgreSQL's programs reach the database of a URL."""
    parts = urlsplit(url)
    found = {
        "PGHOST": unquote(parts.hostname or ""),
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.removeprefix("/")),
    }
    found |= {_VARIABLES[key]: value for key, value in parse_qsl(parts.query) if key in _VARIABLES}
    return {name: value for name, value in found.items() if value}


def applied(layout: Layout, url: str) -> list[str] | None:
    """The migrations that the database has, as app_label.name; None where it cannot be asked."""
    query = "SELECT app || '.' || name FROM django_migrations ORDER BY 1"
    psql = ["psql", "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--command", query]
    try:
        variables = identity(layout.name, {"PGCONNECT_TIMEOUT": "3", **connection(url)}, "Asking the database")
        done = subprocess.run(psql, capture_output=True, text=True, cwd="/", timeout=10, check=False, **variables)
    except (OSError, KeyError, subprocess.TimeoutExpired):  # no psql, no such user yet, no answer
        return None
    if 'relation "django_migrations" does not exist' in done.stderr:  # the database is there, and empty
        return []
    return done.stdout.split() if done.returncode == 0 else None


def names(layout: Layout) -> list[str]:
    """The dumps on this host, oldest first."""
    return sorted(os.listdir(layout.dumps)) if layout.dumps.is_dir() else []


def advice(name: str) -> str:
    """How to get back what a dump holds, as the end of a message; nothing without a dump."""
    return f" What the database held before is in the dump {name}: ansible-playbook restore.yml -e dump={name}" if name else ""


def find(layout: Layout, wanted: str) -> Path:
    """A dump by its name. Raises DumpError with the names there are."""
    there = [name for name in names(layout) if name.endswith(SUFFIX)]
    if wanted not in there:
        offer = f"It has {', '.join(there)}" if there else "It has none"
        raise DumpError(
            f"This host has no dump {wanted!r} of {layout.name}. {offer}. Say -e dump=<name>, and -l <host> where another has it."
        )
    return layout.dumps / wanted


def doomed(there: Iterable[str], keep: int, spared: Collection[str] = ()) -> list[str]:
    """The files to remove: dumps but the newest `keep` and the spared ones, and what a run that was killed left.

    What a clock that was set back makes look old is spared by name.
    """
    dumps = sorted(name for name in there if name.endswith(SUFFIX) and name not in spared)
    return [name for name in there if name.endswith(UNFINISHED)] + dumps[: max(0, len(dumps) - keep)]


def prune(layout: Layout, keep: int, *spared: str) -> None:
    """Remove dumps but the newest `keep` and the spared ones."""
    for name in doomed(names(layout), keep, spared):
        (layout.dumps / name).unlink()


def take(layout: Layout, url: str, why: str) -> dict[str, Any]:
    """Dump the database; return `dump`, its name, and `bytes`.

    url: how the application reaches it. why: part of the name, such as a short commit.
    """
    _require("pg_dump")
    return store(layout, why, lambda file: _dump(layout, connection(url), file))


def store(layout: Layout, why: str, write: Callable[[IO[bytes]], None]) -> dict[str, Any]:
    """Keep what a program writes as a dump, whole or not at all; return `dump`, its name, and `bytes`."""
    layout.dumps.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.dumps.mkdir(exist_ok=True)
    layout.dumps.chmod(0o700)  # also where somebody else made it
    name = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}-{why}{SUFFIX}"
    unfinished, path = layout.dumps / f"{name}{UNFINISHED}", layout.dumps / name
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        os.rename(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_directory(layout.dumps)
    return {"dump": name, "bytes": size}


def _dump(layout: Layout, environment: Mapping[str, str], file: IO[bytes]) -> None:
    """Let pg_dump write into the file, and no more than the disk can spare."""
    disk = os.statvfs(layout.dumps)
    room = disk.f_bavail * disk.f_frsize - SPARE_BYTES
    full = DumpError(
        f"{layout.dumps} has {max(0, room) // 2**20} MB to spare, and a dump of the database needs more. Nothing was changed. "
        f"Make room, or lower apps[{layout.name}].database.keep_dumps."
    )
    if room <= 0:
        raise full
    limited = ["prlimit", f"--fsize={room}", "pg_dump", "--format=custom", "--no-password", f"--lock-wait-timeout={LOCK_TIMEOUT}"]
    try:
        run_as(layout.name, limited, Path("/"), environment, "Dumping the database", timeout=6 * 3600, stdout=file)
    except CommandError:
        if os.fstat(file.fileno()).st_size >= room:
            raise full from None
        raise


def restore(layout: Layout, url: str, dump: Path) -> None:
    """Put a dump in the place of all that the application's role owns in its database, in one transaction."""
    _require("pg_restore")
    variables = identity(layout.name, connection(url), "Putting a dump back")
    with contextlib.ExitStack() as stack:
        file, errors = stack.enter_context(dump.open("rb")), stack.enter_context(tempfile.TemporaryFile())
        contents = stack.enter_context(tempfile.NamedTemporaryFile(prefix="placid-contents-"))
        os.fchmod(contents.fileno(), 0o644)
        contents.write(_restorable(_list(file, variables)))
        contents.flush()
        file.seek(0)
        options: dict[str, Any] = {"cwd": "/", "stderr": errors, **variables}
        pg_restore = ["pg_restore", "--file=-", "--no-owner", f"--use-list={contents.name}"]
        psql = ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        reader = stack.enter_context(subprocess.Popen(pg_restore, stdin=file, stdout=subprocess.PIPE, **options))
        writer = stack.enter_context(subprocess.Popen(psql, stdin=subprocess.PIPE, **options))
        if reader.stdout and writer.stdin:  # always, as far as a type checker cannot see
            _pump(reader, reader.stdout, writer.stdin)
        if reader.wait() or writer.wait():
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise DumpError(
                f"The dump {dump.name} was not put back, and the database is as it was: {' '.join(said[-3:])}. "
                "A table that is in use for long can be the reason: type the command again."
            )


def _pump(reader: subprocess.Popen[bytes], source: IO[bytes], sink: IO[bytes]) -> None:
    """Send what the reader says as one transaction; without a COMMIT at the end it leaves no trace."""
    with contextlib.suppress(BrokenPipeError):
        sink.write(BEGIN.encode())
        shutil.copyfileobj(source, sink, 1 << 20)
        if reader.wait() == 0:
            sink.write(END.encode())
    source.close()
    with contextlib.suppress(BrokenPipeError):
        sink.close()


def _list(file: IO[bytes], variables: Mapping[str, Any]) -> bytes:
    done = subprocess.run(["pg_restore", "--list"], stdin=file, capture_output=True, cwd="/", check=False, **variables)
    if done.returncode:
        raise DumpError(f"{file.name} is no dump that can be read: {done.stderr.decode(errors='replace').strip()}. Name another.")
    contents: bytes = done.stdout
    return contents


def _restorable(contents: bytes) -> bytes:
    """A dump's table of contents without what only a superuser may do: to comment on its own extensions."""
    return b"".join(line for line in contents.splitlines(keepends=True) if b" COMMENT - EXTENSION " not in line)


def _require(program: str) -> None:
    if not shutil.which(program):
        raise DumpError(f"There is no {program} on this host, which dumps need. Run ansible-playbook site.yml for it first.")
