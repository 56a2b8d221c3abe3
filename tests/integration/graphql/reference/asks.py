"""What can be asked, as records, and how it is written: in the query's text, or as variables beside it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import cycle
from typing import Any, TypeAlias

from tests.integration.graphql.reference.world import Kind, Link, Table, World

DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")


@dataclass(frozen=True)
class Compare:
    """`{column: {operator: value}}`; the value of `in` is a tuple, of `is` a word."""

    column: str
    kind: Kind
    operator: str
    value: Any


@dataclass(frozen=True)
class Both:
    """`and` or `or` of several conditions."""

    word: str
    of: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """`not` of a condition."""

    of: Condition


Condition: TypeAlias = "Compare | Both | Not"


@dataclass(frozen=True)
class Plain:
    """A column, the nodeId (`column` empty) or the type's name (`column` is `__typename`)."""

    key: str
    column: str


@dataclass(frozen=True)
class One:
    """A to-one link, followed along (`reverse` false) or against it."""

    key: str
    holder: Table
    link: Link
    reverse: bool
    node: Node


@dataclass(frozen=True)
class Many:
    """A connection of the rows that hold a link to this one."""

    key: str
    holder: Table
    link: Link
    connection: Connection


@dataclass(frozen=True)
class Node:
    """A selection of a table's row."""

    table: Table
    of: tuple[Plain | One | Many, ...]


@dataclass(frozen=True)
class Aggregate:
    """`aggregate { count sum { … } … }`: by function the columns."""

    count: bool
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Connection:
    """A connection. `cursor` is the row whose cursor is given as `after` or `before`."""

    node: Node
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, str], ...] = ()
    first: int | None = None
    last: int | None = None
    offset: int | None = None
    cursor: tuple[str, Mapping[str, Any]] | None = None
    cursors: bool = False
    page_info: bool = False
    total: bool = False
    aggregate: Aggregate | None = None


class Text:
    """Writes an operation. `lifts` says of each argument in turn, again and again, whether it becomes a variable."""

    def __init__(self, world: World, lifts: Sequence[bool]) -> None:
        self._world = world
        self._lifts = cycle(lifts)
        self.variables: dict[str, Any] = {}
        self._declared: list[str] = []

    def query(self, roots: Mapping[str, str]) -> str:
        """The whole text, from root fields by key."""
        body = "\n".join(f"{key}: {text}" for key, text in roots.items())
        return f"query Asked{self._header()} {{\n{body}\n}}"

    def _header(self) -> str:
        return f"({', '.join(self._declared)})" if self._declared else ""

    def given(self, value: Any, type_: str) -> str:
        """An argument's value: JSON-like, with `Word` for enum values."""
        if next(self._lifts):
            name = f"v{len(self.variables)}"
            self.variables[name] = plain(value)
            self._declared.append(f"${name}: {type_}")
            return f"${name}"
        return literal(value)

    def collection(self, asked: Connection) -> str:
        """A root field over a table."""
        return f"{self._world.entry(asked.node.table.name)}Collection{self.connection(asked)}"

    def connection(self, asked: Connection) -> str:
        """Arguments and selection of a connection."""
        table, world = asked.node.table, self._world
        arguments = []
        for name in ("first", "last", "offset"):
            value = getattr(asked, name)
            if value is not None:
                arguments.append(f"{name}: {self.given(value, 'Int')}")
        if asked.cursor is not None:
            name, row = asked.cursor
            arguments.append(f"{name}: {self.given(cursor_of(asked, row), 'Cursor')}")
        if asked.conditions:
            value = merged([written(world, each) for each in asked.conditions])
            arguments.append(f"filter: {self.given(value, f'{world.type(table.name)}Filter')}")
        if asked.order:
            value = [{world.field(column): Word(way)} for column, way in asked.order]
            arguments.append(f"orderBy: {self.given(value, f'[{world.type(table.name)}OrderBy!]')}")
        parts = [f"edges {{ {'cursor ' if asked.cursors else ''}node {self.node(asked.node)} }}"]
        if asked.page_info:
            parts.append("pageInfo { startCursor endCursor hasNextPage hasPreviousPage }")
        if asked.total:
            parts.append("totalCount")
        if asked.aggregate is not None:
            inner = ["count"] if asked.aggregate.count else []
            inner += [
                f"{name} {{ {' '.join(map(world.field, columns))} }}" for name, columns in asked.aggregate.of.items()
            ]
            parts.append(f"aggregate {{ {' '.join(inner)} }}")
        head = f"({', '.join(arguments)})" if arguments else ""
        return f"{head} {{ {' '.join(parts)} }}"

    def node(self, asked: Node) -> str:
        """The selection of a row."""
        world, parts = self._world, []
        for each in asked.of:
            if isinstance(each, Plain):
                name = each.column if each.column == "__typename" else world.field(each.column) or "nodeId"
                parts.append(f"{each.key}: {name}")
            elif isinstance(each, One):
                name = world.entry(each.holder.name) if each.reverse else world.field(each.link.stem)
                parts.append(f"{each.key}: {name} {self.node(each.node)}")
            else:
                name = f"{world.entry(each.holder.name)}Collection"
                parts.append(f"{each.key}: {name}{self.connection(each.connection)}")
        return f"{{ {' '.join(parts)} }}"


class Word(str):
    """An enum value: without quotes in the query's text."""

    __slots__ = ()


def merged(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    """Several conditions as one object where their keys differ, else beneath one `and`."""
    keys = [key for each in conditions for key in each]
    if len(set(keys)) == len(keys):
        return {key: value for each in conditions for key, value in each.items()}
    return {"and": conditions}


def written(world: World, condition: Condition) -> dict[str, Any]:
    """A condition as the input object it is written as."""
    if isinstance(condition, Compare):
        value = condition.value
        if condition.operator == "is":
            value = Word(value)
        elif isinstance(value, tuple):
            value = [wire(condition.kind, each) for each in value]
        else:
            value = wire(condition.kind, value)
        return {world.field(condition.column): {condition.operator: value}}
    if isinstance(condition, Not):
        return {"not": written(world, condition.of)}
    return {condition.word: [written(world, each) for each in condition.of]}


def wire(kind: Kind, value: Any) -> Any:
    """A value as it is sent: BigInt and BigFloat as strings."""
    return None if value is None else kind.shown(value)


def plain(value: Any) -> Any:
    """The same as JSON."""
    return json.loads(json.dumps(value, default=str))


def literal(value: Any) -> str:
    """The same in the query's text."""
    if isinstance(value, Word):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def cursor_of(asked: Connection, row: Mapping[str, Any]) -> str:
    """The cursor of a row under an order: base64 of the jsonb text of the ordered columns and the key."""
    columns = [*(column for column, _ in asked.order), *asked.node.table.keys]
    return b64encode(jsonb([row[column] for column in columns]).encode()).decode()


def jsonb(values: list[Any]) -> str:
    """An array as jsonb writes it."""
    return f"[{', '.join(map(_jsonb, values))}]"


def _jsonb(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)
