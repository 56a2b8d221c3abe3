"""References to types that many fields share: the dialect's scalars, and what a kind of the database is in GraphQL."""

from __future__ import annotations

from rowgate.graphql.entities import Kind, ListKind, Scalar
from rowgate.graphql.schema import ListOf, Named, NonNull

ID = Named(Scalar.ID.value)
INT = Named(Scalar.INT.value)
STRING = Named(Scalar.STRING.value)
BOOLEAN = Named(Scalar.BOOLEAN.value)
CURSOR = Named(Scalar.CURSOR.value)

SOME_ID = NonNull(ID)
SOME_INT = NonNull(INT)
SOME_STRING = NonNull(STRING)
SOME_BOOLEAN = NonNull(BOOLEAN)


def reference(kind: Kind) -> Named | ListOf:
    """The nullable type of a value of this kind. A list's items may be null, as an array's elements may."""
    if isinstance(kind, ListKind):
        return ListOf(reference(kind.item))
    return Named(kind.value if isinstance(kind, Scalar) else kind.base)


def items(name: str) -> ListOf:
    """A list without nulls in it, which itself may be null."""
    return ListOf(NonNull(Named(name)))


def some_items(name: str) -> NonNull:
    """A list that neither is nor holds null."""
    return NonNull(items(name))
