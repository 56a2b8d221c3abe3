"""Statements with holes: the SQL text, and the parameters that each request fills in.

Kept from the garbage collector like all that a kept plan holds (`given.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given, Json, Path, at
from rowgate.postgres.statement import Access, PlanMode, Statement

Render: TypeAlias = Callable[[Json], bytes | None]


class Hole(msgspec.Struct, frozen=True, gc=False):
    """A parameter that each request fills in: `render` of the variable at `path`."""

    path: Path
    render: Render

    def fill(self, variables: Mapping[str, Json]) -> bytes | None:
        """The parameter of one request."""
        return self.render(at(variables, self.path))


Parameter: TypeAlias = bytes | Hole | None
PARAMETERS = 65_535  # of a statement: Bind counts them in 16 bits


class Writer:
    """Collects the parameters of a statement while its SQL is written."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self._blocks = 0

    def parameter(self, given: Given, render: Render) -> str:
        """`$n` for a leaf; `render` gives Postgres' text form of it (None: NULL).

        Raises GraphQLError for more than a statement can have.
        """
        if len(self.parameters) == PARAMETERS:
            raise GraphQLError(f"Operation has more than {PARAMETERS} values for one statement")
        self.parameters.append(render(given.value) if given.path is None else Hole(given.path, render))
        return f"${len(self.parameters)}"

    def block(self) -> str:
        """An alias that no other part of the statement has."""
        self._blocks += 1
        return f"b{self._blocks}"


class Written(msgspec.Struct, frozen=True, gc=False):
    """A statement with holes. Several columns: one per root field of a query, in order.

    `plan` says whether Postgres plans it for the values that come: a plan for any value can be a thousand times slower
    where they filter, and is as good where they name a row by its key or are only written.
    """

    sql: str
    parameters: tuple[Parameter, ...]
    plan: PlanMode = PlanMode.CUSTOM

    def statement(self, variables: Mapping[str, Json], access: Access, room: int) -> Statement:
        """The statement with the values of one request, which may take `room` bytes: each place that names a variable
        takes all of its value. Raises GraphQLError for one that cannot be sent."""
        if not self.parameters:
            return Statement(self.sql, (), access)
        filled = []
        for each in self.parameters:
            value = each.fill(variables) if isinstance(each, Hole) else each
            if value is not None:
                room -= len(value)
                if room < 0:
                    raise GraphQLError("The variables are used in too many places for their size")
            filled.append(value)
        return Statement(self.sql, tuple(filled), access, self.plan)
