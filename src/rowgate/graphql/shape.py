"""What of a request's variables a plan may depend on without having looked at a value: their structure.

Two requests whose variables have one shape have values of one JSON type at every path that a plan can name. A list of
scalars is one value, and its length no part of its shape; a list that holds objects is as long as it is.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import NoneType

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json

NESTED = 100  # levels of lists and objects in the variables; an argument may have fewer
_KINDS: Mapping[type, str] = {str: "s", bool: "b", NoneType: "n", float: "f"}
_INT64 = 2**63


def shape_of(variables: Mapping[str, Json]) -> tuple[Hashable, ...]:
    """The names and the kinds of what they stand for, by turns. Raises GraphQLError for variables nested too deep."""
    shape: list[Hashable] = []
    for name, value in variables.items():
        shape.append(name)
        shape.append(_KINDS.get(type(value)) or _kind(value, 1))
    return tuple(shape)


def weight(shape: Hashable) -> int:
    """About how many bytes a shape, or what was read of a value, takes."""
    if isinstance(shape, tuple):
        return 56 + sum(map(weight, shape))
    return 8 + len(shape) if isinstance(shape, str | bytes) else 8


def _kind(value: Json, level: int) -> Hashable:
    if type(value) is int:
        # Beyond 64 bits it is a float to upstream, and so to the checks of every type.
        return "i" if -_INT64 <= value < _INT64 else "f"
    if level > NESTED:
        raise GraphQLError(f"Variables are nested more than {NESTED} levels deep", nothing_ran=True)
    if type(value) is list:
        return _kind_of_list(value, level)
    if type(value) is dict:
        shape: list[Hashable] = ["{"]
        for name, inner in value.items():
            shape.append(name)
            shape.append(_KINDS.get(type(inner)) or _kind(inner, level + 1))
        return tuple(shape)
    return _KINDS[type(value)]


def _kind_of_list(elements: list[Json], level: int) -> Hashable:
    """The kinds of scalars in the order in which they first appear, by which the first error among them is the same."""
    types = set(map(type, elements))
    if dict in types or list in types:
        return ("[", *(_kind(each, level + 1) for each in elements))
    if types == {int} and min(elements) >= -_INT64 and max(elements) < _INT64:
        return ("l", "i")
    if len(types) > 1 or int in types:
        return ("l", *dict.fromkeys(_kind(each, level) for each in elements))
    return ("l", *(_KINDS[each] for each in types))
