"""A naive evaluation: filter, sort and cut lists of rows, as the documentation words it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from tests.integration.graphql.reference.asks import (
    Aggregate,
    Both,
    Compare,
    Condition,
    Connection,
    Many,
    Node,
    Not,
    One,
    Plain,
    cursor_of,
    jsonb,
)
from tests.integration.graphql.reference.world import SCHEMA, Row, Table, World


def connection(world: World, asked: Connection, among: Sequence[Row]) -> dict[str, Any]:
    """The answer of a connection over some rows of its table."""
    table = asked.node.table
    found = ordered(asked, [row for row in among if all(truth(each, row) for each in asked.conditions)])
    backwards = asked.last is not None or (asked.cursor is not None and asked.cursor[0] == "before")
    reach = found
    if asked.cursor is not None:
        reach = [row for row in found if _beyond(asked, row)]
    if asked.offset is not None:
        reach = reach[asked.offset :]
    limit = min(next((each for each in (asked.first, asked.last) if each is not None), table.page), table.page)
    page = (reach[-limit:] if limit else []) if backwards else reach[:limit]
    answer: dict[str, Any] = {"edges": [_edge(world, asked, row) for row in page]}
    if asked.page_info:
        more, outside = len(reach) > limit, page and found[-1 if backwards else 0] not in page
        answer["pageInfo"] = {
            "startCursor": cursor_of(asked, page[0]) if page else None,
            "endCursor": cursor_of(asked, page[-1]) if page else None,
            "hasNextPage": bool(outside if backwards else more),
            # Behind an offset pg_graphql looks no closer.
            "hasPreviousPage": bool(more if backwards else outside or asked.offset),
        }
    if asked.total:
        answer["totalCount"] = len(found)
    if asked.aggregate is not None:
        answer["aggregate"] = aggregate(world, table, asked.aggregate, found)
    return answer


def _edge(world: World, asked: Connection, row: Row) -> dict[str, Any]:
    edge: dict[str, Any] = {"node": node(world, asked.node, row)}
    if asked.cursors:
        edge["cursor"] = cursor_of(asked, row)
    return edge


def node(world: World, asked: Node, row: Row) -> dict[str, Any]:
    """A row's selection."""
    shown: dict[str, Any] = {}
    for each in asked.of:
        if isinstance(each, Plain):
            shown[each.key] = _plain(world, asked.table, each, row)
        elif isinstance(each, Many):
            target = world.tables[each.link.target]
            among = [one for one in each.holder.rows if one[world.column(each.link)] == row[target.keys[0]]]
            shown[each.key] = connection(world, each.connection, among)
        else:
            found = _linked(world, each, row)
            shown[each.key] = None if found is None else node(world, each.node, found)
    return shown


def _plain(world: World, table: Table, asked: Plain, row: Row) -> Any:
    if asked.column == "__typename":
        return world.type(table.name)
    if not asked.column:
        return node_id(table, row)
    value = row[asked.column]
    return None if value is None else table.kinds[asked.column].shown(value)


def node_id(table: Table, row: Row) -> str:
    """The global identifier of a row."""
    return b64encode(jsonb([SCHEMA, table.name, *(row[key] for key in table.keys)]).encode()).decode()


def _linked(world: World, asked: One, row: Row) -> Row | None:
    target, column = world.tables[asked.link.target], world.column(asked.link)
    if asked.reverse:
        return next((one for one in asked.holder.rows if one[column] == row[target.keys[0]]), None)
    return next((one for one in target.rows if one[target.keys[0]] == row[column]), None)


def ordered(asked: Connection, rows: Sequence[Row]) -> list[Row]:
    """Rows in the order of the connection."""
    return sorted(rows, key=cmp_to_key(lambda one, other: compared(asked, one, other)))


def compared(asked: Connection, one: Row, other: Row) -> int:
    """Which row comes first: by the order, then by the key."""
    for column, way in (*asked.order, *((key, "AscNullsLast") for key in asked.node.table.keys)):
        here, there = one[column], other[column]
        if here == there:
            continue
        if here is None or there is None:
            first = way.endswith("First") == (here is None)
            return -1 if first else 1
        return (-1 if here < there else 1) * (1 if way.startswith("Asc") else -1)
    return 0


def _beyond(asked: Connection, row: Row) -> bool:
    assert asked.cursor is not None
    word, at = asked.cursor
    side = compared(asked, row, at)
    return side > 0 if word == "after" else side < 0


def truth(condition: Condition, row: Row) -> bool | None:
    """Three-valued, as SQL has it."""
    if isinstance(condition, Not):
        inner = truth(condition.of, row)
        return None if inner is None else not inner
    if isinstance(condition, Both):
        inner_truths = [truth(each, row) for each in condition.of]
        decided = condition.word == "or"
        if decided in inner_truths:
            return decided
        return None if None in inner_truths else not decided
    return _compare(condition, row[condition.column])


def _compare(condition: Compare, value: Any) -> bool | None:
    operator, other = condition.operator, condition.value
    if operator == "is":
        return (value is None) == (other == "NULL")
    if operator == "in" and not other:
        return False  # nothing is in an empty list, null neither: Postgres' rule for = any('{}')
    if value is None or other is None:
        return None
    if operator == "in":
        return value in other
    if operator == "startsWith":
        return bool(value.startswith(other))
    return {
        "eq": lambda: value == other,
        "neq": lambda: value != other,
        "lt": lambda: value < other,
        "lte": lambda: value <= other,
        "gt": lambda: value > other,
        "gte": lambda: value >= other,
    }[operator]()


def aggregate(world: World, table: Table, asked: Aggregate, rows: Sequence[Row]) -> dict[str, Any]:
    """Aggregates as numbers and texts; how a sum is written is `agreeing`'s to overlook."""
    shown: dict[str, Any] = {"count": len(rows)} if asked.count else {}
    for name, columns in asked.of.items():
        inner: dict[str, Any] = {}
        for column in columns:
            values = [row[column] for row in rows if row[column] is not None]
            inner[world.field(column)] = _folded(name, values, table.kinds[column].shown)
        shown[name] = inner
    return shown


def _folded(name: str, values: Sequence[Any], shown: Any) -> Any:
    if not values:
        return None
    if name == "sum":
        return Decimal(sum(values))
    if name == "avg":
        return Decimal(sum(values)) / len(values)
    least = min(values) if name == "min" else max(values)
    return Decimal(least) if isinstance(least, int | Decimal) else shown(least)


def agreeing(found: Any, expected: Any) -> bool:
    """Equal, but for how numbers of aggregates are written: the expected Decimal may come as any number or string."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and found.keys() == expected.keys() and all(
            agreeing(found[key], each) for key, each in expected.items()
        )  # fmt: skip
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(agreeing, found, expected))
    if isinstance(expected, Decimal):
        return found is not None and abs(Decimal(str(found)) - expected) < Decimal("0.0001")
    return type(found) is type(expected) and bool(found == expected)
