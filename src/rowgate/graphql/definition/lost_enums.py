"""A graph without some of its enums, whose names something else has: what had their type is Opaque.

So is an enum outside of the search path (pg_graphql's rule); values of these can still be read and compared.
"""

from __future__ import annotations

from collections.abc import Set

from msgspec.structs import replace

from rowgate.graphql.entities import Column, EnumKind, Function, Graph, Kind, ListKind, Scalar, Table


def without_enums(graph: Graph, lost: Set[EnumKind]) -> Graph:
    """The graph with `lost` made Opaque wherever they stand."""
    return replace(
        graph,
        tables={name: _table(table, lost) for name, table in graph.tables.items()},
        keyless={name: _table(table, lost) for name, table in graph.keyless.items()},
        computed={
            name: tuple(_function(function, lost) for function in functions)
            for name, functions in graph.computed.items()
        },
        functions=tuple(_function(function, lost) for function in graph.functions),
        enums=tuple(enum for enum in graph.enums if enum not in lost),
    )


def _table(table: Table, lost: Set[EnumKind]) -> Table:
    if all(_kind(column.kind, lost) is column.kind for column in table.columns):
        return table
    return replace(
        table,
        columns=tuple(_column(column, lost) for column in table.columns),
        key=tuple(_column(column, lost) for column in table.key),
    )


def _column(column: Column, lost: Set[EnumKind]) -> Column:
    return replace(column, kind=_kind(column.kind, lost))


def _function(function: Function, lost: Set[EnumKind]) -> Function:
    returned = function.returns.kind
    if returned is None or _kind(returned, lost) is returned:
        return function
    return replace(function, returns=replace(function.returns, kind=_kind(returned, lost)))


def _kind(kind: Kind, lost: Set[EnumKind]) -> Kind:
    if isinstance(kind, ListKind):
        return ListKind(Scalar.OPAQUE) if kind.item in lost else kind
    return Scalar.OPAQUE if kind in lost else kind
