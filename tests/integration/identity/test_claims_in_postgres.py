"""What the verifier lets through, Postgres' jsonb can hold; what it cannot hold, the verifier refuses."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rowgate.identity.strict_json import NESTING_LIMIT, NotStrict, read_object


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def representable(value: str) -> bool:
    try:
        return read_object(f'{{"x":{value}}}'.encode()).flaw is None
    except NotStrict:
        return False


def holds(connection: psycopg.Connection, value: str) -> bool:
    try:
        connection.execute("select (%s::text::jsonb) ->> 'x'", (f'{{"x":{value}}}',))
    except psycopg.errors.DataError:
        return False
    return True


@pytest.mark.parametrize(
    "value",
    [
        "1e131071", "1e131072", "9.9e131071", "123e131070", "1e-16383", "1e-16384", "-1e131071", "0e-20000",
        "1e400000", "1e99999999", "9" * 5000, "1." + "1" * 5000, "1E+5", "1e05", "-0", "01", "1.", ".5", "+1", "NaN",
        r'"\u0000"', r'"\ud800"', r'"\ud83d\ude00"', r'"\ude00\ud83d"', r'"\ud83dx"', r'"\ud83d\n"', r'"\u00e9\/"',
        r'"\x"', "[" * (NESTING_LIMIT - 1) + "]" * (NESTING_LIMIT - 1), "[1,]", "'x'", "true", "nul",
    ],
    ids=lambda value: value[:16].encode("unicode_escape").decode(),
)  # fmt: skip
def test_the_limits_are_those_of_postgres(connection: psycopg.Connection, value: str) -> None:
    assert representable(value) == holds(connection, value)


number = st.from_regex(r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,7})?", fullmatch=True)
escape = st.from_regex(r'"(\\u[0-9a-fA-F]{4}|\\n|a){0,6}"', fullmatch=True)


@given(number | escape)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_postgres_cannot_hold_passes(connection: psycopg.Connection, value: str) -> None:
    if representable(value):
        assert holds(connection, value)
