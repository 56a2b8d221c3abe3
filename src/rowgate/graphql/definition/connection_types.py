"""Pages of rows: `<T>Connection`, `<T>Edge`, `PageInfo`, and the arguments that every connection takes."""

from __future__ import annotations

from collections.abc import Mapping

from rowgate.graphql.definition.references import (
    CURSOR,
    INT,
    SOME_BOOLEAN,
    SOME_INT,
    SOME_STRING,
    STRING,
    items,
    some_items,
)
from rowgate.graphql.entities import Table
from rowgate.graphql.schema import Field, InputField, Named, NonNull, ObjectType, Row

PAGE_INFO = ObjectType(
    "PageInfo",
    {
        "endCursor": Field("endCursor", STRING),
        "hasNextPage": Field("hasNextPage", SOME_BOOLEAN),
        "hasPreviousPage": Field("hasPreviousPage", SOME_BOOLEAN),
        "startCursor": Field("startCursor", STRING),
    },
)

_OFFSET = (
    "Skip n values from the after cursor. Alternative to cursor pagination. Backward pagination not supported."  # sic
)
_PAGING = {
    argument.name: argument
    for argument in (
        InputField("first", INT, "Query the first `n` records in the collection"),
        InputField("last", INT, "Query the last `n` records in the collection"),
        InputField("before", CURSOR, "Query values in the collection before the provided cursor"),
        InputField("after", CURSOR, "Query values in the collection after the provided cursor"),
        InputField("offset", INT, _OFFSET),
    )
}
_FILTER = "Filters to apply to the results set when querying from the collection"
_ORDER = "Sort order to apply to the collection"
_COUNT = Field("totalCount", SOME_INT, description="The total number of records matching the `filter` criteria")


def connection_arguments(table: Table) -> Mapping[str, InputField]:
    """Of every field whose type is the table's connection."""
    return {
        **_PAGING,
        "filter": InputField("filter", Named(f"{table.base}Filter"), _FILTER),
        "orderBy": InputField("orderBy", items(f"{table.base}OrderBy"), _ORDER),
    }


def connection_type(table: Table) -> ObjectType:
    """`<T>Connection`; `totalCount` and `aggregate` only where the table opted in."""
    fields = {
        "edges": Field("edges", some_items(f"{table.base}Edge")),
        "pageInfo": Field("pageInfo", NonNull(Named(PAGE_INFO.name))),
    }
    if table.total_count:
        fields["totalCount"] = _COUNT
    if table.aggregate:
        description = f"Aggregate functions calculated on the collection of `{table.base}`"
        fields["aggregate"] = Field("aggregate", Named(f"{table.base}Aggregate"), description=description)
    return ObjectType(f"{table.base}Connection", fields)


def edge_type(table: Table) -> ObjectType:
    """`<T>Edge`."""
    return ObjectType(
        f"{table.base}Edge",
        {
            "cursor": Field("cursor", SOME_STRING),
            "node": Field("node", NonNull(Named(table.base)), meaning=Row(table)),
        },
    )
