"""Settings that stand in the database, laid over the others."""

from __future__ import annotations

import pytest

from rowgate.errors import ConfigurationError
from rowgate.project.database_config import DATABASE_NAMES, with_database_settings
from rowgate.project.settings import Origin

from .conftest import Resolve


def test_they_win_over_file_and_postgrests_variables(settings_of: Resolve) -> None:
    settings = settings_of("[rowgate.rest]\ndb_max_rows = 3", PGRST_DB_SCHEMAS="api")

    changed = with_database_settings(settings, {"db_max_rows": "5", "db_schemas": "a, b", "db_plan_enabled": "True"})

    assert (changed.rest.db_max_rows, changed.rest.db_schemas, changed.rest.db_plan_enabled) == (5, ("a", "b"), True)
    assert changed.origins["rest.db_max_rows"] == Origin("database", "pgrst.db_max_rows")
    assert with_database_settings(settings, {}) is settings


def test_flags_and_variables_of_ours_win_over_the_database(settings_of: Resolve) -> None:
    settings = settings_of("", ROWGATE_REST__DB_MAX_ROWS="3", ROWGATE_REST__ALLOW_PRIVILEGED_ROLES="false")

    assert with_database_settings(settings, {"db_max_rows": "5"}).rest.db_max_rows == 3


def test_an_empty_text_is_the_default_whatever_else_says(settings_of: Resolve) -> None:
    settings = settings_of("[rowgate.rest]\ndb_pre_request = 'f'", PGRST_DB_MAX_ROWS="4")

    changed = with_database_settings(settings, {"db_max_rows": "", "db_pre_request": "", "db_extra_search_path": ""})
    assert (changed.rest.db_max_rows, changed.rest.db_pre_request, changed.rest.db_extra_search_path) == (
        1000,
        None,
        (),
    )
    deployment = with_database_settings(settings_of("", PGRST_DB_URI="postgres://a@b/c"), {"db_max_rows": ""})
    assert deployment.rest.db_max_rows is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("db_max_rows", "many"),
        ("db_schemas", "pg_catalog"),
        ("db_tx_end", "maybe"),
        ("db_schemas", ","),
        ("openapi_server_proxy_uri", "https://a:b@c"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(settings_of: Resolve, key: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        with_database_settings(settings_of(), {key: text})


def test_the_database_names_no_file_of_this_machine(settings_of: Resolve) -> None:
    with pytest.raises(ConfigurationError, match="pgrst.jwt_secret"):  # noqa: RUF043
        with_database_settings(settings_of(), {"jwt_secret": "@/etc/hostname"})


def test_nothing_in_the_database_decides_who_is_privileged() -> None:
    assert "allow_privileged_roles" not in DATABASE_NAMES
    assert "jwt_roles" not in DATABASE_NAMES
