from __future__ import annotations

import configparser
from collections.abc import Callable

Render = Callable[..., str]


def test_pip_reads_what_was_said_and_nothing_else(render: Render) -> None:
    said = {"index-url": "https://pypi.example.org/simple", "no-index": "true"}
    read = configparser.RawConfigParser()
    read.read_string(render("builder", "pip.conf.j2", builder_pip=said))
    assert {section: dict(read[section]) for section in read.sections()} == {"global": said}
    read.read_string(render("builder", "pip.conf.j2", builder_pip={}))
