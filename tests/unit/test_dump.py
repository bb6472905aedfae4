"""Which database is dumped, which dumps stay, and how a dump is put back. Dumps of real databases are tested on hosts."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible.module_utils.placid import dump
from ansible.module_utils.placid.dump import DumpError
from ansible.module_utils.placid.layout import Layout

WORD = "to@be/hidden"


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        pytest.param("postgresql:///guestbook", {"PGDATABASE": "guestbook"}, id="the local socket"),
        pytest.param(
            f"postgres://ada:{quote(WORD, '')}@db.example.org:5433/shop?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem&pool=3",
            {
                "PGHOST": "db.example.org",
                "PGPORT": "5433",
                "PGUSER": "ada",
                "PGPASSWORD": WORD,
                "PGDATABASE": "shop",
                "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": "/etc/ssl/ca.pem",
            },
            id="a server of its own",
        ),
        pytest.param("postgresql://[2001:db8::7]/shop", {"PGHOST": "2001:db8::7", "PGDATABASE": "shop"}, id="IPv6"),
        pytest.param(
            "postgresql:///shop?host=/run/pgbouncer&port=6432",
            {"PGHOST": "/run/pgbouncer", "PGPORT": "6432", "PGDATABASE": "shop"},
            id="another socket",
        ),
    ],
)
def test_programs_find_the_database_in_their_environment(url: str, environment: dict[str, str]) -> None:
    assert dump.connection(url) == environment


@pytest.mark.parametrize(
    ("there", "keep", "spared", "gone"),
    [
        pytest.param("", 1, "", "", id="nothing"),
        pytest.param("1.dump 2.dump", 2, "", "", id="as many as are kept"),
        pytest.param("3.dump 1.dump 2.dump", 2, "", "1.dump", id="the oldest"),
        pytest.param("1.dump 2.dump 3.dump", 1, "1.dump", "2.dump", id="one is spared, beside those that are kept"),
        pytest.param(
            "1.dump 2.dump 9.dump", 1, "1.dump 2.dump", "", id="so are several, such as one of a clock that was set back"
        ),
        pytest.param("1.dump 2.dump.part", 5, "", "2.dump.part", id="what a killed run left"),
        pytest.param("0.sql 1.dump 2.dump", 1, "", "1.dump", id="what is no dump stays"),
    ],
)
def test_old_dumps_go(there: str, keep: int, spared: str, gone: str) -> None:
    assert dump.doomed(there.split(), keep, spared.split()) == gone.split()


def test_a_dump_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    layout = Layout("guestbook", tmp_path)
    with pytest.raises(DumpError, match="It has none"):
        dump.find(layout, "")
    layout.dumps.mkdir(parents=True)
    for name in ("2.dump", "1.dump", "3.dump.part"):
        (layout.dumps / name).touch()
    assert dump.find(layout, "1.dump") == layout.dumps / "1.dump"
    for wrong in ("../guestbook/1.dump", "3.dump.part", ""):
        with pytest.raises(DumpError, match=rf"no dump '{re.escape(wrong)}' of guestbook. It has 1.dump, 2.dump"):
            dump.find(layout, wrong)


def test_comments_on_extensions_are_not_put_back() -> None:
    contents = b"; x\n3; 0 0 COMMENT - EXTENSION pg_trgm \n4; 0 0 COMMENT public COLUMN a.b ada\n"
    assert dump._restorable(contents) == b"; x\n4; 0 0 COMMENT public COLUMN a.b ada\n"


def test_the_advice_is_a_command() -> None:
    assert dump.advice("") == ""
    assert dump.advice("1.dump").endswith("ansible-playbook restore.yml -e dump=1.dump")
