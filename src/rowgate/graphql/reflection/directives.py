"""What comments say to the dialect: `@graphql({...})` anywhere in the comment of a table, column, function, enum,
constraint or schema.

Upstream reads them in two steps with errors of their own: Postgres' (the text is no JSON, a number is no number) and
serde's (the JSON has another shape than expected), whose wording clients see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import msgspec

from rowgate.graphql.errors import GraphQLError

DEFAULT_MAX_ROWS: Final = 30
_LARGEST_INTEGER: Final = 2**31 - 1  # of Postgres' integer, to which max_rows is cast

# Greedy, over lines: from the first opening to the last closing bracket, as upstream's regexp_match has it.
_DIRECTIVE: Final = re.compile(r"@graphql\((.+)\)", re.DOTALL)
_INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)


class SchemaDirectives(msgspec.Struct, frozen=True):
    """Of a schema."""

    inflect_names: bool = False
    max_rows: int = DEFAULT_MAX_ROWS
    introspection: bool = False


class ForeignKeyDirective(msgspec.Struct, frozen=True):
    """A foreign key that a table's comment declares."""

    local_columns: tuple[str, ...]
    foreign_schema: str
    foreign_table: str
    foreign_columns: tuple[str, ...]
    local_name: str | None = None
    foreign_name: str | None = None


class TableDirectives(msgspec.Struct, frozen=True):
    """Of a table, view, materialized view or foreign table."""

    name: str | None = None
    description: str | None = None
    total_count: bool = False
    aggregate: bool = False
    max_rows: int | None = None
    primary_key_columns: tuple[str, ...] | None = None
    foreign_keys: tuple[ForeignKeyDirective, ...] = ()


class NameDirectives(msgspec.Struct, frozen=True):
    """Of a column or a function."""

    name: str | None = None
    description: str | None = None


class EnumDirectives(msgspec.Struct, frozen=True):
    """Of an enum. `mappings` are GraphQL values by label; no value stands for two labels."""

    name: str | None = None
    mappings: Mapping[str, str] = {}


class ConstraintDirectives(msgspec.Struct, frozen=True):
    """Of a foreign key: the names of both sides."""

    local_name: str | None = None
    foreign_name: str | None = None


NO_NAMES: Final = NameDirectives()
NO_TABLE: Final = TableDirectives()


def schema_directives(comment: str | None) -> SchemaDirectives:
    """Raises GraphQLError, as all of these do, where the comment holds a directive that cannot be read."""
    found = _directive(comment)
    if not found:
        return SchemaDirectives()
    most = _max_rows(found)
    return SchemaDirectives(
        found.get("inflect_names") is True,
        DEFAULT_MAX_ROWS if most is None else most,
        found.get("introspection") is True,
    )


def table_directives(comment: str | None) -> TableDirectives:
    """The directives of a table's comment."""
    found = _directive(comment)
    if not found:
        return NO_TABLE
    keys = found.get("primary_key_columns")
    foreign = found.get("foreign_keys")
    if foreign is not None and not isinstance(foreign, list):
        _refuse(foreign, "a sequence")
    return TableDirectives(
        _text(found.get("name")),
        _optional_string(found.get("description")),
        _enabled(found.get("totalCount")),
        _enabled(found.get("aggregate")),
        _max_rows(found),
        None if keys is None else _strings(keys),
        tuple([_foreign_key(each) for each in foreign or ()]),
    )


def column_directives(comment: str | None) -> NameDirectives:
    """The directives of a column's comment; its description must be a string."""
    found = _directive(comment)
    if not found:
        return NO_NAMES
    return NameDirectives(_text(found.get("name")), _optional_string(found.get("description")))


def function_directives(comment: str | None) -> NameDirectives:
    """The directives of a function's comment; any JSON may describe it."""
    found = _directive(comment)
    if not found:
        return NO_NAMES
    return NameDirectives(_text(found.get("name")), _text(found.get("description")))


def enum_directives(comment: str | None) -> EnumDirectives:
    """The directives of an enum's comment. Where two labels are to have one value, the last keeps it."""
    found = _directive(comment)
    if not found:
        return EnumDirectives()
    mappings = found.get("mappings")
    if mappings is None:
        return EnumDirectives(_text(found.get("name")))
    if not isinstance(mappings, dict):
        _refuse(mappings, "a map")
    labels = {_string(value): label for label, value in sorted(mappings.items())}
    return EnumDirectives(_text(found.get("name")), {label: value for value, label in labels.items()})


def constraint_directives(comment: str | None) -> ConstraintDirectives:
    """The directives of a constraint's comment."""
    found = _directive(comment)
    return ConstraintDirectives(_text(found.get("local_name")), _text(found.get("foreign_name")))


def _directive(comment: str | None) -> dict[str, Any]:
    """The JSON object of a comment; empty where it has none."""
    if comment is None or "@graphql(" not in comment:
        return {}
    found = _DIRECTIVE.search(comment)
    if found is None:
        return {}
    try:
        read = msgspec.json.decode(found[1])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        raise GraphQLError("invalid input syntax for type json") from None  # Postgres' own words
    return read if isinstance(read, dict) else {}


def _text(value: Any) -> str | None:
    """Any JSON as `->>` gives it."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _enabled(value: Any) -> bool:
    return isinstance(value, dict) and _text(value.get("enabled")) == "true"


def _max_rows(found: dict[str, Any]) -> int | None:
    """A number, or a text with one, that Postgres can cast to an integer and serde to an unsigned one."""
    text = _text(found.get("max_rows"))
    if text is None:
        return None
    if not _INTEGER.fullmatch(text):
        raise GraphQLError(f'invalid input syntax for type integer: "{text}"')
    number = int(text) if len(text) < 100 else _LARGEST_INTEGER + 1
    if not -_LARGEST_INTEGER - 1 <= number <= _LARGEST_INTEGER:
        raise GraphQLError(f'value "{text}" is out of range for type integer')
    if number < 0:
        _fail(f"invalid value: integer `{number}`, expected u64")
    return number


def _string(value: Any) -> str:
    if not isinstance(value, str):
        _refuse(value, "a string")
    return value


def _optional_string(value: Any) -> str | None:
    return None if value is None else _string(value)


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        _refuse(value, "a sequence")
    return tuple([_string(each) for each in value])


def _foreign_key(value: Any) -> ForeignKeyDirective:
    """Entries are read in the order of their names, and what is missing is found out last, as serde does."""
    if not isinstance(value, dict):
        _refuse(value, "struct TableDirectiveForeignKey")
    readers = {
        "foreign_columns": _strings,
        "foreign_name": _optional_string,
        "foreign_schema": _string,
        "foreign_table": _string,
        "local_columns": _strings,
        "local_name": _optional_string,
    }
    read = {name: reader(value[name]) for name, reader in readers.items() if name in value}
    for name in ("local_columns", "foreign_schema", "foreign_table", "foreign_columns"):
        if name not in read:
            _fail(f"missing field `{name}`")
    return msgspec.convert(read, ForeignKeyDirective)


def _refuse(value: Any, expected: str) -> NoReturn:
    """serde's words for JSON of another type."""
    _fail(f"invalid type: {_described(value)}, expected {expected}")


def _described(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {msgspec.json.encode(value).decode()}"
    return "sequence" if isinstance(value, list) else "map"


def _fail(words: str) -> NoReturn:
    raise GraphQLError(f"Error while loading schema, check comment directives. {words}", nothing_ran=True)
