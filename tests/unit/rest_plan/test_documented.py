"""docs/rest.md knows every error code the source can raise and every setting there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from rowgate.project.settings import RestSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "rest.md").read_text()
ROOMS = (ROOT / "src" / "rowgate" / "rest", ROOT / "src" / "rowgate" / "postgrest")
SOURCE = "\n".join(path.read_text() for room in ROOMS for path in room.glob("*.py"))
RAISED = re.compile(r'"(PGRST\d{3})"|RestError\(\s*\d{3},\s*"(\w+)"')


def test_every_code_the_source_can_raise_is_documented_and_no_other() -> None:
    raised = {one or other for one, other in RAISED.findall(SOURCE)}
    documented = set(re.findall(r"^\| (PGRST\d{3}|\d{4}[\dA-Z]|[a-z_]+) \| \d{3}", PAGE, re.MULTILINE))
    assert len(raised) > 30
    assert raised == documented


def test_every_setting_is_documented_and_no_other() -> None:
    settings = PAGE.split("## Settings")[1].split("## Errors")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", settings, re.MULTILINE))
    assert documented == {field.name for field in fields(RestSettings)}
