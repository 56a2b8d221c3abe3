"""Flag, environment, file, default: which value is in force, and what is said about a wrong one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from rowgate.errors import ConfigurationError
from rowgate.project.fields import secret_fields, setting_fields
from rowgate.project.resolve import resolve
from rowgate.project.settings import ApiSettings, DatabaseSettings, Origin, RestSettings, ServerSettings

from .conftest import Resolve


def test_without_anything_every_setting_has_its_default(workdir: Path) -> None:
    settings = resolve(workdir, environ={})

    assert settings.api == ApiSettings()
    assert settings.db == DatabaseSettings()
    assert settings.server == ServerSettings()
    assert settings.project_id == workdir.name
    assert any("does not exist" in warning for warning in settings.warnings)


@pytest.mark.parametrize(
    ("text", "environ", "flags", "port", "source", "name"),
    [
        ("", {}, {}, 54321, "default", "default"),
        ("[api]\nport = 1001", {}, {}, 1001, "file", "supabase/config.toml"),
        ("[api]\nport = 1001\n[rowgate.api]\nport = 1002", {}, {}, 1002, "file", "supabase/config.toml"),
        ("[api]\nport = 1001", {"SUPABASE_API_PORT": "1003"}, {}, 1003, "environment", "SUPABASE_API_PORT"),
        (
            "[api]\nport = 1001",
            {"SUPABASE_API_PORT": "1003", "ROWGATE_API__PORT": "1004"},
            {},
            1004,
            "environment",
            "ROWGATE_API__PORT",
        ),
        ("[api]\nport = 1001", {"ROWGATE_API__PORT": "1004"}, {"api.port": 1005}, 1005, "flag", "--port"),
        ("[api]\nport = 1001", {}, {"api.port": None}, 1001, "file", "supabase/config.toml"),
    ],
)
def test_the_order_is_flag_environment_file_default(
    settings_of: Resolve,
    text: str,
    environ: dict[str, str],
    flags: dict[str, object],
    port: int,
    source: str,
    name: str,
) -> None:
    settings = settings_of(text, flags, **environ)

    assert settings.api.port == port
    assert settings.origins["api.port"] == Origin(source, name)  # type: ignore[arg-type]


def test_every_dotted_name_has_an_origin(settings_of: Resolve) -> None:
    origins = settings_of().origins

    expected = {field.dotted for field in (*setting_fields(), *secret_fields())} | {"project_id", "identity.issuers"}
    assert expected <= set(origins)


def test_every_setting_can_come_from_the_environment(settings_of: Resolve) -> None:
    samples = {"true or false": "true", "a list": '["a"]', "a table": '{"a": "b"}', "one of": None, "a path": "/p"}
    for field in setting_fields():
        sample = next((text for words, text in samples.items() if field.kind.expected.startswith(words)), "x")
        if sample is None:
            sample = field.kind.expected.split('"')[1]
        elif field.kind.expected.startswith(("a number", "a whole number")):
            sample = field.kind.expected.split(" from ")[1].split()[0]
        sample = {"server.services": "rest", "rest.openapi_server_proxy_uri": "https://x"}.get(field.dotted, sample)
        variable = f"ROWGATE_{field.section.upper()}__{field.name.upper()}"

        settings = settings_of("", **{variable: sample})

        assert settings.origins[field.dotted] == Origin("environment", variable), field.dotted


def test_rest_takes_its_defaults_from_api_as_upstream_does(settings_of: Resolve) -> None:
    settings = settings_of('[api]\nschemas = ["shop"]\nextra_search_path = ["shop", "ext"]\nmax_rows = 7')

    assert settings.rest.db_schemas == ("shop",)
    assert settings.rest.db_extra_search_path == ("shop", "ext")
    assert settings.rest.db_max_rows == 7
    assert settings.origins["rest.db_max_rows"].source == "file"


def test_rowgate_rest_overrides_api(settings_of: Resolve) -> None:
    settings = settings_of(
        '[api]\nschemas = ["shop"]\nmax_rows = 7\n[rowgate.rest]\ndb_schemas = ["x"]\ndb_max_rows = ""'
    )

    assert settings.rest.db_schemas == ("x",)
    assert settings.rest.db_max_rows is None
    assert settings.api.max_rows == 7


def test_an_empty_anonymous_role_switches_anonymous_access_off(settings_of: Resolve) -> None:
    assert settings_of('[rowgate.rest]\ndb_anon_role = ""').rest.db_anon_role is None


def test_lists_come_from_the_environment_by_commas_or_as_json(settings_of: Resolve) -> None:
    assert settings_of("", ROWGATE_REST__DB_SCHEMAS="a, b").rest.db_schemas == ("a", "b")
    assert settings_of("", ROWGATE_REST__DB_SCHEMAS='["a,b"]').rest.db_schemas == ("a,b",)


def test_app_settings_are_a_table(settings_of: Resolve) -> None:
    settings = settings_of('[rowgate.rest.app_settings]\njwt_hint = "x"\nregion = "eu"')

    assert settings.rest.app_settings == (("jwt_hint", "x"), ("region", "eu"))
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("text", "named", "value", "expected"),
    [
        ('[api]\nport = "54321"', "api.port", '"54321"', "a whole number from 0 to 65535"),
        ("[api]\nport = 70000", "api.port", "70000", "a whole number from 0 to 65535"),
        ("[api]\nport = true", "api.port", "true", "a whole number"),
        ("[api]\nport = 1.5", "api.port", "1.5", "a whole number"),
        ("[api]\nenabled = 1", "api.enabled", "1", "true or false"),
        ('[api]\nschemas = "public"', "api.schemas", '"public"', "a list of texts"),
        ("[api]\nschemas = [1]", "api.schemas", "[1]", "a list of texts"),
        ("[rowgate.db]\nstatement_timeout = inf", "db.statement_timeout", "inf", "a number"),
        ("[rowgate.db]\nstatement_timeout = nan", "db.statement_timeout", "nan", "a number"),
        ('[rowgate.db]\nsetup = "maybe"', "db.setup", '"maybe"', 'one of "auto", "never"'),
        ("[rowgate.rest]\ndb_schemas = 2020-01-01", "rest.db_schemas", "2020-01-01", "a list of texts"),
        ("api = 5", "api", "5", "a table"),
        ("[rowgate]\nissuers = 5", "rowgate.issuers", "5", "a list of tables"),
    ],
)
def test_a_wrong_type_names_the_setting_the_value_and_what_was_expected(
    settings_of: Resolve, text: str, named: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(text)

    assert named in caught.value.message
    assert value in caught.value.message
    assert expected in caught.value.message


def test_a_wrong_variable_is_named(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r'api.port: ROWGATE_API__PORT is "many"; expected a whole number'):
        settings_of("", ROWGATE_API__PORT="many")


def test_the_value_of_a_secret_setting_never_stands_in_an_error(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of('[rowgate.db]\nurl = ["postgresql://u:hunter2@h/d"]')

    assert "db.url" in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_malformed_toml_is_named_by_file_line_and_column(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r"config\.toml, line 2, column 8: Invalid value"):
        settings_of("[api]\nport = !\n")


def test_toml_that_ends_too_early_is_named_by_its_last_line(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match=r"config\.toml, line 2, column \d+: "):
        settings_of('[api]\nhost = "x')


def test_a_file_that_is_not_utf_8_is_refused_by_line(workdir: Path) -> None:
    (workdir / "supabase" / "config.toml").write_bytes(b'[api]\nhost = "\xff"')

    with pytest.raises(ConfigurationError, match=r"line 2: not UTF-8"):
        resolve(workdir, environ={})


def test_an_unknown_flag_is_a_slip_with_a_suggestion(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of("", {"api.prot": 1})

    assert caught.value.hint == 'Did you mean "api.port"?'


def test_an_unknown_variable_is_warned_about(settings_of: Resolve) -> None:
    settings = settings_of("", ROWGATE_API__PROT="1", ROWGATE_DEBUG="1")

    assert settings.warnings == (
        "WARN: unknown environment variable: ROWGATE_API__PROT. Did you mean ROWGATE_API__PORT?",
    )


def test_an_unknown_service_is_refused_with_a_suggestion(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of("", ROWGATE_SERVER__SERVICES="rset")

    assert caught.value.hint == 'Did you mean "rest"?'


def test_database_url_names_the_database(settings_of: Resolve) -> None:
    settings = settings_of("", DATABASE_URL="postgresql://h/d")

    assert settings.db.url == "postgresql://h/d"
    assert settings.origins["db.url"] == Origin("environment", "DATABASE_URL")


def test_rowgates_own_variable_wins_over_database_url(settings_of: Resolve) -> None:
    assert (
        settings_of("", DATABASE_URL="postgresql://h/a", ROWGATE_DB__URL="postgresql://h/b").db.url
        == "postgresql://h/b"
    )


def test_a_database_url_in_an_env_file_of_the_app_is_not_ours(settings_of: Resolve, workdir: Path) -> None:
    (workdir / ".env").write_text("DATABASE_URL=postgresql://production/d\n")

    assert settings_of().db.url is None


def test_postgres_binaries_come_from_rowgate_postgres_bin(settings_of: Resolve) -> None:
    assert settings_of("", ROWGATE_POSTGRES_BIN="/opt/pg/bin").db.bin_folder == Path("/opt/pg/bin")


def test_the_state_folder_can_lie_elsewhere(settings_of: Resolve, tmp_path: Path) -> None:
    settings = settings_of("", ROWGATE_STATE=str(tmp_path / "elsewhere"))

    assert settings.folders.state == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere" / "secrets.json").exists()


def test_settings_show_no_secret_in_their_repr(settings_of: Resolve) -> None:
    settings = settings_of("", ROWGATE_DB__URL="postgresql://u:hunter2@h/d")

    shown = repr(settings)
    assert "hunter2" not in shown
    for field in dataclasses.fields(settings.secrets):
        assert getattr(settings.secrets, field.name) not in shown


def test_rest_and_api_records_keep_their_shape_for_the_table_of_settings() -> None:
    assert {field.dotted for field in setting_fields() if field.section == "rest"} == {
        f"rest.{field.name}" for field in dataclasses.fields(RestSettings)
    }


def test_a_right_value_in_quotes_is_told_to_lose_them(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of('[api]\nport = "54321"')
    assert caught.value.hint == "Write port = 54321, without quotes."
    with pytest.raises(ConfigurationError) as caught:
        settings_of('[api]\nenabled = "false"')
    assert caught.value.hint == "Write enabled = false, without quotes."
    with pytest.raises(ConfigurationError) as caught:
        settings_of('[api]\nport = "high"')
    assert caught.value.hint == "See docs/configuration.md."
