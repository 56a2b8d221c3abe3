"""What of a request's variables a plan may depend on without having looked at a value: their structure.

Two requests whose variables have one shape have values of one JSON type at every path that a plan can name. A list of
scalars is one value, and its length no part of its shape; a list that holds objects is as long as it is. Rows are the
exception: objects of scalars that have the same members are of one shape in any number, with nulls wherever, so that
one plan serves a bulk insert of any size. Who reads them as anything but rows to insert pins their `structure`.
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


def structure(value: Json) -> Hashable:
    """The kinds of all elements of a list of objects: a pin for whoever depends on more than the shape of rows."""
    return _kinds_of_elements(value, 0)


def magnitude(rows: Json) -> Hashable:
    """About how many rows there are, a pin: 1, 2 to 3, 4 to 7 …"""
    return len(rows).bit_length()


def kind_of_rows(rows: list[Json]) -> Hashable | None:
    """The members of a list's objects and the kinds that each of them has; None where it holds anything else, they
    differ in their members or have none, or one of these is more than a scalar or a list of scalars."""
    if set(map(type, rows)) != {dict}:
        return None
    names = tuple(rows[0])
    if not names or any(tuple(row) != names for row in rows):
        return None
    kinds: list[Hashable] = ["rows"]
    for name in names:
        values = [row[name] for row in rows]
        types = set(map(type, values))
        if types <= _KINDS.keys():
            kinds += (name, frozenset([_KINDS[each] for each in types]))
        elif dict in types or any(_holds_more(each) for each in values if type(each) is list):
            return None
        else:
            kinds += (name, frozenset([_kind(each, 0) for each in values]))
    return tuple(kinds)


def weight(shape: Hashable) -> int:
    """About how many bytes a shape, or what was read of a value, takes."""
    if isinstance(shape, tuple | frozenset):
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
        return kind_of_rows(elements) or _kinds_of_elements(elements, level)
    if types == {int} and min(elements) >= -_INT64 and max(elements) < _INT64:
        return ("l", "i")
    if len(types) > 1 or int in types:
        return ("l", *dict.fromkeys(_kind(each, level) for each in elements))
    return ("l", *(_KINDS[each] for each in types))


def _holds_more(elements: list[Json]) -> bool:
    """Whether a list holds anything but scalars."""
    types = set(map(type, elements))
    return dict in types or list in types


def _kinds_of_elements(elements: list[Json], level: int) -> Hashable:
    return ("[", *(_kind(each, level + 1) for each in elements))
