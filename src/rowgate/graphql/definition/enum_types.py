"""The enums of the database, and the order that a column can be sorted in."""

from __future__ import annotations

from rowgate.graphql.entities import EnumKind
from rowgate.graphql.schema import EnumType, EnumValue

ORDER_BY_DIRECTION = EnumType(
    "OrderByDirection",
    (
        EnumValue("AscNullsFirst", "Ascending order, nulls first"),
        EnumValue("AscNullsLast", "Ascending order, nulls last"),
        EnumValue("DescNullsFirst", "Descending order, nulls first"),
        EnumValue("DescNullsLast", "Descending order, nulls last"),
    ),
    "Defines a per-field sorting order",
)


def enum_type(kind: EnumKind) -> EnumType:
    """An enum of the database; its values are what its labels are mapped to."""
    return EnumType(kind.base, tuple(EnumValue(value) for _, value in kind.labels), kind=kind)
