"""Operators of columns → SQL: Postgres' own where another could be meant.

Names are looked up on the search path, and whoever may create something in a schema of it may create an operator for
just the types at hand. Postgres' own goes first where it is for the same types; where it takes any array or any enum,
or text for varchar, the other would be called, as whoever asks.
"""

from __future__ import annotations

from typing import Final

from rowgate.graphql.entities import Column, EnumKind, ListKind

# bool, int8, int2, int4, text, float4, float8, date, time, timestamp, timestamptz, numeric, uuid
_OWN_OPERATORS: Final = frozenset({16, 20, 21, 23, 25, 700, 701, 1082, 1083, 1114, 1184, 1700, 2950})
_WORDS: Final = {"like": "~~", "ilike": "~~*"}


def operator_sql(symbol: str, *columns: Column) -> str:
    """An operator between these columns (of a row comparison there are several) and values of their types. Types of
    extensions have operators wherever the extension is, so theirs are looked up."""
    if all(each.type_oid in _OWN_OPERATORS for each in columns) or not all(map(_is_postgres_own, columns)):
        return symbol
    return f"operator(pg_catalog.{_WORDS.get(symbol, symbol)})"


def _is_postgres_own(column: Column) -> bool:
    """`sql_type` names the schema of every other type."""
    return isinstance(column.kind, EnumKind | ListKind) or "." not in column.sql_type
