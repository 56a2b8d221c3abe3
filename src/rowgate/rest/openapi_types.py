"""Types of Postgres in Swagger's words: https://docs.postgrest.org/en/v14/references/api/openapi.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rowgate.postgres.catalog.records import Column

STRING = "string"
ARRAY = "array"

# Every type that is not named here is a string on the wire; of these, json can be anything.
_TYPES: Mapping[str, str | None] = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
    "json": None,
    "jsonb": None,
}
# The formats that OpenAPI 2.0 knows for whole numbers; PostgREST gives them since 14.8.
_FORMATS: Mapping[str, str] = {"smallint": "int32", "integer": "int32", "bigint": "int64"}


def swagger_type(kind: str) -> str | None:
    """Swagger's type for a type of Postgres; None for json, which can be any of them."""
    return _TYPES.get(kind, ARRAY if kind.endswith("[]") else STRING)


def swagger_format(kind: str) -> str:
    """Postgres' own name of the type, but for whole numbers."""
    return _FORMATS.get(kind, kind)


def element(kind: str) -> str:
    """The type of an array's elements."""
    return kind.removesuffix("[]")


def typed(kind: str) -> dict[str, Any]:
    """Format, type and, of an array, the type of its elements."""
    schema: dict[str, Any] = {"format": swagger_format(kind)}
    name = swagger_type(kind)
    if name is not None:
        schema["type"] = name
    if name == ARRAY:
        inner = swagger_type(element(kind))
        schema["items"] = {} if inner is None else {"type": inner}
    return schema


def column_type(column: Column) -> str:
    """The type that a column is shown with: of a domain the built-in type below it, where there is one.

    Types are written with an empty search path, so a name with a dot is one that somebody made.
    """
    return column.type if "." in column.base_type else column.base_type


def default_value(kind: str, expression: str) -> tuple[Any] | None:
    """The value of a default that is a constant, in a tuple of its own since it may be null; None for other defaults.

    As PostgREST does, a string's expression is put between quotes once its cast and its own quotes are gone, so
    `now()` shows as text; anything that is no JSON then is left out.
    """
    if swagger_type(kind) == STRING:
        cast = f"::{kind}"
        text = expression.removesuffix(cast).strip("'") if expression.endswith(cast) else expression
        expression = f'"{text}"'
    try:
        return (msgspec.json.decode(expression),)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
