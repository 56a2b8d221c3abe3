"""The arguments and selections of a connection → ConnectionPlan.

The checks, their order and their texts are those of pg_graphql's builder.rs.
"""

from __future__ import annotations

from collections.abc import Collection as Names

import msgspec

from rowgate.graphql import row_plan as rows  # rows have connections, whose nodes are rows
from rowgate.graphql.aggregate_plan import aggregate_plan
from rowgate.graphql.cursor import read_cursor
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.filter_plan import filter_plan
from rowgate.graphql.given import Given, Input, Json
from rowgate.graphql.inputs import argument, only_arguments
from rowgate.graphql.order_plan import order_plan
from rowgate.graphql.schema import Collection, Field, ObjectType, Schema
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.tree import (
    ConnectionPlan,
    Constant,
    Cursor,
    EdgeCursor,
    Edges,
    PageField,
    PageInfo,
    Part,
    RowPlan,
    TotalCount,
)

ARGUMENTS = ("first", "last", "before", "after", "offset", "filter", "orderBy")


def connection_plan(
    selected: Selected, field: Field, schema: Schema, scope: Scope, own_arguments: Names[str] = ()
) -> ConnectionPlan:
    """A connection. `own_arguments` are those that its field has beside a connection's, a function's own.

    Raises GraphQLError.
    """
    of = schema.object_type(field.type)
    node = schema.object_type(schema.object_type(of.fields["edges"].type).fields["node"].type)
    table = node.table
    assert table is not None
    only_arguments(selected, (*ARGUMENTS, *own_arguments))

    def given(name: str) -> Input:
        return argument(selected, field, name, schema, scope)

    most = table.max_rows
    first = _rows(given("first"), "first", Clamped(most), scope)
    last = _rows(given("last"), "last", Clamped(most), scope)
    offset = given("offset")
    skips = _rows(offset, "offset", Clamped(1), scope)
    before = _cursor(given("before"), scope)
    after = _cursor(given("after"), scope)
    _check_together(first, last, before, after, skips)
    conditions = filter_plan(given("filter"), schema.input_type(field.arguments["filter"].type), schema, scope)
    order = order_plan(given("orderBy"), schema.input_type(field.arguments["orderBy"].type), table, scope)
    outputs = tuple((each.key, _part(each, of, schema, scope)) for each in select(selected.selections, of, scope))
    limit = next((size for size in (first, last) if size is not None), most)
    meaning = field.meaning
    return ConnectionPlan(
        table,
        join=meaning.join if isinstance(meaning, Collection) else (),
        function=meaning.function if isinstance(meaning, Collection) else None,
        limit=limit,
        offset=offset if isinstance(offset, Given) and skips else None,
        backward=last is not None or before is not None,
        cursor=before or after,
        filter=conditions,
        order=order,
        outputs=outputs,
        cost=1 + limit * sum(_cost(part) for _, part in outputs),
    )


class Clamped(msgspec.Struct, frozen=True):
    """A number of rows as far as a plan depends on it: none above `most`, one below zero."""

    most: int

    def __call__(self, value: Json) -> int | None:
        """None where it is null."""
        return max(-1, min(value, self.most)) if isinstance(value, int) else None


def _rows(given: Input, name: str, clamped: Clamped, scope: Scope) -> int | None:
    """A number of rows; null counts as absent (pg_graphql's rule, for cursors as well)."""
    if not isinstance(given, Given):
        return None
    scope.trace.pin(given, clamped)
    rows = clamped(given.value)
    if rows is not None and rows < 0:
        raise GraphQLError(f"`{name}` must be an unsigned integer")
    return rows


def _cursor(given: Input, scope: Scope) -> Cursor | None:
    return read_cursor(given, scope.trace) if isinstance(given, Given) and given.value is not None else None


def _check_together(
    first: int | None, last: int | None, before: Cursor | None, after: Cursor | None, offset: int | None
) -> None:
    if first is not None and last is not None:
        raise GraphQLError('only one of "first" and "last" may be provided')
    if before is not None and after is not None:
        raise GraphQLError('only one of "before" and "after" may be provided')
    if first is not None and before is not None:
        raise GraphQLError('"first" may only be used with "after"')
    if last is not None and after is not None:
        raise GraphQLError('"last" may only be used with "before"')
    if offset is not None and (last is not None or before is not None):
        raise GraphQLError('"offset" may only be used with "first" and "after"')


def _part(selected: Selected, of: ObjectType, schema: Schema, scope: Scope) -> Part:
    if selected.name == "__typename":
        return Constant(of.name)
    field = of.fields.get(selected.name)
    if field is None:
        absent = "enable the aggregate directive to use aggregates"
        raise GraphQLError(absent if selected.name == "aggregate" else "unknown field in connection")
    if selected.name == "totalCount":
        return TotalCount()
    below = schema.object_type(field.type)
    if selected.name == "edges":
        each = select(selected.selections, below, scope)
        return Edges(tuple((one.key, _edge(one, below, schema, scope)) for one in each))
    if selected.name == "pageInfo":
        return PageInfo(tuple((one.key, _page(one, below)) for one in select(selected.selections, below, scope)))
    return aggregate_plan(selected, below, schema, scope)


def _edge(selected: Selected, of: ObjectType, schema: Schema, scope: Scope) -> EdgeCursor | RowPlan | Constant:
    if selected.name == "__typename":
        return Constant(of.name)
    field = of.fields.get(selected.name)
    if field is None:
        raise GraphQLError("unknown field in edge")
    if selected.name == "cursor":
        return EdgeCursor()
    return rows.row_plan(selected, schema.object_type(field.type), schema, scope)


def _page(selected: Selected, of: ObjectType) -> PageField | Constant:
    if selected.name == "__typename":
        return Constant(of.name)
    if selected.name not in of.fields:
        raise GraphQLError("unknown field in pageInfo")
    return PageField(selected.name)


def _cost(part: Part) -> int:
    if not isinstance(part, Edges):
        return 0
    return sum(each.cost for _, each in part.outputs if isinstance(each, RowPlan)) or 1
