"""An operation made ready: everything that depends on no value and no principal."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rowgate.graphql.given import Json, Pin
from rowgate.graphql.written import Written
from rowgate.postgres.statement import Access, Statement


class Fixed(msgspec.Struct, frozen=True, gc=False):
    """A root field whose JSON is known already: `__typename`, introspection."""

    key: str
    json: bytes


class Fetched(msgspec.Struct, frozen=True, gc=False):
    """A root field that Postgres writes: the text of `column` of the first row of statement `statement`."""

    key: str
    statement: int
    column: int


Part: TypeAlias = Fixed | Fetched


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """What all requests of one shape have in common.

    A query has at most one statement, with a column per fetched root field; a mutation one per root field, in order.
    `errors` are messages that stand beside the data. `parts` is None where there is no data: with `nothing_ran` the
    answer has no `data`, else it is null.
    """

    access: Access
    statements: tuple[Written, ...]
    parts: tuple[Part, ...] | None
    errors: tuple[str, ...] = ()
    nothing_ran: bool = False
    pins: tuple[Pin, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of its texts."""
        fixed = sum(len(part.json) for part in self.parts or () if isinstance(part, Fixed))
        return fixed + sum(len(each.sql) for each in self.statements)

    def ready(self, variables: Json, room: int) -> Ready:
        """One request of this shape, whose values may take `room` bytes. Raises GraphQLError for more, and for a value
        that cannot be sent."""
        taken = 0
        statements = []
        for each in self.statements:
            statement = each.statement(variables, self.access, room - taken)
            taken += sum([len(value) for value in statement.parameters if value is not None])
            statements.append(statement)
        return Ready(self, tuple(statements), taken)


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A request ready to run: the statements of what was prepared, with its values, which take `taken` bytes."""

    prepared: Prepared
    statements: tuple[Statement, ...]
    taken: int
