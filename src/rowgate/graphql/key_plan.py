"""What leads to one row by its key: the root fields `node` and `<t>ByPk`, and filters that say no more."""

from __future__ import annotations

from rowgate.graphql.entities import Table
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.inputs import argument, only_arguments
from rowgate.graphql.node_id import read_node_id
from rowgate.graphql.row_plan import row_plan
from rowgate.graphql.schema import ByKey, Field, Named, Schema, Value
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.tree import AllOf, Comparison, Filter, KeyedRow, KeyGiven

UNKNOWN_BY_KEY = 'Unknown field "{}" on type {}'  # upstream words it otherwise than within any other row


def node_plan(selected: Selected, field: Field, schema: Schema, scope: Scope) -> KeyedRow:
    """`node(nodeId)`: the row that a nodeId names; its table decides which type is selected on.

    Raises GraphQLError.
    """
    only_arguments(selected, ("nodeId",))
    given, (of_schema, name, size) = read_node_id(argument(selected, field, "nodeId", schema, scope), scope.trace)
    table = schema.tables.get((of_schema, name))
    if table is None:
        raise GraphQLError("Collection referenced by nodeId did not match any known collection")
    row = row_plan(selected, schema.object_type(Named(table.base)), schema, scope, ("nodeId",))
    return KeyedRow(row, KeyGiven(table, given, size), one=size >= len(table.key))


def row_of_key_plan(selected: Selected, field: Field, schema: Schema, scope: Scope) -> KeyedRow:
    """`<t>ByPk`: the row whose key columns have the values of the arguments. Raises GraphQLError."""
    assert isinstance(field.meaning, ByKey)
    only_arguments(selected, field.arguments)
    if any(name not in selected.arguments for name in field.arguments):
        raise GraphQLError("All primary key columns must be provided")
    compared = []
    for name, entry in field.arguments.items():
        assert isinstance(entry.meaning, Value)
        compared.append(Comparison(entry.meaning.column, "eq", argument(selected, field, name, schema, scope)))
    row = row_plan(selected, schema.object_type(field.type), schema, scope, field.arguments, UNKNOWN_BY_KEY)
    return KeyedRow(row, AllOf(tuple(compared)))


def key_values(conditions: Filter, table: Table) -> int:
    """How many values a filter has, all of which name a row by its whole key; 0 where it says anything else."""
    parts = conditions.parts if isinstance(conditions, AllOf) else (conditions,)
    named: list[str] = []
    for part in parts:
        if isinstance(part, KeyGiven) and part.size >= len(table.key):
            named += [column.name for column in table.key]
        elif isinstance(part, Comparison) and part.operator == "eq":
            named.append(part.column.name)
        else:
            return 0
    return len(named) if set(named) == {column.name for column in table.key} else 0
