"""`Query`: node, a collection and a row by key for each table, functions, and introspection where it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from rowgate.graphql.definition.connection_types import connection_arguments
from rowgate.graphql.definition.function_fields import function_makers
from rowgate.graphql.definition.on_demand import OnDemand
from rowgate.graphql.definition.references import SOME_ID, STRING, reference
from rowgate.graphql.entities import Column, Function, Table
from rowgate.graphql.schema import (
    ByKey,
    Collection,
    Field,
    InputField,
    Named,
    NonNull,
    ObjectType,
    Root,
    Value,
)
from rowgate.postgres.catalog.records import QualifiedName

NODE = Field(
    "node",
    Named("Node"),
    {"nodeId": InputField("nodeId", SOME_ID, "The record's `ID`")},
    "Retrieve a record by its `ID`",
    Root.NODE,
)
TYPE = Field("__type", Named("__Type"), {"name": InputField("name", STRING)}, meaning=Root.TYPE)
SCHEMA = Field("__schema", NonNull(Named("__Schema")), meaning=Root.SCHEMA)

# As format_type writes them, without a length: a key of varchar(n) or char(n) is not among them (pg_graphql's rule).
_KEY_TYPES = frozenset({"smallint", "integer", "bigint", "text", "bpchar", "uuid"})


def query_type(
    tables: Mapping[QualifiedName, Table], functions: Iterable[Function], *, introspection: bool
) -> ObjectType:
    """`tables` are those that have types. A function never takes the place of a table's field; of two others of one
    name the last is reached (pg_graphql's rules)."""
    makers: dict[str, Callable[[], Field]] = {NODE.name: lambda: NODE}
    for table in tables.values():
        makers[f"{table.field}Collection"] = partial(_collection, table)
        if all(_names_a_row(column) for column in table.key):
            makers[f"{table.field}ByPk"] = partial(_by_key, table)
    makers = {**function_makers(functions, tables), **makers}
    if introspection:
        makers |= {TYPE.name: lambda: TYPE, SCHEMA.name: lambda: SCHEMA}
    return ObjectType("Query", OnDemand(dict(sorted(makers.items()))), "The root type for querying data")


def _collection(table: Table) -> Field:
    return Field(
        f"{table.field}Collection",
        NonNull(Named(f"{table.base}Connection")),
        connection_arguments(table),
        f"A pagable collection of type `{table.base}`",
        Collection(table),
    )


def _by_key(table: Table) -> Field:
    arguments = {
        column.field: InputField(
            column.field, NonNull(reference(column.kind)), f"The record's `{column.name}` value", meaning=Value(column)
        )
        for column in table.key
    }
    description = f"Retrieve a record of type `{table.base}` by its primary key"
    return Field(f"{table.field}ByPk", Named(table.base), arguments, description, ByKey(table))


def _names_a_row(column: Column) -> bool:
    # citext lives in whatever schema its extension was put into.
    key_type = column.sql_type in _KEY_TYPES or column.sql_type.rpartition(".")[2] == "citext"
    return key_type and column.named  # no argument could have another name
