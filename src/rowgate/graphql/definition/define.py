"""A role's schema: every type of it by name, the root types, and what introspection shows of them.

Only names are worked out here; a type or a root field is made when an operation first asks for it (`on_demand.py`).
Where two claim one name the first keeps it: the dialect's own types, then tables in the graph's order, then enums.
Rows of a table that loses have no type, and values of an enum that loses are Opaque.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from rowgate.graphql.definition.aggregate_types import aggregate_type, aggregations, result_type
from rowgate.graphql.definition.comparison_types import COMPARISON_TYPES, FILTER_IS, enum_comparison
from rowgate.graphql.definition.connection_types import PAGE_INFO, connection_type, edge_type
from rowgate.graphql.definition.enum_types import ORDER_BY_DIRECTION, enum_type
from rowgate.graphql.definition.lost_enums import without_enums
from rowgate.graphql.definition.meta_types import META_TYPES
from rowgate.graphql.definition.mutation_root import mutation_type
from rowgate.graphql.definition.on_demand import OnDemand
from rowgate.graphql.definition.query_root import query_type
from rowgate.graphql.definition.response_types import response_type
from rowgate.graphql.definition.row_types import node_interface, row_type
from rowgate.graphql.definition.scalar_types import SCALAR_TYPES
from rowgate.graphql.definition.table_inputs import filter_type, insert_type, order_type, update_type
from rowgate.graphql.entities import EnumKind, Graph, Table
from rowgate.graphql.schema import NamedType, Schema
from rowgate.postgres.catalog.records import QualifiedName, Volatility

_Makers: TypeAlias = dict[str, Callable[[], NamedType]]

_OWN_TYPES: tuple[NamedType, ...] = (
    *META_TYPES,
    *SCALAR_TYPES,
    *COMPARISON_TYPES,
    FILTER_IS,
    ORDER_BY_DIRECTION,
    PAGE_INFO,
)
_ROOTS = frozenset({"Query", "Mutation", "Node"})


def schema_of(graph: Graph, serial: int) -> Schema:
    """The schema of a graph; `serial` is what tells it apart from all others."""
    makers: _Makers = {own.name: partial(_same, own) for own in _OWN_TYPES}
    shown = {*makers, "Query", "Node"}
    tables: dict[QualifiedName, Table] = {}
    rows: dict[QualifiedName, Table] = {}
    lost: set[EnumKind] = set()
    for table in (*graph.tables.values(), *_given_rows(graph)):
        made = _table_makers(table, graph, rows)
        if _taken(made, makers):
            continue
        makers |= made
        rows[table.qualified_name] = table
        if table.key:
            tables[table.qualified_name] = table
        if table.introspectable:
            shown |= made.keys()
    for kind in graph.enums:
        made = {kind.base: partial(enum_type, kind), f"{kind.base}Filter": partial(enum_comparison, kind)}
        if _taken(made, makers):
            lost.add(kind)
            continue
        makers |= made
        if kind.introspectable:
            shown |= made.keys()
    if lost:
        return schema_of(without_enums(graph, lost), serial)

    query = query_type(
        tables,
        (function for function in graph.functions if function.volatility is not Volatility.VOLATILE),
        introspection=graph.introspection,
    )
    mutation = mutation_type(
        tables, (function for function in graph.functions if function.volatility is Volatility.VOLATILE)
    )
    makers |= {"Query": partial(_same, query), "Node": partial(node_interface, tables)}
    if mutation is not None:
        makers["Mutation"] = partial(_same, mutation)
        shown.add("Mutation")
    return Schema(
        OnDemand(dict(sorted(makers.items()))),
        query,
        mutation,
        frozenset(shown) if graph.introspection else None,
        serial,
        tables,
    )


def _given_rows(graph: Graph) -> Iterator[Table]:
    """The tables without a key whose rows some function gives."""
    given = {function.returns.table for functions in graph.computed.values() for function in functions}
    return (table for name, table in graph.keyless.items() if name in given)


def _table_makers(table: Table, graph: Graph, rows: Mapping[QualifiedName, Table]) -> _Makers:
    """`rows` are the tables whose rows have types."""
    base = table.base
    makers: _Makers = {base: partial(row_type, table, graph, rows)}
    if not table.key:
        return makers
    makers |= {
        f"{base}Edge": partial(edge_type, table),
        f"{base}Connection": partial(connection_type, table),
        f"{base}Filter": partial(filter_type, table),
        f"{base}OrderBy": partial(order_type, table),
    }
    if table.insertable:
        makers[f"{base}InsertInput"] = partial(insert_type, table)
        makers[f"{base}InsertResponse"] = partial(response_type, table, "InsertResponse")
    if table.updatable:
        makers[f"{base}UpdateInput"] = partial(update_type, table)
        makers[f"{base}UpdateResponse"] = partial(response_type, table, "UpdateResponse")
    if table.deletable:
        makers[f"{base}DeleteResponse"] = partial(response_type, table, "DeleteResponse")
    if table.aggregate:
        makers[f"{base}Aggregate"] = partial(aggregate_type, table)
        for each in aggregations(table):
            makers[each.result(table)] = partial(result_type, table, each)
    return makers


def _taken(names: Iterable[str], makers: _Makers) -> bool:
    return not (_ROOTS.isdisjoint(names) and makers.keys().isdisjoint(names))


def _same(made: NamedType) -> NamedType:
    return made
