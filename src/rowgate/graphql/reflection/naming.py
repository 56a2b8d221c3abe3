"""How names of the database become names of GraphQL.

https://supabase.github.io/pg_graphql/configuration/#inflection: a schema opts in to inflected names.
"""

from __future__ import annotations

import re
from typing import Final

# https://spec.graphql.org/October2021/#Name
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*", re.ASCII)


def is_name(text: str) -> bool:
    """Whether GraphQL can spell it; what it cannot is left out of the schema."""
    return _NAME.fullmatch(text) is not None


def type_name(name: str, inflect: bool) -> str:
    """`account_BY_email` → `AccountBYEmail` when inflected: what follows no letter or digit goes to upper case, and
    underscores go."""
    if not inflect:
        return name
    letters = [letter if before.isalnum() else letter.upper() for before, letter in zip("+" + name, name, strict=False)]
    return "".join(letters).replace("_", "")


def lower_first(name: str) -> str:
    """`AccountByEmail` → `accountByEmail`."""
    return name[:1].lower() + name[1:]


def column_name(name: str, inflect: bool) -> str:
    """A column as a field; verbatim when not inflected."""
    return lower_first(type_name(name, True)) if inflect else name


def function_name(name: str, inflect: bool) -> str:
    """A function as a field. One leading underscore, which once marked computed fields, goes."""
    return lower_first(type_name(name.removeprefix("_"), inflect))


def argument_name(name: str, inflect: bool) -> str:
    """A function's parameter as an argument."""
    return lower_first(type_name(name, inflect))


def to_one_name(columns: tuple[str, ...], base: str, inflect: bool) -> str:
    """A relation to one row: the stem of its only column (`owner_id` inflected, else `ownerId`), or the other table.

    `base` is the other table's type name, and `inflect` its schema's choice. From the other side of a one-to-one key
    `columns` are those that the key refers to.
    """
    suffix = "_id" if inflect else "Id"
    if len(columns) == 1 and columns[0].endswith(suffix):
        return lower_first(type_name(columns[0].removesuffix(suffix), inflect))
    return lower_first(base)


def to_many_name(base: str) -> str:
    """A relation to many rows; `base` is the other table's type name."""
    return f"{lower_first(base)}Collection"
