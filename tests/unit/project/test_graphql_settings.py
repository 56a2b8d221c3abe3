"""What is served, which schemas that exposes, and who is shown GraphiQL."""

from __future__ import annotations

import pytest

from rowgate.project.graphiql import shows_graphiql

from .conftest import Resolve


def test_rest_and_graphql_are_served_unless_upstreams_switch_is_off(settings_of: Resolve) -> None:
    assert settings_of().served == ("rest", "graphql")
    assert settings_of("[api]\nenabled = false").served == ()
    assert settings_of("", {"server.services": "rest"}).served == ("rest",)


def test_a_deployment_of_postgrests_serves_graphql_where_it_is_asked_to(settings_of: Resolve) -> None:
    assert settings_of("", PGRST_DB_URI="postgresql://x").served == ("rest",)
    asked = settings_of("", PGRST_DB_URI="postgresql://x", ROWGATE_SERVER__SERVICES="rest,graphql")
    assert asked.served == ("rest", "graphql")


def test_graphql_exposes_the_search_path_and_rest_its_list(settings_of: Resolve) -> None:
    text = '[api]\nschemas = ["shop", "public"]\nextra_search_path = ["public", "extensions"]'
    assert settings_of(text).exposed_schemas == ("shop", "public", "extensions")
    assert settings_of(text, {"server.services": "rest"}).exposed_schemas == ("shop", "public")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", True),
        ('[rowgate.api]\nhost = "0.0.0.0"', False),
        ('[rowgate.api]\nhost = "localhost"', True),
        ('[api]\nexternal_url = "https://api.example.com"', False),
        ('[api]\nexternal_url = "http://127.0.0.1:54321"', True),
        ('[rowgate.rest]\nserver_unix_socket = "/tmp/x.sock"', False),
        ('[rowgate.graphql]\ngraphiql = "off"', False),
        ('[rowgate.graphql]\ngraphiql = "on"\n[rowgate.api]\nhost = "0.0.0.0"', True),
    ],
)
def test_graphiql_is_for_this_machine_unless_the_setting_says_otherwise(
    settings_of: Resolve, text: str, shown: bool
) -> None:
    assert shows_graphiql(settings_of(text)) is shown
