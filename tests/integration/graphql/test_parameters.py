"""What is rendered for Postgres is what Postgres reads: any text, number or list, whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import pq

from rowgate.graphql.entities import EnumKind
from rowgate.graphql.given import Json
from rowgate.graphql.rendering import array, render_of, text

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["NULL", "null", "", " ", "{}", '"', "\\", ",", "{a,b}", "'; drop table x; --", "$1"]
)
REPEATED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        yield connection


def read_back(connection: psycopg.Connection, sql_type: str, parameter: bytes | None) -> Json:
    """A text parameter as Postgres reads it for a type, as JSON."""
    result = connection.pgconn.exec_params(f"select to_json($1::{sql_type})::text".encode(), [parameter])
    assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
    value = result.get_value(0, 0)
    return None if value is None else json.loads(value)


@given(value=st.none() | TEXTS)
@REPEATED
def test_any_text(connection: psycopg.Connection, value: str | None) -> None:
    assert read_back(connection, "text", text(value)) == value


@given(values=st.lists(st.none() | TEXTS, max_size=6))
@REPEATED
def test_any_list_of_texts(connection: psycopg.Connection, values: list[str | None]) -> None:
    assert read_back(connection, "text[]", array(values)) == values


@given(value=st.floats(allow_nan=False, allow_infinity=False))
@REPEATED
def test_any_float(connection: psycopg.Connection, value: float) -> None:
    assert read_back(connection, "float8", text(value)) == value


@given(values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.booleans(), max_size=6))
@REPEATED
def test_any_list_of_whole_numbers_and_booleans(connection: psycopg.Connection, values: list[Json]) -> None:
    spelled = [each if each is None else str(each).lower() for each in values]
    assert read_back(connection, "text[]", array(values)) == spelled


@given(labels=st.lists(TEXTS, min_size=1, max_size=4, unique=True))
@REPEATED
def test_the_labels_of_any_enum(connection: psycopg.Connection, labels: list[str]) -> None:
    mapped = tuple((label, f"VALUE_{number}") for number, label in enumerate(labels))
    values = [value for _, value in mapped]
    kind = EnumKind("public", "e", "E", mapped, mapped=True)
    assert [read_back(connection, "text", render_of(kind)(each)) for each in values] == labels
    assert read_back(connection, "text[]", render_of(kind, several=True)(values)) == labels
