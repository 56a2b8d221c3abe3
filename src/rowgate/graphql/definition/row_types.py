"""A table's rows: the object type of the table's own name, and the interface `Node` that all of them implement."""

from __future__ import annotations

from collections.abc import Mapping

from rowgate.graphql.definition.connection_types import connection_arguments
from rowgate.graphql.definition.references import SOME_ID, reference
from rowgate.graphql.definition.table_inputs import readable
from rowgate.graphql.entities import Column, Function, Graph, Relation, Table
from rowgate.graphql.schema import (
    Collection,
    Computed,
    Field,
    InterfaceType,
    Named,
    NodeId,
    NonNull,
    ObjectType,
    Row,
    Value,
)
from rowgate.postgres.catalog.records import QualifiedName


def node_interface(tables: Mapping[QualifiedName, Table]) -> InterfaceType:
    """`Node`, of all the types of rows."""
    node_id = Field("nodeId", SOME_ID, description="Retrieves a record by `ID`")
    return InterfaceType("Node", {"nodeId": node_id}, tuple(sorted(table.base for table in tables.values())))


def row_type(table: Table, graph: Graph, tables: Mapping[QualifiedName, Table]) -> ObjectType:
    """nodeId, columns, relations, functions of the row. Of two of one name the last is reached (pg_graphql's rule).

    `tables` are those whose rows have types; what leads to another is left out. Without a key a row is no `Node`.
    """
    described = "Globally Unique Record Identifier"
    fields: dict[str, Field] = {}
    if table.key:
        fields["nodeId"] = Field("nodeId", SOME_ID, description=described, meaning=NodeId(table))
    for column in readable(table):
        fields[column.field] = _column(column)
    for relation in graph.relations.get(table.qualified_name, ()):
        target = tables.get(relation.target)
        if target is not None:
            fields[relation.field] = _relation(relation, target)
    if table.readable:
        for function in graph.computed.get(table.qualified_name, ()):
            computed = _computed(function, tables)
            if computed is not None:
                fields[function.field] = computed
    return ObjectType(table.base, fields, table.description, ("Node",) if table.key else (), table)


def _column(column: Column) -> Field:
    nullable = reference(column.kind)
    value = NonNull(nullable) if column.not_null else nullable
    return Field(column.field, value, description=column.description, meaning=Value(column))


def _relation(relation: Relation, target: Table) -> Field:
    if not relation.to_one:
        connection = Named(f"{target.base}Connection")
        arguments = connection_arguments(target)
        return Field(relation.field, connection, arguments, meaning=Collection(target, relation.join))
    nullable = Named(target.base)
    row = NonNull(nullable) if relation.not_null else nullable
    return Field(relation.field, row, meaning=Row(target, relation.join))


def _computed(function: Function, tables: Mapping[QualifiedName, Table]) -> Field | None:
    returns = function.returns
    if returns.kind is not None:
        value = reference(returns.kind)
        return Field(function.field, value, description=function.description, meaning=Computed(function))
    target = None if returns.table is None else tables.get(returns.table)
    if target is None:
        return None
    if returns.set_of and not returns.one_row:
        if not target.key:  # rows that have no order
            return None
        return Field(
            function.field,
            Named(f"{target.base}Connection"),
            connection_arguments(target),
            function.description,
            Collection(target, function=function),
        )
    row = Row(target, function=function)
    return Field(function.field, Named(target.base), description=function.description, meaning=row)
