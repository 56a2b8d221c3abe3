"""Operations prepared for a real database and run there, without a server around them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg

from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.given import Json
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.prepared import Fixed, Prepared
from rowgate.graphql.reflection.reflect import reflect
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.schema import Schema
from rowgate.graphql.written import Hole, Parameter, Written
from rowgate.postgres.catalog.rights import read_rights, rights_statement
from rowgate.postgres.statement import Result
from tests.integration.rest.conftest import loaded_catalog


class Reader:
    """Asks a database as the user of its connection."""

    def __init__(self, connection: psycopg.Connection[Any], schema: Schema, limits: Limits) -> None:
        self._connection = connection
        self._plans = PlanCache(limits, prepare)
        self.schema = schema

    def prepared(self, query: str, variables: Mapping[str, Json] | None = None) -> Prepared:
        """An operation made ready."""
        return self._plans.ready(GraphQLRequest(query, None, dict(variables or {})), self.schema)

    def ask(self, query: str, variables: Mapping[str, Json] | None = None) -> dict[str, Any]:
        """The answer to an operation, whose keys are `data` and `errors` as the dialect has them."""
        ready = self.prepared(query, variables)
        answer: dict[str, Any] = {"errors": list(ready.errors)} if ready.errors else {}
        if ready.parts is None:
            return answer if ready.nothing_ran else {"data": None, **answer}
        try:
            with self._connection.transaction():
                rows = [self._row(each, variables or {}) for each in ready.statements]
        except psycopg.Error as error:
            return {"data": None, "errors": [error.diag.message_primary]}
        data = {
            part.key: json.loads(part.json if isinstance(part, Fixed) else rows[part.statement][part.column] or "null")
            for part in ready.parts
        }
        return {"data": data, **answer}

    def data(self, query: str, variables: Mapping[str, Json] | None = None) -> Any:
        """The data of an operation that has no errors."""
        answer = self.ask(query, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def _row(self, statement: Written, variables: Mapping[str, Json]) -> Sequence[str | None]:
        with psycopg.RawCursor(self._connection) as cursor:
            row = cursor.execute(statement.sql.encode(), [_filled(each, variables) for each in statement.parameters])
            return row.fetchone() or ()


def identifier(*parts: object) -> str:
    """A nodeId, or a cursor, that holds these."""
    return base64.b64encode(json.dumps(parts).encode()).decode()


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a page."""
    return [edge["node"] for edge in connection["edges"]]


def ids(music: Reader, arguments: str, variables: dict[str, Any] | None = None) -> list[int]:
    """The artists of music.sql that a connection with these arguments holds."""
    declared = "query($a: Int, $b: Int) " if variables else ""
    query = f"{declared}{{ artistCollection({arguments}) {{ edges {{ node {{ id }} }} }} }}"
    return [node["id"] for node in nodes(music.data(query, variables)["artistCollection"])]


def _filled(parameter: Parameter, variables: Mapping[str, Json]) -> str | None:
    value = parameter.fill(variables) if isinstance(parameter, Hole) else parameter
    return None if value is None else value.decode()


@contextmanager
def reader_of(url: str, limits: Limits | None = None) -> Iterator[Reader]:
    """A reader of a database whose only schema of interest is `public`."""
    catalog = loaded_catalog(url, ("public",), ("public",))
    asked = rights_statement(catalog.path.schemas)
    with psycopg.connect(url, autocommit=True) as connection:
        with psycopg.RawCursor(connection) as cursor:
            row = cursor.execute(asked.sql.encode(), [each and each.decode() for each in asked.parameters]).fetchone()
        assert row is not None
        rights = read_rights(Result(("json",), ((msgspec.json.encode(row[0]),),), "SELECT 1"))
        yield Reader(connection, schema_of(reflect(catalog, rights), 1), limits or Limits())
