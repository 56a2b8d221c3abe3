"""Global identifiers: base64 of the JSON array of a schema, a table and the values of its key."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from rowgate.graphql.entities import Table
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given, Input, Json, Trace
from rowgate.graphql.operator_sql import operator_sql
from rowgate.graphql.rendering import array, text
from rowgate.graphql.tree import KeyGiven
from rowgate.graphql.written import Writer
from rowgate.postgres.quoting import identifier, literal

# A number stays the text it is: a numeric has more digits than a float.
JSON = msgspec.json.Decoder(float_hook=str)


Target: TypeAlias = tuple[str, str, int]
"""What a plan depends on of a nodeId: the schema and the table that it names, and how many values it has."""


def read_node_id(given: Input, trace: Trace) -> tuple[Given, Target]:
    """The table that a nodeId leads to, on which the plan then depends.

    Raises GraphQLError for what is no nodeId, in pg_graphql's words.
    """
    if not isinstance(given, Given) or not isinstance(given.value, str):
        raise GraphQLError("Invalid value passed to nodeId argument, Error 1")
    trace.pin(given, target)
    found = target(given.value)
    if isinstance(found, str):
        raise GraphQLError(f"Invalid value passed to nodeId argument. Error {found}")
    return given, found


def target(value: Json) -> Target | str:
    """Where a nodeId leads; pg_graphql's number for what is wrong with it where it leads nowhere."""
    try:
        decoded = b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return "2"
    try:
        written = decoded.decode()
    except UnicodeDecodeError:
        return "3"
    try:
        parts = JSON.decode(written)
    except (msgspec.DecodeError, RecursionError):
        return "4"
    if not isinstance(parts, list):
        return "10"
    if len(parts) < 3:
        return "5"
    schema, table, *values = parts
    if not isinstance(schema, str):
        return "6"
    return (schema, table, len(values)) if isinstance(table, str) else "7"


class KeyValue(msgspec.Struct, frozen=True):
    """One of the values of a nodeId, as a parameter."""

    index: int

    def __call__(self, value: Json) -> bytes | None:
        parts: list[Any] = JSON.decode(b64decode(value))
        return json_text(parts[2 + self.index])


def json_text(value: Json) -> bytes | None:
    """A value out of an identifier or a cursor as a parameter; a list is the array that it was made from.

    A whole number keeps all its digits, unlike a client's own, which upstream makes a float of.
    """
    if type(value) is int:
        return b"%d" % value
    return array(value) if isinstance(value, list) else text(value)


def key_condition(plan: KeyGiven, block: str, writer: Writer) -> str:
    """The key of a block's row is the nodeId's."""
    return " and ".join(
        f"{block}.{identifier(column.name)} {operator_sql('=', column)} "
        f"{writer.parameter(plan.given, KeyValue(index))}::{column.sql_type}"
        for index, column in enumerate(plan.table.key[: plan.size])
    )


def node_id_sql(table: Table, block: str) -> str:
    """The nodeId of a block's row."""
    key = [f"{block}.{identifier(column.name)}" for column in table.key]
    return base64_sql((literal(table.schema), literal(table.name), *key))


def base64_sql(elements: Iterable[str]) -> str:
    """Base64 of a JSON array's text, in one line. The spaces are jsonb's: clients hold on to what they once got."""
    array = f"pg_catalog.jsonb_build_array({', '.join(elements)})"
    encoded = f"pg_catalog.encode(pg_catalog.convert_to({array}::text, 'utf-8'), 'base64')"
    return f"pg_catalog.translate({encoded}, e'\\n', '')"
