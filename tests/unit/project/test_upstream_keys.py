"""config.toml as upstream writes it, in both dialects: known keys are silent, unknown ones are warned about once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Resolve

DIALECTS = {name: (Path(__file__).parent / "upstream" / f"{name}.toml").read_text() for name in ("go", "typescript")}


@pytest.mark.parametrize("text", DIALECTS.values(), ids=DIALECTS)
def test_both_dialects_are_read_without_a_warning(settings_of: Resolve, text: str) -> None:
    assert settings_of(text).warnings == ()


def test_what_upstream_sets_arrives(settings_of: Resolve) -> None:
    settings = settings_of(DIALECTS["go"])

    assert settings.project_id == "go-project"
    assert settings.db.seed_paths == ("./seed.sql",)
    assert settings.rest.db_schemas == ("public", "graphql_public")
    assert settings_of(DIALECTS["typescript"]).db.seed_paths == ("./data.sql",)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[api]\nprot = 1", 'WARN: unknown config key: api.prot. Did you mean "api.port"?'),
        ("[quantum]\na = 1\nb = 2\n[quantum.c]\nd = 3", "WARN: unknown config key: quantum."),
        ('[auth.third_party.okta]\nenabled = true\ndomain = "x"', "WARN: unknown config key: auth.third_party.okta."),
        (
            "[rowgate.rest]\ndb_schema = 1",
            'WARN: unknown config key: rowgate.rest.db_schema. Did you mean "rowgate.rest.db_schemas"?',
        ),
        ("[rowgate.sever]\nworkers = 2", 'WARN: unknown config key: rowgate.sever. Did you mean "rowgate.server"?'),
        (
            "[functions.hello]\nverify_jw = true",
            'WARN: unknown config key: functions.hello.verify_jw. Did you mean "functions.hello.verify_jwt"?',
        ),
        ('"\\u001b[31m" = 1', "WARN: unknown config key: '\\x1b[31m'."),
    ],
)
def test_an_unknown_key_is_warned_about_once_and_starts(settings_of: Resolve, text: str, warning: str) -> None:
    assert settings_of(text).warnings == (warning,)
