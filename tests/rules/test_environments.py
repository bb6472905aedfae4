"""What this repository ships for its environments fits together."""

from __future__ import annotations

import pytest

from rules.repository import ROOT, parse


@pytest.mark.parametrize("environment", ["sandbox", "staging", "production"])
def test_the_example_is_served_as_its_settings_say(environment: str) -> None:
    """It answers plain HTTP with a redirect to HTTPS, its health page too, unless SECURE or DEBUG say otherwise."""
    given = parse((ROOT / "group_vars" / environment / "guestbook.yml").read_text())
    settings = given["guestbook_settings"]
    secure = settings.get("SECURE", "false" if settings["DEBUG"] == "true" else "true")
    assert secure == ("false" if given["guestbook_tls"] is False else "true")
