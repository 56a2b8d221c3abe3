"""A filter argument → the conditions it stands for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from rowgate.graphql.entities import Scalar
from rowgate.graphql.given import Given, Input, Json
from rowgate.graphql.node_id import read_node_id
from rowgate.graphql.schema import InputField, InputType, NodeId, Schema, Value
from rowgate.graphql.scope import Scope
from rowgate.graphql.tree import AllOf, AnyOf, Comparison, Filter, IsNull, KeyGiven, Not, Unwritable


def filter_plan(given: Input, of: InputType, schema: Schema, scope: Scope) -> Filter:
    """The conditions of a table's filter, all of which must hold. Absent, null and empty: no condition.

    Raises GraphQLError for a nodeId that is none.
    """
    if not isinstance(given, dict):
        return AllOf()
    parts: list[Filter] = []
    for name, value in given.items():
        field = of.fields[name]
        if isinstance(field.meaning, Value | NodeId):
            parts += _comparisons(field, value, scope)
        elif name == "not":
            part = filter_plan(value, of, schema, scope)
            parts += [] if part == AllOf() else [Not(part)]
        else:
            each = [filter_plan(one, of, schema, scope) for one in value] if isinstance(value, list) else []
            each = [one for one in each if one != AllOf()]
            parts += [AllOf(tuple(each)) if name == "and" else AnyOf(tuple(each))] if each else []
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _comparisons(field: InputField, given: Input, scope: Scope) -> list[Filter]:
    if not isinstance(given, dict):
        return []
    return [_comparison(field, operator, value, scope) for operator, value in given.items() if value is not UNSET]


def _comparison(field: InputField, operator: str, value: Input, scope: Scope) -> Filter:
    if isinstance(field.meaning, NodeId):
        leaf, (schema, name, size) = read_node_id(value, scope.trace)
        if (schema, name) != field.meaning.table.qualified_name:
            return Unwritable("nodeId belongs to a different collection")
        return KeyGiven(field.meaning.table, leaf, size)
    assert isinstance(field.meaning, Value)
    column = field.meaning.column
    if operator == "is":
        assert isinstance(value, Given)
        wanted = scope.trace.value(value)
        if wanted is None:
            return Unwritable("Error transpiling Is filter value type")
        return IsNull(column, negated=wanted == "NOT_NULL")
    if column.kind is Scalar.OPAQUE and isinstance(value, Given):
        scope.trace.pin(value, is_object)
        if is_object(value.value):
            return Unwritable("Unexpected object in input value")
    return Comparison(column, operator, value)


def is_object(value: Json) -> bool:
    """An object is no value of any type, also of one that takes whatever Postgres takes."""
    return isinstance(value, Mapping)
