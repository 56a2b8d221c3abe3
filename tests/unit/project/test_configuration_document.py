"""docs/configuration.md and the settings agree, both ways."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from rowgate.project.fields import SettingField, project_id_field, secret_fields, setting_fields
from rowgate.project.issuers import TOKEN_CLASSES
from rowgate.project.postgrest import DEPLOYMENT_DEFAULTS, POSTGREST_SETTINGS, variable_of
from rowgate.project.settings import IssuerSettings
from rowgate.project.third_party import THIRD_PARTIES

TEXT = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
FIELDS = (project_id_field(), *setting_fields(), *secret_fields())


def rows(heading: str) -> list[list[str]]:
    """The cells of every table whose first column has that heading."""
    found: list[list[str]] = []
    inside = False
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[0] == heading:
            inside = True
        elif inside and not cells[0].startswith("---"):
            found.append(cells)
    return found


def written(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def expected_row(field: SettingField) -> list[str]:
    default = written(field.default)
    if field in secret_fields():
        default = "generated"
    elif field == project_id_field():
        default = "the folder's name"
    variables = ", ".join(f"`{name}`" for name in field.variables)
    return [f"`{field.dotted}`", field.kind.expected, default, variables, f"`{field.flag}`" if field.flag else "–"]


def test_every_setting_is_documented_with_type_default_variables_and_flag() -> None:
    documented = {row[0]: row for row in rows("setting")}

    for field in FIELDS:
        row = documented.get(f"`{field.dotted}`")
        assert row is not None, f"{field.dotted} is missing"
        assert row[:5] == expected_row(field)
        assert row[5], f"{field.dotted} says nothing about what it does"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert {row[0] for row in rows("setting")} == {f"`{field.dotted}`" for field in FIELDS}
    assert len(rows("setting")) == len(FIELDS)


def test_every_key_of_an_issuer_is_documented_and_no_other() -> None:
    assert [row[0] for row in rows("key")] == [f"`{field.name}`" for field in dataclasses.fields(IssuerSettings)]


def test_every_third_party_section_is_documented_and_no_other() -> None:
    documented = {row[0]: row[1] for row in rows("section")}

    assert documented == {f"`{party.section}`": ", ".join(f"`{key}`" for key in party.keys) for party in THIRD_PARTIES}


def test_every_token_class_is_named() -> None:
    (row,) = (row for row in rows("key") if row[0] == "`token_classes`")

    assert set(re.findall(r"`(\w+)`", row[3])) == set(TOKEN_CLASSES)


def test_every_setting_of_postgrests_has_a_verdict_in_the_documentation_and_no_other_has() -> None:
    documented = {row[0]: row for row in rows("variable") if row[0].startswith("`PGRST_")}
    del documented["`PGRST_APP_SETTINGS_<NAME>`"]

    assert set(documented) == {", ".join(f"`{variable_of(name)}`" for name in one.names) for one in POSTGREST_SETTINGS}
    for one in POSTGREST_SETTINGS:
        row = documented[", ".join(f"`{variable_of(name)}`" for name in one.names)]
        here = f"`{one.dotted}`" if one.dotted else "no effect"
        assert row[1] == (f"{here}: {one.note}" if one.note else here)
        assert row[2] == (f"`pgrst.{one.key}`" if one.in_database else "–")


def test_every_default_of_a_postgrest_deployment_is_documented_and_no_other() -> None:
    assert [row[0] for row in rows("default")] == [f"`{name}`" for name in DEPLOYMENT_DEFAULTS]
