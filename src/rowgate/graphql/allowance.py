"""How much the planning of one operation may take, beside what its text alone bounds.

A text of 10,000 tokens can name one variable a thousand times, spread one long argument into a thousand places, and
describe the schema in a hundred root fields. What each of them costs is spent here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json

VALUES = 50_000  # that arguments may hold, each as often as it is read; 100 ms of planning
USES = 2  # times that the values of the variables may be read beyond these, in the mean: a bulk insert reads its once
OBJECT = 10  # values that an object of a filter or an order counts as: it becomes a condition of its own
TEXT = 64  # characters that count as one value
NUMBERS = frozenset({int, float, bool, NoneType})


class Allowance:
    """What is left. `described` are the bytes that introspection has made."""

    __slots__ = ("_left", "_raised", "described")

    def __init__(self) -> None:
        self._left = VALUES
        self._raised = False
        self.described = 0

    def read(self, values: int, variables: Mapping[str, Json]) -> None:
        """Spend `values`. Raises GraphQLError with `nothing_ran` where there are none left."""
        self._left -= values
        if self._left < 0 and not self._raised:  # few operations come here: then the variables are looked at
            self._raised = True
            self._left += USES * extent(variables)
        if self._left < 0:
            raise GraphQLError("The arguments of the operation hold too many values", nothing_ran=True)


def extent(value: Json) -> int:
    """The values that a JSON value holds, itself among them; long texts count as several."""
    total = 0
    rest: list[Json] = [value]
    while rest:
        each = rest.pop()
        total += 1
        if isinstance(each, str):
            total += len(each) // TEXT
        elif isinstance(each, Mapping):
            rest += each.values()
        elif isinstance(each, list):
            if NUMBERS.issuperset(map(type, each)):
                total += len(each)
            else:
                rest += each
    return total
