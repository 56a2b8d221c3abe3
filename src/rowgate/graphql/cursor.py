"""Cursors: base64 of the JSON array of what the rows are sorted by, the key last; and the pages they cut."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given, Json, Trace
from rowgate.graphql.node_id import JSON, base64_sql, json_text
from rowgate.graphql.operator_sql import operator_sql
from rowgate.graphql.tree import Cursor, Ordering
from rowgate.graphql.written import Writer
from rowgate.postgres.quoting import identifier


def read_cursor(given: Given, trace: Trace) -> Cursor:
    """A cursor; the plan then depends on which of its values are null.

    Raises GraphQLError for what is none, in pg_graphql's words.
    """
    trace.pin(given, nulls)
    found = nulls(given.value)
    if isinstance(found, str):
        raise GraphQLError(f"Failed to decode cursor, error {found}")
    return Cursor(given, found)


def nulls(value: Json) -> tuple[bool, ...] | str:
    """Which of a cursor's values are null; pg_graphql's number for what is wrong with it where it is none."""
    try:
        decoded = b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return "1"
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return "2"
    try:
        elements = JSON.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return "3"
    return tuple(each is None for each in elements) if isinstance(elements, list) else "4"


class CursorValue(msgspec.Struct, frozen=True):
    """One of the values of a cursor, as a parameter."""

    index: int

    def __call__(self, value: Json) -> bytes | None:
        elements: list[Any] = JSON.decode(b64decode(value))
        return json_text(elements[self.index])


def cursor_sql(order: Sequence[Ordering], block: str) -> str:
    """The cursor of a block's row."""
    return base64_sql(f"pg_catalog.to_jsonb({block}.{identifier(each.column.name)})" for each in order)


Term: TypeAlias = tuple[Ordering, str, str | None]
"""What rows are sorted by, the column of a block, and the cursor's value for it as SQL; None: null."""


class Bounds:
    """The conditions that a cursor puts on a block's rows; both use the same parameters."""

    def __init__(self, cursor: Cursor, order: Sequence[Ordering], block: str, writer: Writer) -> None:
        if len(cursor.nulls) > len(order):
            raise GraphQLError("orderBy clause incompatible with pagination cursor")
        self._terms = [
            (
                each,
                f"{block}.{identifier(each.column.name)}",
                None if null else f"{writer.parameter(cursor.given, CursorValue(index))}::{each.column.sql_type}",
            )
            for index, (each, null) in enumerate(zip(order, cursor.nulls, strict=False))
        ]

    def beyond(self) -> str:
        """The rows that come after the cursor in the order."""
        return _past(self._terms, itself=False)

    def before(self) -> str:
        """All the others: those that come before it, and its own."""
        return _past([(each.reversed, column, value) for each, column, value in self._terms], itself=True)


def _past(terms: Sequence[Term], *, itself: bool) -> str:
    """Rows past the values. As a row comparison where one says it, since that is a range of an index; else level by
    level, with the first level's range in front, which is one as well."""
    if not terms:
        return "true" if itself else "false"
    descending = terms[0][0].descending
    if all(each.column.not_null and each.descending == descending and value is not None for each, _, value in terms):
        symbol = ("<" if descending else ">") + ("=" if itself else "")
        operator = operator_sql(symbol, *(each.column for each, _, _ in terms))
        columns, values = ", ".join(column for _, column, _ in terms), ", ".join(value or "" for _, _, value in terms)
        return f"({columns}) {operator} ({values})" if len(terms) > 1 else f"{columns} {operator} {values}"
    (each, column, value), rest = terms[0], terms[1:]
    symbol = "<" if each.descending else ">"
    operator, equals = operator_sql(symbol, each.column), operator_sql("=", each.column)
    if value is None:
        past = f"{column} is not null" if each.nulls_first else "false"
        same = f"{column} is null"
    elif each.nulls_first or each.column.not_null:
        past = f"{column} {operator} {value}"
        same = f"{column} {equals} {value}"
    else:
        past = f"({column} {operator} {value} or {column} is null)"
        same = f"{column} {equals} {value}"
    levels = f"({past} or ({same} and {_past(rest, itself=itself)}))"
    if value is not None and (each.nulls_first or each.column.not_null):
        return f"({column} {operator_sql(f'{symbol}=', each.column)} {value} and {levels})"
    return levels
