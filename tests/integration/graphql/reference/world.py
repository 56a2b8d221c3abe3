"""Random databases: tables with keys, columns of several types, links and rows, as SQL and as plain Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]

SCHEMA = "world"
MARK = "☃"
"""Every text a client may send as a value holds it, so that a value in SQL text can be told from a name."""


@dataclass(frozen=True)
class Kind:
    """A column's type: its name in SQL and in GraphQL, and how a value is shown in JSON."""

    sql: str
    graphql: str
    shown: Callable[[Any], Any]
    ordered: bool = True


def _number(value: Any) -> str:
    return str(value)


INT = Kind("integer", "Int", int)
BIGINT = Kind("bigint", "BigInt", _number)
NUMERIC = Kind("numeric", "BigFloat", _number)
TEXT = Kind('text collate "C"', "String", str)
BOOL = Kind("boolean", "Boolean", bool, ordered=False)
DATE = Kind("date", "Date", lambda value: value.isoformat())
KINDS = (INT, BIGINT, NUMERIC, TEXT, BOOL, DATE)


@dataclass(frozen=True)
class Link:
    """A foreign key: `column` holds the single key column of `target`. `unique`: one row at most has each value."""

    stem: str
    target: str
    unique: bool
    not_null: bool


@dataclass(frozen=True)
class Table:
    """`kinds` by column in Postgres' names, those of links included; the first `keys` of them are the primary key."""

    name: str
    kinds: Mapping[str, Kind]
    keys: tuple[str, ...]
    links: tuple[Link, ...]
    rows: tuple[Row, ...]
    counted: bool
    aggregated: bool
    max_rows: int | None

    @property
    def page(self) -> int:
        return 30 if self.max_rows is None else self.max_rows


@dataclass(frozen=True)
class World:
    """A schema. With inflection names are written in camel case by GraphQL and in snake case by Postgres."""

    tables: Mapping[str, Table]
    inflected: bool

    def column(self, link: Link) -> str:
        """The foreign key's own column."""
        return f"{link.stem}_id" if self.inflected else f"{link.stem}Id"

    def type(self, table: str) -> str:
        """A table's type."""
        return "".join(part.capitalize() for part in table.split("_")) if self.inflected else table

    def field(self, name: str) -> str:
        """A column's field, and a link's."""
        if not self.inflected:
            return name
        first, *others = name.split("_")
        return first + "".join(part.capitalize() for part in others)

    def entry(self, table: str) -> str:
        """What root fields and reverse links begin with."""
        made = self.type(table)
        return made[0].lower() + made[1:]

    def incoming(self, table: str) -> list[tuple[Table, Link]]:
        """Links that lead to a table."""
        return [(other, link) for other in self.tables.values() for link in other.links if link.target == table]


def ddl(world: World) -> str:
    """The schema anew: tables first, links after the rows, so that their order does not matter."""
    statements = [f"drop schema if exists {SCHEMA} cascade", f"create schema {SCHEMA}"]
    statements.append(f"grant usage on schema {SCHEMA} to authenticated")
    directive = json.dumps({"inflect_names": world.inflected, "introspection": True})
    statements.append(f"comment on schema {SCHEMA} is '@graphql({directive})'")
    for table in world.tables.values():
        columns = ", ".join(
            f'"{name}" {kind.sql}{" not null" if name in _required(world, table) else ""}'
            for name, kind in table.kinds.items()
        )
        keys = ", ".join(f'"{name}"' for name in table.keys)
        statements.append(f'create table {SCHEMA}."{table.name}" ({columns}, primary key ({keys}))')
        for row in table.rows:
            names = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(_literal(value) for value in row.values())
            statements.append(f'insert into {SCHEMA}."{table.name}" ({names}) values ({values})')
        about: dict[str, Any] = {"totalCount": {"enabled": table.counted}, "aggregate": {"enabled": table.aggregated}}
        if table.max_rows is not None:
            about["max_rows"] = table.max_rows
        statements.append(f"comment on table {SCHEMA}.\"{table.name}\" is '@graphql({json.dumps(about)})'")
        statements.append(f'grant select, insert, update, delete on {SCHEMA}."{table.name}" to authenticated')
    for table in world.tables.values():
        for link in table.links:
            column, target = world.column(link), world.tables[link.target]
            unique = f', add unique ("{column}")' if link.unique else ""
            statements.append(
                f'alter table {SCHEMA}."{table.name}" add foreign key ("{column}") '
                f'references {SCHEMA}."{target.name}" ("{target.keys[0]}"){unique}'
            )
    return ";\n".join(statements)


def _required(world: World, table: Table) -> set[str]:
    return {*table.keys, *(world.column(link) for link in table.links if link.not_null)}


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | Decimal):
        return str(value).lower()
    text = value.isoformat() if isinstance(value, date) else str(value)
    return "'" + text.replace("'", "''") + "'"
