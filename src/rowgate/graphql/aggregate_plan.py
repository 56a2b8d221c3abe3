"""What is selected of a connection's `aggregate` → Aggregate."""

from __future__ import annotations

from rowgate.graphql.entities import Column
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.schema import ObjectType, Schema, Value
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.tree import Aggregate, Constant, Measure, TotalCount


def aggregate_plan(selected: Selected, of: ObjectType, schema: Schema, scope: Scope) -> Aggregate:
    """The aggregates of a connection. Raises GraphQLError for unknown fields."""
    each = select(selected.selections, of, scope)
    return Aggregate(tuple((one.key, _output(one, of, schema, scope)) for one in each))


def _output(selected: Selected, of: ObjectType, schema: Schema, scope: Scope) -> Measure | TotalCount | Constant:
    if selected.name == "__typename":
        return Constant(of.name)
    field = of.fields.get(selected.name)
    if field is None:
        raise GraphQLError(f'Unknown field "{selected.name}" selected on type "{of.name}"')
    if selected.name == "count":
        return TotalCount()
    result = schema.object_type(field.type)
    each = select(selected.selections, result, scope)
    return Measure(selected.name, tuple((one.key, _column(one, result)) for one in each))


def _column(selected: Selected, of: ObjectType) -> Column | Constant:
    if selected.name == "__typename":
        return Constant(of.name)
    field = of.fields.get(selected.name)
    if field is None:
        raise GraphQLError(f'Unknown or invalid field "{selected.name}" selected on type "{of.name}"')
    assert isinstance(field.meaning, Value)
    return field.meaning.column
