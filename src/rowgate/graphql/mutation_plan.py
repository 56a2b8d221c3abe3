"""The arguments and selections of insertInto, update and deleteFrom → a plan.

The checks, their order and their texts are those of pg_graphql's builder.rs.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import UNSET

from rowgate.graphql.connection_plan import Clamped
from rowgate.graphql.entities import Column, Table
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.filter_plan import filter_plan
from rowgate.graphql.given import Given, Input
from rowgate.graphql.inputs import argument, only_arguments
from rowgate.graphql.row_plan import row_plan
from rowgate.graphql.schema import Delete, Field, InputType, Insert, ObjectType, Schema, Update, Value
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.tree import Constant, Filter, RowPlan


class AffectedCount(msgspec.Struct, frozen=True):
    """How many rows were written."""


Outputs: TypeAlias = tuple[tuple[str, "AffectedCount | RowPlan | Constant"], ...]
"""What is selected of a response: (key, what stands there); a RowPlan stands for all rows that were written."""

Assignments: TypeAlias = tuple[tuple[Column, Input], ...]
"""Columns and their values, in the table's order."""


class InsertPlan(msgspec.Struct, frozen=True):
    """Rows to insert. A column that one row has and another has not, or whose value is absent, gets its default."""

    table: Table
    rows: tuple[Assignments, ...]
    outputs: Outputs
    cost: int


class UpdatePlan(msgspec.Struct, frozen=True):
    """Values for the columns of all rows that pass the filter, `at_most` so many."""

    table: Table
    assignments: Assignments
    filter: Filter
    at_most: Given
    outputs: Outputs
    cost: int


class DeletePlan(msgspec.Struct, frozen=True):
    """All rows that pass the filter, `at_most` so many."""

    table: Table
    filter: Filter
    at_most: Given
    outputs: Outputs
    cost: int


MutationPlan: TypeAlias = InsertPlan | UpdatePlan | DeletePlan


def mutation_plan(selected: Selected, field: Field, schema: Schema, scope: Scope) -> MutationPlan:
    """A root field of a mutation that is no function. Raises GraphQLError."""
    match field.meaning:
        case Insert(table):
            return _insert(table, selected, field, schema, scope)
        case Update(table):
            return _update(table, selected, field, schema, scope)
        case Delete(table):
            return _delete(table, selected, field, schema, scope)
    raise AssertionError(f"{field.name} changes no table")


def _insert(table: Table, selected: Selected, field: Field, schema: Schema, scope: Scope) -> InsertPlan:
    only_arguments(selected, ("objects",))
    objects = argument(selected, field, "objects", schema, scope)
    of = schema.input_type(field.arguments["objects"].type)
    assert isinstance(objects, list), "a list of input objects, none of them null"
    rows = tuple(_assignments(each, of) for each in objects if isinstance(each, dict))
    if not rows:
        raise GraphQLError("At least one record must be provided to objects")
    outputs = _outputs("insert", selected, field, schema, scope)
    most = (1 << len(rows).bit_length()) - 1  # that this plan serves (`shape.magnitude`)
    return InsertPlan(table, rows, outputs, most * _cost(outputs))


def _update(table: Table, selected: Selected, field: Field, schema: Schema, scope: Scope) -> UpdatePlan:
    only_arguments(selected, ("set", "filter", "atMost"))
    given = argument(selected, field, "set", schema, scope)
    values = _assignments(given, schema.input_type(field.arguments["set"].type)) if isinstance(given, dict) else ()
    assignments = tuple((column, value) for column, value in values if value is not UNSET)
    if not assignments:
        raise GraphQLError("At least one mapping must be provided to set argument")
    conditions = _filter(selected, field, schema, scope)
    at_most = _at_most(selected, field, schema, scope)
    outputs = _outputs("update", selected, field, schema, scope)
    return UpdatePlan(table, assignments, conditions, at_most, outputs, _limited_cost(table, outputs, at_most, scope))


def _delete(table: Table, selected: Selected, field: Field, schema: Schema, scope: Scope) -> DeletePlan:
    only_arguments(selected, ("filter", "atMost"))
    conditions = _filter(selected, field, schema, scope)
    at_most = _at_most(selected, field, schema, scope)
    outputs = _outputs("delete", selected, field, schema, scope)
    return DeletePlan(table, conditions, at_most, outputs, _limited_cost(table, outputs, at_most, scope))


def _assignments(given: dict[str, Input], of: InputType) -> Assignments:
    values = []
    for name, value in given.items():
        meaning = of.fields[name].meaning
        assert isinstance(meaning, Value), "every field of an insert's or an update's input is a column"
        values.append((meaning.column, value))
    return tuple(sorted(values, key=lambda each: each[0].position))


def _filter(selected: Selected, field: Field, schema: Schema, scope: Scope) -> Filter:
    given = argument(selected, field, "filter", schema, scope)
    return filter_plan(given, schema.input_type(field.arguments["filter"].type), schema, scope)


def _at_most(selected: Selected, field: Field, schema: Schema, scope: Scope) -> Given:
    """1 where it is absent, null or no integer: pg_graphql falls back on the default for whatever it cannot read."""
    try:
        given = argument(selected, field, "atMost", schema, scope)
    except GraphQLError:
        return Given(1)
    assert isinstance(given, Given)
    return given


def _outputs(kind: str, selected: Selected, field: Field, schema: Schema, scope: Scope) -> Outputs:
    response = schema.object_type(field.type)
    return tuple(
        (each.key, _output(kind, each, response, schema, scope))
        for each in select(selected.selections, response, scope)
    )


def _output(
    kind: str, selected: Selected, response: ObjectType, schema: Schema, scope: Scope
) -> AffectedCount | RowPlan | Constant:
    if selected.name == "__typename":
        return Constant(response.name)
    field = response.fields.get(selected.name)
    if field is None:
        raise GraphQLError(f"unknown field in {kind}")
    if field.name == "affectedCount":
        return AffectedCount()
    return row_plan(selected, schema.object_type(field.type), schema, scope)


def _cost(outputs: Outputs) -> int:
    """How many rows are read for each row that is written, that one included."""
    return max(1, sum(output.cost for _, output in outputs if isinstance(output, RowPlan)))


def _limited_cost(table: Table, outputs: Outputs, at_most: Given, scope: Scope) -> int:
    """A page's at most: whoever allows for a million rows seldom expects that many."""
    each = _cost(outputs)
    if each == 1:
        return 1
    clamped = Clamped(table.max_rows)
    scope.trace.pin(at_most, clamped)
    return each * max(1, clamped(at_most.value) or 0)
