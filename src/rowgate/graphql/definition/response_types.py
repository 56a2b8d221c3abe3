"""What a mutation answers with: `<T>InsertResponse`, `<T>UpdateResponse`, `<T>DeleteResponse`."""

from __future__ import annotations

from rowgate.graphql.definition.references import SOME_INT, some_items
from rowgate.graphql.entities import Table
from rowgate.graphql.schema import Field, ObjectType, Row

_AFFECTED = Field("affectedCount", SOME_INT, description="Count of the records impacted by the mutation")


def response_type(table: Table, suffix: str) -> ObjectType:
    """All three have the same fields."""
    records = Field(
        "records",
        some_items(table.base),
        description="Array of records impacted by the mutation",
        meaning=Row(table),
    )
    return ObjectType(f"{table.base}{suffix}", {_AFFECTED.name: _AFFECTED, records.name: records})
