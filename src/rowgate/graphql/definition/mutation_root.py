"""`Mutation`: insert, update and delete for each table that the role may change, and volatile functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from rowgate.graphql.definition.function_fields import function_makers
from rowgate.graphql.definition.on_demand import OnDemand
from rowgate.graphql.definition.references import SOME_INT, some_items
from rowgate.graphql.entities import Function, Table
from rowgate.graphql.schema import Delete, Field, InputField, Insert, Named, NonNull, ObjectType, Update
from rowgate.postgres.catalog.records import QualifiedName

_AT_MOST = InputField(
    "atMost", SOME_INT, "The maximum number of records in the collection permitted to be affected", default="1"
)
_SET = "Fields that are set will be updated for all records matching the `filter`"
_FILTER = "Restricts the mutation's impact to records matching the criteria"


def mutation_type(tables: Mapping[QualifiedName, Table], functions: Iterable[Function]) -> ObjectType | None:
    """None where the role may change nothing. A function never takes the place of a table's field."""
    makers: dict[str, Callable[[], Field]] = {}
    for table in tables.values():
        if table.insertable:
            makers[f"insertInto{table.base}Collection"] = partial(_insert, table)
        if table.updatable:
            makers[f"update{table.base}Collection"] = partial(_update, table)
        if table.deletable:
            makers[f"deleteFrom{table.base}Collection"] = partial(_delete, table)
    makers = {**function_makers(functions, tables), **makers}
    if not makers:
        return None
    description = "The root type for creating and mutating data"
    return ObjectType("Mutation", OnDemand(dict(sorted(makers.items()))), description)


def _insert(table: Table) -> Field:
    return Field(
        f"insertInto{table.base}Collection",
        Named(f"{table.base}InsertResponse"),
        {"objects": InputField("objects", some_items(f"{table.base}InsertInput"))},
        f"Adds one or more `{table.base}` records to the collection",
        Insert(table),
    )


def _update(table: Table) -> Field:
    assignments = InputField("set", NonNull(Named(f"{table.base}UpdateInput")), _SET)
    return Field(
        f"update{table.base}Collection",
        NonNull(Named(f"{table.base}UpdateResponse")),
        {"set": assignments, "filter": _filter(table), "atMost": _AT_MOST},
        f"Updates zero or more records in the `{table.base}` collection",
        Update(table),
    )


def _delete(table: Table) -> Field:
    return Field(
        f"deleteFrom{table.base}Collection",
        NonNull(Named(f"{table.base}DeleteResponse")),
        {"filter": _filter(table), "atMost": _AT_MOST},
        f"Deletes zero or more records from the `{table.base}` collection",
        Delete(table),
    )


def _filter(table: Table) -> InputField:
    return InputField("filter", Named(f"{table.base}Filter"), _FILTER)
