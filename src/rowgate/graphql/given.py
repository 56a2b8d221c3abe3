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

Path: TypeAlias = tuple[str | int, ...]
Json: TypeAlias = Any  # None, bool, int, float, str, list, dict
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
