"""docs/graphql.md knows every error code of its own that the room can answer with, every setting there is, and what is
said beyond each bound."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from rowgate.project.settings import GraphQLSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "graphql.md").read_text()
SOURCE = "\n".join(path.read_text() for path in (ROOT / "src" / "rowgate" / "graphql").rglob("*.py"))
BOUND = re.compile(
    r'(?:GraphQLError|_refused)\(\s*f?"([^"]*(?:more than|greater than|exceeds|too much|too many|too deeply)[^"]*)"'
)
RAISED = re.compile(r'RestError\(\s*\d{3},\s*"(\w+)"')


def test_every_code_the_source_can_raise_is_documented_and_no_other() -> None:
    raised = set(RAISED.findall(SOURCE))
    assert len(raised) > 5
    table = PAGE.split("## Errors")[1].split("\n## ")[0]
    assert raised == set(re.findall(r"^\| `(\w+)` \| \d{3} \|", table, re.MULTILINE))


def test_every_setting_is_documented_and_no_other() -> None:
    table = PAGE.split("## Limits")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {each.name for each in fields(GraphQLSettings)}


def test_what_is_said_beyond_a_bound_is_documented() -> None:
    said = {re.sub(r"\{[^}]*\}", "…", words) for words in BOUND.findall(SOURCE)}
    assert len(said) > 7
    table = PAGE.split("## Limits")[1].split("\n## ")[0]
    assert said <= set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE))
