"""What is selected of a table's row → RowPlan."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterable

from rowgate.graphql import connection_plan as connections  # rows have connections, whose nodes are rows
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.inputs import only_arguments
from rowgate.graphql.schema import Collection, Computed, NodeId, ObjectType, Row, Schema, Value
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.tree import ConnectionPlan, Constant, Output, Related, RowPlan

UNKNOWN = "Unknown field '{}' on type '{}'"


def row_plan(
    selected: Selected,
    of: ObjectType,
    schema: Schema,
    scope: Scope,
    own_arguments: Names[str] = (),
    unknown: str = UNKNOWN,
) -> RowPlan:
    """What is selected of one row of the table that the Node type `of` describes.

    Arguments other than `own_arguments`, those of a root field, are refused, as are unknown fields (by a message with
    two places, the field's and the type's), with GraphQLError.
    """
    only_arguments(selected, own_arguments)
    assert of.table is not None
    outputs = tuple(
        (each.key, _output(each, of, schema, scope, unknown)) for each in select(selected.selections, of, scope)
    )
    needed = [column for _, output in outputs for column in _columns(output)]
    return RowPlan(
        of.table,
        outputs,
        columns=tuple(dict.fromkeys(needed)),
        whole=any(_function(output) for _, output in outputs),
        cost=1 + sum(_cost(output) for _, output in outputs),
    )


def _output(selected: Selected, of: ObjectType, schema: Schema, scope: Scope, unknown: str) -> Output:
    if selected.name == "__typename":
        return Constant(of.name)
    field = of.fields.get(selected.name)
    if field is None:
        raise GraphQLError(unknown.format(selected.name, of.name))
    meaning = field.meaning
    if isinstance(meaning, Row):
        row = row_plan(selected, schema.object_type(field.type), schema, scope)
        return Related(row, meaning.join, meaning.function)
    if isinstance(meaning, Collection):
        return connections.connection_plan(selected, field, schema, scope)
    assert isinstance(meaning, Value | NodeId | Computed), "all that a field of a Node type can mean"
    return meaning


def _columns(output: Output) -> Iterable[str]:
    match output:
        case Value():
            return (output.column.name,)
        case NodeId():
            return [column.name for column in output.table.key]
        case Related() | ConnectionPlan():
            return [own for own, _ in output.join]
    return ()


def _function(output: Output) -> bool:
    return isinstance(output, Computed) or (
        isinstance(output, Related | ConnectionPlan) and output.function is not None
    )


def _cost(output: Output) -> int:
    if isinstance(output, Related):
        return output.row.cost
    return output.cost if isinstance(output, ConnectionPlan) else 0
