"""What a request says about a table's rows: `<T>Filter`, `<T>OrderBy`, `<T>InsertInput`, `<T>UpdateInput`."""

from __future__ import annotations

from collections.abc import Iterable

from rowgate.graphql.definition.comparison_types import comparison
from rowgate.graphql.definition.enum_types import ORDER_BY_DIRECTION
from rowgate.graphql.definition.references import items, reference
from rowgate.graphql.entities import Column, ListKind, Scalar, Table
from rowgate.graphql.schema import InputField, InputRole, InputType, ListOf, Named, NodeId, Value

_ALL = "Returns true only if all its inner filters are true, otherwise returns false"
_ANY = "Returns true if at least one of its inner filters is true, otherwise returns false"
_NOT = "Negates a filter"


def filter_type(table: Table) -> InputType:
    """Columns, nodeId, then `and`, `or` and `not`; a column of such a name takes its place (pg_graphql's rule)."""
    name = f"{table.base}Filter"
    fields: dict[str, InputField] = {}
    for column in readable(table):
        compared = comparison(column.kind)
        if compared is not None:
            fields[column.field] = _entry(column, Named(compared))
    fields["nodeId"] = InputField("nodeId", Named("IDFilter"), meaning=NodeId(table))
    for compound in (
        InputField("and", items(name), _ALL),
        InputField("or", items(name), _ANY),
        InputField("not", Named(name), _NOT),
    ):
        fields.setdefault(compound.name, compound)
    return InputType(name, fields, InputRole.FILTER)


def order_type(table: Table) -> InputType:
    """Every column that Postgres can put in an order: neither JSON nor arrays."""
    direction = Named(ORDER_BY_DIRECTION.name)
    ordered = [
        column for column in readable(table) if not (column.kind == Scalar.JSON or isinstance(column.kind, ListKind))
    ]
    fields = {column.field: InputField(column.field, direction, meaning=Value(column)) for column in ordered}
    return InputType(f"{table.base}OrderBy", fields, InputRole.ORDER)


def insert_type(table: Table) -> InputType:
    """All are nullable: a default or a trigger may give what is left out, and Postgres says so where none does."""
    return _written(table, "InsertInput", InputRole.INSERT, (column for column in table.columns if column.insertable))


def update_type(table: Table) -> InputType:
    """The columns that an update may set."""
    return _written(table, "UpdateInput", InputRole.UPDATE, (column for column in table.columns if column.updatable))


def readable(table: Table) -> list[Column]:
    """The columns that have a field, in their order in the table."""
    return [column for column in table.columns if column.selectable and column.named and not column.composite]


def _written(table: Table, suffix: str, role: InputRole, columns: Iterable[Column]) -> InputType:
    fields = {
        column.field: _entry(column, reference(column.kind))
        for column in columns
        if column.named and not column.composite
    }
    return InputType(f"{table.base}{suffix}", fields, role)


def _entry(column: Column, taken: Named | ListOf) -> InputField:
    return InputField(column.field, taken, meaning=Value(column), max_length=column.max_length)
