"""A role's schema: every type of it by name, the root types, and what introspection shows of them.

Only names are worked out here; a type or a root field is made when an operation first asks for it (`on_demand.py`).
Where two claim one name the first keeps it: the dialect's own types, then tables in the graph's order, then enums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from rowgate.graphql.aggregate_types import aggregate_type, aggregations, result_type
from rowgate.graphql.comparison_types import COMPARISON_TYPES, FILTER_IS, enum_comparison
from rowgate.graphql.connection_types import PAGE_INFO, connection_type, edge_type
from rowgate.graphql.entities import EnumKind, Graph, Kind, ListKind, Table
from rowgate.graphql.enum_types import ORDER_BY_DIRECTION, enum_type
from rowgate.graphql.meta_types import META_TYPES
from rowgate.graphql.mutation_root import mutation_type
from rowgate.graphql.on_demand import OnDemand
from rowgate.graphql.query_root import query_type
from rowgate.graphql.response_types import response_type
from rowgate.graphql.row_types import node_interface, row_type
from rowgate.graphql.scalar_types import SCALAR_TYPES
from rowgate.graphql.schema import NamedType, Schema
from rowgate.graphql.table_inputs import filter_type, insert_type, order_type, update_type
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


def schema_of(graph: Graph, serial: int, *, introspection: bool | None = None) -> Schema:
    """The schema of a graph; `serial` is what tells it apart from all others.

    Introspection shows what belongs to a schema of the database that opted in (`introspection` None), everything
    (True), or is not there at all (False).
    """
    everything = introspection is True
    allowed = graph.introspection if introspection is None else introspection
    makers: _Makers = {own.name: partial(_same, own) for own in _OWN_TYPES}
    shown = {*makers, "Query", "Node"}
    tables: dict[QualifiedName, Table] = {}
    rows: list[str] = []
    for table in graph.tables.values():
        made = _table_makers(table, graph, tables)
        if not _ROOTS.isdisjoint(made) or not makers.keys().isdisjoint(made):
            continue
        makers |= made
        tables[table.qualified_name] = table
        if everything or table.introspectable:
            shown |= made.keys()
            rows.append(table.base)
    for kind, usable in _enums(graph):
        names = (kind.base, f"{kind.base}Filter")
        if not (_ROOTS.isdisjoint(names) and makers.keys().isdisjoint(names)):
            continue
        makers |= zip(names, (partial(enum_type, kind), partial(enum_comparison, kind)), strict=True)
        if usable and (everything or kind.introspectable):
            shown.update(names)

    query = query_type(
        tables,
        (function for function in graph.functions if function.volatility is not Volatility.VOLATILE),
        introspection=allowed,
    )
    mutation = mutation_type(
        tables, (function for function in graph.functions if function.volatility is Volatility.VOLATILE)
    )
    makers |= {"Query": partial(_same, query), "Node": partial(node_interface, rows)}
    if mutation is not None:
        makers["Mutation"] = partial(_same, mutation)
        shown.add("Mutation")
    return Schema(
        OnDemand(dict(sorted(makers.items()))), query, mutation, frozenset(shown) if allowed else None, serial, tables
    )


def _table_makers(table: Table, graph: Graph, tables: Mapping[QualifiedName, Table]) -> _Makers:
    base = table.base
    makers: _Makers = {
        base: partial(row_type, table, graph, tables),
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


def _enums(graph: Graph) -> Iterator[tuple[EnumKind, bool]]:
    """Those that the role may use, then others that its columns and computed fields have all the same."""
    known = set()
    for enum in graph.enums:
        known.add((enum.schema, enum.name))
        yield enum, True
    for kind in _kinds(graph):
        item = kind.item if isinstance(kind, ListKind) else kind
        if isinstance(item, EnumKind) and (item.schema, item.name) not in known:
            known.add((item.schema, item.name))
            yield item, False


def _kinds(graph: Graph) -> Iterator[Kind]:
    for table in graph.tables.values():
        for column in table.columns:
            yield column.kind
    for functions in graph.computed.values():
        for function in functions:
            if function.returns.kind is not None:
                yield function.returns.kind


def _same(made: NamedType) -> NamedType:
    return made
