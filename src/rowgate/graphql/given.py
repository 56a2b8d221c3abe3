"""Arguments as the planner gets them: coerced, and each leaf with the place it came from.

A plan is kept for all requests that differ only in values. So a leaf that came from a variable knows its path, and
what was decided by its value, and not by its mere shape, is written down in the `Trace`.

Records of kept plans are kept from the garbage collector (`gc=False`): none ever leads back to itself, and 2,000 plans
were 30,000 things to look at with every full collection.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec import UnsetType

from rowgate.graphql.errors import GraphQLError
from rowgate.postgres.statement import Access, PlanMode, Statement

Path: TypeAlias = tuple[str | int, ...]
Json: TypeAlias = Any  # None, bool, int, float, str, list, dict
Render: TypeAlias = Callable[[Json], bytes | None]
Read: TypeAlias = Callable[[Json], Hashable]


class Given(msgspec.Struct, frozen=True, gc=False):
    """A leaf: a scalar, an enum value, a null, or a list of these. `path` leads into the variables; None: it is
    written in the query, or a variable's default."""

    value: Json
    path: Path | None = None


Input: TypeAlias = "UnsetType | Given | dict[str, Input] | list[Input]"
"""Absent (UNSET), a leaf, an input object, or a list of input objects."""


class Pin(msgspec.Struct, frozen=True, gc=False):
    """Something of a variable that a plan depends on: `read` of the value at `path`."""

    path: Path
    read: Read


class Trace:
    """What a plan in the making depends on beside the query's text and the shape of its variables."""

    def __init__(self) -> None:
        self.pins: list[Pin] = []

    def pin(self, given: Given, read: Read) -> None:
        """The plan holds only while `read(value)` stays what it is. `read` is a pure function of the module level,
        or a frozen record with `__call__`; it never raises."""
        if given.path is not None:
            self.pins.append(Pin(given.path, read))

    def value(self, given: Given) -> Json:
        """The value itself, on which the plan then depends."""
        self.pin(given, itself)
        return given.value


def itself(value: Json) -> Hashable:
    """A scalar as its own pin; told apart by type, since 1 == True == 1.0."""
    return (type(value).__name__, value if isinstance(value, Hashable) else repr(value))


def at(variables: Mapping[str, Json], path: Path) -> Json:
    """The value at a path; the shape of the variables has been found to have it."""
    found: Json = variables
    for step in path:
        found = found[step]
    return found


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
