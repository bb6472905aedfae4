"""What holds for the text of every file: pure functions from a text to what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

LONGEST = 250
PRIVATE = {
    "an AWS key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a GitHub token": r"\bgh[pousr]_[0-9A-Za-z]{36}\b",
    "a password in a URL": r"\b[a-z+]+://[\w.-]+:[^@\s/{}<$\"']+@(?!host\b|127\.|[\w.-]*\bexample\b)",
}
VAULT_NAME = re.compile(r"\bvault_[a-z0-9_]+\b")
# `name: "{{ vault_name }}"`, or folded over lines; mandatory('…') says what to type where the secret is not set
HANDED_ON = re.compile(r"""[\w-]+: (?:"|>-\s+)\{\{ (vault_[a-z0-9_]+)(?:\s+\| mandatory\([^)]*\))? \}\}""")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def too_long(text: str) -> str:
    count = len(text.splitlines())
    return f"has {count} lines, {LONGEST} are allowed" if count > LONGEST else ""


def private_words(text: str) -> list[str]:
    return [f"holds what looks like {what}" for what, pattern in PRIVATE.items() if re.search(pattern, text)]


def code(text: str) -> str:
    """Give a YAML text or a template without its comment lines."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def secrets_not_just_handed_on(text: str) -> list[str]:
    """Find uses of a vault_ variable that are more than handing it on."""
    handed_on = HANDED_ON.findall(code(text))
    otherwise = VAULT_NAME.findall(HANDED_ON.sub("", code(text)))
    again = [name for name, count in Counter(handed_on).items() if count > 1]
    return [f"{name} is to be handed on once, plainly" for name in sorted({*otherwise, *again})]


def used_twice(texts: dict[str, str]) -> list[str]:
    """Find vault_ variables that several files of one scope use."""
    uses = Counter((path.split("/")[1], name) for path, text in texts.items() for name in set(VAULT_NAME.findall(code(text))))
    return [f"{name} is used in several files of group_vars/{scope}" for (scope, name), count in uses.items() if count > 1]


def anchors(markdown: str) -> set[str]:
    """Give the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(markdown: str, read: Callable[[str], str | None]) -> Iterator[str]:
    """Find links into the repository that lead nowhere; `read` gives a file's text, or None where there is no file."""
    for target in LINK.findall(markdown):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        text = read(path) if path else markdown
        if text is None or (anchor and anchor not in anchors(text)):
            yield f"links to {target}, which is not there"
