"""Any operation, right or wrong, is SQL that Postgres takes: what it refuses are values, and a plan that was kept reads
what one made for the request reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.prepared import Prepared
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.written import Hole
from tests.integration.graphql.reading import Reader, reader_of
from tests.integration.rest.conftest import made_database
from tests.unit.graphql.operations import alike, operations

MUSIC = Path(__file__).with_name("music.sql").read_text()
LIMITS = Limits()
# Syntax, names, types, rows where one is wanted, and the server itself; the functions of music.sql raise none of these.
OURS = ("08", "21", "25", "26", "34", "42", "53", "54", "57", "58", "XX")
NO_OPERATOR = "42883"  # upstream offers `eq` of any type, and some have none: point


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, MUSIC) as made:
        yield made


@pytest.fixture(scope="module")
def connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url) as connection:
        yield connection


@pytest.fixture(scope="module")
def music(url: str) -> Iterator[Reader]:
    with reader_of(url) as reader:
        yield reader


def run(connection: psycopg.Connection[Any], ready: Prepared, variables: Mapping[str, Json]) -> list[Any]:
    """What the statements of an operation return, all undone again; last, where one failed, its message or SQLSTATE."""
    read: list[Any] = []
    try:
        with connection.transaction(force_rollback=True), psycopg.RawCursor(connection) as cursor:
            for each in ready.statements:
                filled = [one.fill(variables) if isinstance(one, Hole) else one for one in each.parameters]
                texts = [None if one is None else one.decode() for one in filled]
                columns = cursor.execute(each.sql.encode(), texts).fetchone() or ()
                read.append([None if column is None else json.loads(column) for column in columns])
    except GraphQLError as error:
        read.append(error.message)
    except psycopg.Error as error:
        read.append(error.sqlstate or "XX")
    return read


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_postgres_takes_any_operation(music: Reader, connection: psycopg.Connection[Any], data: st.DataObject) -> None:
    query, variables = data.draw(operations(music.schema))
    cache = PlanCache(LIMITS, prepare)
    for _ in range(2):
        request = GraphQLRequest(query, None, variables)
        kept, anew = cache.ready(request, music.schema), PlanCache(LIMITS, prepare).ready(request, music.schema)
        assert kept.errors == anew.errors
        read = run(connection, kept, variables)
        failure = str(read[-1]) if read else ""
        assert failure == NO_OPERATOR or not failure.startswith(OURS), [each.sql for each in kept.statements]
        assert read == run(connection, anew, variables)
        variables = data.draw(alike(variables))


def written(value: Json) -> str:
    """A value as a literal of the query language."""
    if isinstance(value, dict):
        return "{" + " ".join(f"{name}: {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ".join(map(written, value)) + "]"
    return json.dumps(value)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_value_is_the_same_as_a_literal_and_as_a_variable(
    music: Reader, connection: psycopg.Connection[Any], data: st.DataObject
) -> None:
    query, variables = data.draw(operations(music.schema))
    named = set(re.findall(r"\$(v\d+)", query))
    # A text that no UTF-8 has cannot be written out, and one that no Postgres has is found out at different times.
    assume(named <= variables.keys() and not re.search(r"\\ud800|\\u0000", json.dumps(variables)))
    literal = re.sub(r"\$(v\d+)", lambda found: written(variables[found[1]]), query)
    one, other = (
        PlanCache(LIMITS, prepare).ready(GraphQLRequest(text, None, values), music.schema)
        for text, values in ((query, variables), (literal, {}))
    )
    # Fields are merged by what is written, and what is no boolean skips nothing only where it is written out.
    assume(not any(each.endswith(("have different arguments", "directive is required")) for each in one.errors))
    assert one.errors == other.errors, literal
    read, again = run(connection, one, variables), run(connection, other, {})
    if _failed(read) and _failed(again):  # of two errors in one statement either may be met first
        return
    assert read == again, literal


def _failed(read: list[Any]) -> bool:
    return bool(read) and isinstance(read[-1], str)
