"""PostgREST's own variables and file, read as PostgREST reads them, and in their place between the others."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowgate.cli.config import shown_settings
from rowgate.errors import ConfigurationError
from rowgate.project.fields import setting_fields
from rowgate.project.postgrest import DEPLOYMENT_DEFAULTS, POSTGREST_SETTINGS
from rowgate.project.postgrest_file import parse_postgrest_file
from rowgate.project.resolve import resolve
from rowgate.project.settings import Origin

from .conftest import Resolve

URI = "postgres://authenticator:s3cret@db/app"


def test_every_row_names_a_setting_there_is_or_says_why_there_is_none() -> None:
    dotted = {field.dotted for field in setting_fields()}

    for one in POSTGREST_SETTINGS:
        assert one.dotted in dotted if one.dotted is not None else one.note
    assert set(DEPLOYMENT_DEFAULTS) <= dotted


@pytest.mark.parametrize(
    ("variable", "text", "dotted", "value"),
    [
        ("PGRST_DB_URI", URI, "db.url", URI),
        ("PGRST_DB_SCHEMAS", "api, tenants ,public", "rest.db_schemas", ("api", "tenants", "public")),
        ("PGRST_DB_SCHEMA", "api", "rest.db_schemas", ("api",)),
        ("PGRST_DB_SCHEMAS", '["odd"]', "rest.db_schemas", ('["odd"]',)),
        ("PGRST_DB_EXTRA_SEARCH_PATH", "", "rest.db_extra_search_path", ()),
        ("PGRST_DB_ANON_ROLE", "web_anon", "rest.db_anon_role", "web_anon"),
        ("PGRST_DB_MAX_ROWS", "50", "rest.db_max_rows", 50),
        ("PGRST_MAX_ROWS", "50", "rest.db_max_rows", 50),
        ("PGRST_DB_PLAN_ENABLED", "True", "rest.db_plan_enabled", True),
        ("PGRST_DB_PLAN_ENABLED", '"true"', "rest.db_plan_enabled", True),
        ("PGRST_DB_PLAN_ENABLED", "2", "rest.db_plan_enabled", True),
        ("PGRST_DB_PREPARED_STATEMENTS", "0", "db.prepared_statements", False),
        ("PGRST_DB_POOL", "3", "db.pool_size", 3),
        ("PGRST_DB_POOL_ACQUISITION_TIMEOUT", "4", "db.acquire_timeout", 4.0),
        ("PGRST_DB_TX_END", "rollback-allow-override", "rest.db_tx_end", "rollback-allow-override"),
        ("PGRST_JWT_SECRET", '{"keys":[]}', "rest.jwt_secret", '{"keys":[]}'),
        ("PGRST_JWT_SECRET_IS_BASE64", "yes-true", "rest.jwt_secret_is_base64", None),
        ("PGRST_ROLE_CLAIM_KEY", ".a.b", "rest.jwt_role_claim_key", ".a.b"),
        ("PGRST_LOG_LEVEL", "crit", "server.log_level", "error"),
        ("PGRST_LOG_LEVEL", "warn", "server.log_level", "warning"),
        ("PGRST_SERVER_HOST", "*6", "api.host", "::"),
        ("PGRST_SERVER_HOST", "127.0.0.1", "api.host", "127.0.0.1"),
        ("PGRST_SERVER_PORT", "8080", "api.port", 8080),
        ("PGRST_ADMIN_SERVER_PORT", "3001", "rest.admin_server_port", 3001),
        ("PGRST_SERVER_UNIX_SOCKET", "/tmp/pgrst.sock", "rest.server_unix_socket", Path("/tmp/pgrst.sock")),
    ],
)
def test_a_variable_is_read_as_postgrest_reads_it(
    settings_of: Resolve, variable: str, text: str, dotted: str, value: object
) -> None:
    if value is None:
        with pytest.raises(ConfigurationError) as caught:
            settings_of("", **{variable: text})
        assert variable in caught.value.message
        return
    settings = settings_of("", **{variable: text})
    section, _, name = dotted.partition(".")

    assert getattr(getattr(settings, section), name) == value
    assert settings.origins[dotted] == Origin("environment", variable)


def test_an_empty_variable_counts_as_unset(settings_of: Resolve) -> None:
    names = ("PGRST_DB_ANON_ROLE", "PGRST_DB_SCHEMAS", "PGRST_SERVER_PORT", "PGRST_DB_URI", "PGRST_JWT_SECRET")

    assert settings_of("", **dict.fromkeys(names, "")) == settings_of("")


def test_a_value_that_does_not_fit_is_named_and_a_secret_one_is_not_shown(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match='PGRST_DB_POOL is "many"'):
        settings_of("", PGRST_DB_POOL="many")
    with pytest.raises(ConfigurationError) as caught:
        settings_of("", PGRST_DB_URI="postgres://a:s3cret@h\0")
    assert "s3cret" not in caught.value.message


def test_the_order_is_ours_postgrests_further_variables_file(settings_of: Resolve) -> None:
    file = "[api]\nport = 1001\n"
    further = {"SUPABASE_API_PORT": "1002"}
    postgrests = {**further, "PGRST_SERVER_PORT": "1003"}

    assert settings_of(file, **postgrests).api.port == 1003
    assert settings_of(file, ROWGATE_API__PORT="1004", **postgrests).api.port == 1004
    assert settings_of(file, {"api.port": 1005}, ROWGATE_API__PORT="1004", **postgrests).api.port == 1005
    assert settings_of("", DATABASE_URL="postgres://other/", PGRST_DB_URI=URI).db.url == URI


def test_they_are_not_read_from_a_dotenv_file(workdir: Path) -> None:
    """PostgREST does not either; an app's `.env` may describe another deployment."""
    (workdir / ".env").write_text(f"PGRST_DB_URI={URI}\nPGRST_DB_MAX_ROWS=3\n")

    settings = resolve(workdir, environ={})
    assert (settings.db.url, settings.rest.db_max_rows, settings.postgrest) == (None, 1000, False)


def test_a_database_of_postgrests_makes_a_deployment_of_postgrests(settings_of: Resolve) -> None:
    settings = settings_of("", PGRST_DB_URI=URI)

    assert settings.postgrest
    assert (settings.api.host, settings.api.port) == ("0.0.0.0", 3000)
    assert (settings.db.setup, settings.db.statement_timeout) == ("never", 0)
    assert (settings.rest.db_anon_role, settings.rest.db_max_rows, settings.rest.at_root) == (None, None, True)
    assert settings.rest.db_extra_search_path == ("public",)
    assert settings.origins["api.port"] == Origin("default", "PostgREST's default")
    changed = settings_of("[api]\nport = 4\n[rowgate.db]\nsetup = 'auto'", PGRST_DB_URI=URI, ROWGATE_REST__AT_ROOT="0")
    assert (changed.api.port, changed.db.setup, changed.rest.at_root) == (4, "auto", False)


def test_other_variables_of_postgrests_leave_a_project_what_it_is(settings_of: Resolve) -> None:
    settings = settings_of("", PGRST_DB_MAX_ROWS="7", PGRST_JWT_SECRET="x" * 32)

    assert settings.rest.db_max_rows == 7
    assert (settings.postgrest, settings.rest.at_root, settings.db.url, settings.api.port) == (
        False,
        False,
        None,
        54321,
    )


def test_app_settings_keep_the_letters_they_are_written_with(settings_of: Resolve) -> None:
    settings = settings_of("", PGRST_APP_SETTINGS_jwt_secret="a", PGRST_APP_SETTINGS_FOO="b")

    assert dict(settings.rest.app_settings) == {"app.settings.jwt_secret": "a", "app.settings.FOO": "b"}
    assert shown_settings(settings)["rest.app_settings"][1:] == ("environment", "PGRST_APP_SETTINGS_*")


def test_a_value_behind_an_at_sign_stands_in_a_file(settings_of: Resolve, tmp_path: Path) -> None:
    (tmp_path / "uri").write_text(f"  {URI}\n")
    (tmp_path / "secret").write_text("a secret of more than 32 characters \n")

    settings = settings_of("", PGRST_DB_URI=f"@{tmp_path}/uri", PGRST_JWT_SECRET=f"@{tmp_path}/secret")

    assert settings.db.url == URI
    assert settings.rest.jwt_secret == "a secret of more than 32 characters "
    with pytest.raises(ConfigurationError, match=r"rest\.jwt_secret begins with @.* cannot be read: No such file"):
        settings_of("", PGRST_JWT_SECRET=f"@{tmp_path}/absent")


@pytest.mark.parametrize("variable", ["PGRST_JWT_SECRET", "PGRST_DB_URI"])
def test_a_secret_that_begins_with_an_at_sign_is_not_shown_as_a_file(settings_of: Resolve, variable: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of("", **{variable: "@" + "s3cret" * 8})
    assert "s3cret" not in caught.value.message + (caught.value.hint or "")


def test_no_secret_shows(settings_of: Resolve) -> None:
    settings = settings_of("", PGRST_DB_URI=URI, PGRST_JWT_SECRET="x" * 40, PGRST_APP_SETTINGS_KEY="y" * 40)

    shown = repr(settings) + repr(shown_settings(settings))
    for secret in ("s3cret", "x" * 40, "y" * 40):
        assert secret not in shown


@pytest.mark.parametrize("schema", ["pg_catalog", "information_schema"])
def test_the_catalogs_own_schemas_are_never_exposed(settings_of: Resolve, schema: str) -> None:
    with pytest.raises(ConfigurationError, match=schema):
        settings_of("", PGRST_DB_SCHEMAS=f"api,{schema}")


def test_the_admin_server_has_a_port_of_its_own(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match="admin_server_port"):
        settings_of("", PGRST_SERVER_PORT="3000", PGRST_ADMIN_SERVER_PORT="3000")


def test_a_slip_in_a_name_is_pointed_out(settings_of: Resolve) -> None:
    (warning,) = settings_of("", PGRST_DB_PLAN_ENABLE="true").warnings

    assert warning == "WARN: unknown environment variable: PGRST_DB_PLAN_ENABLE. Did you mean PGRST_DB_PLAN_ENABLED?"


def test_postgrests_names_stand_below_rowgate_rest_too(settings_of: Resolve) -> None:
    text = "[rowgate.rest]\ndb_pool = 4\nlog_level = 'crit'\nserver_port = 8001\ndb_pool_max_lifetime = 5"
    settings = settings_of(text)

    assert (settings.db.pool_size, settings.server.log_level, settings.api.port) == (4, "error", 8001)
    assert settings.warnings == ()


FILE = r"""
# A deployment's file.
db-uri = "postgres://authenticator@db/app"   # with a comment
db-schemas = "api, public"
db-anon-role="$(PREFIX)anon"
server-port = 3005
db-plan-enabled = true
jwt-secret = "with \"quotes\" and one $$ sign, long enough"
app.settings.greeting = "hello"
"""


def test_postgrests_file_is_read(workdir: Path) -> None:
    path = workdir / "postgrest.conf"
    path.write_text(FILE)

    settings = resolve(workdir, environ={"PREFIX": "web_", "PGRST_SERVER_PORT": "3006"}, postgrest_config=path)

    assert settings.postgrest
    assert settings.db.url == "postgres://authenticator@db/app"
    assert (settings.rest.db_schemas, settings.rest.db_anon_role) == (("api", "public"), "web_anon")
    assert (settings.api.port, settings.rest.db_plan_enabled) == (3006, True)
    assert settings.rest.jwt_secret == 'with "quotes" and one $ sign, long enough'
    assert dict(settings.rest.app_settings) == {"app.settings.greeting": "hello"}
    assert settings.origins["rest.db_schemas"] == Origin("file", str(path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("db-uri", "expected ="),
        ("db-uri = postgres", "double quotes"),
        ('\n\njwt-secret = "one $ alone"', "line 3"),
        ('jwt-secret = "$(NOT_SET)"', "NOT_SET"),
        ('a = "x" b = "y"', "end of the line"),
        ("= 4", "name = value"),
    ],
)
def test_a_malformed_file_is_named_by_its_line_and_not_quoted(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_postgrest_file(text, "p.conf", {})

    assert words in caught.value.message
    assert text.strip() not in caught.value.message


def test_a_file_that_is_not_there_is_named(workdir: Path) -> None:
    with pytest.raises(ConfigurationError, match="absent"):
        resolve(workdir, environ={}, postgrest_config=workdir / "absent.conf")


@given(text=st.text() | st.text(alphabet='ab-="$()\\\n# 01u'))
def test_any_file_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        assert all(isinstance(value, str) for value in parse_postgrest_file(text, "p.conf", {"a": "b"}).values())
