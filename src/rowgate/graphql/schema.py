"""A GraphQL schema as records: named types, their fields and arguments, and what each of them means in the database.

Types refer to one another by name, so that a schema is a tree of frozen records. `definition/` builds
one from a `Graph`; `plan.py` reads the meanings, `introspection.py` everything else.

Records of which a large schema has many are kept from the garbage collector (`gc=False`): none ever leads back to
itself, and looking through those of 1,000 tables, over and over while they are made, took 260 of 700 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec

from rowgate.graphql.entities import Column, EnumKind, Function, FunctionParameter, Join, Kind, Table
from rowgate.postgres.catalog.records import QualifiedName


class Named(msgspec.Struct, frozen=True, gc=False):
    """A reference to a type by its name."""

    name: str


class ListOf(msgspec.Struct, frozen=True, gc=False):
    """A list of another type."""

    of: TypeRef


class NonNull(msgspec.Struct, frozen=True, gc=False):
    """A type that cannot be null."""

    of: Named | ListOf


TypeRef: TypeAlias = "Named | ListOf | NonNull"


class Root(StrEnum):
    """Root fields that no table or function stands behind."""

    NODE = "node"
    TYPE = "__type"
    SCHEMA = "__schema"


class Collection(msgspec.Struct, frozen=True, gc=False):
    """A connection over a table: a root field, or through `join` from the row above, or from a computed field."""

    table: Table
    join: Join = ()
    function: Function | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of a table: through `join` from the row above, from a computed field, an edge's or a mutation's own."""

    table: Table
    join: Join = ()
    function: Function | None = None


class ByKey(msgspec.Struct, frozen=True):
    """The row of a table with the given key: a root field `<t>ByPk`."""

    table: Table


class Insert(msgspec.Struct, frozen=True):
    """`insertInto<T>Collection`."""

    table: Table


class Update(msgspec.Struct, frozen=True):
    """`update<T>Collection`."""

    table: Table


class Delete(msgspec.Struct, frozen=True):
    """`deleteFrom<T>Collection`."""

    table: Table


class Call(msgspec.Struct, frozen=True):
    """A function as a root field. `table` is set where it returns rows of one."""

    function: Function
    table: Table | None = None


class Computed(msgspec.Struct, frozen=True):
    """A function of the row, with a scalar or list as its value."""

    function: Function


class NodeId(msgspec.Struct, frozen=True, gc=False):
    """The global identifier of a table's row, as a field or as a filter."""

    table: Table


class Value(msgspec.Struct, frozen=True, gc=False):
    """A column, as a field or as an entry of an input type."""

    column: Column


class ArgumentOf(msgspec.Struct, frozen=True):
    """A parameter of a function."""

    parameter: FunctionParameter


Meaning: TypeAlias = (
    Root
    | Collection
    | Row
    | ByKey
    | Insert
    | Update
    | Delete
    | Call
    | Computed
    | NodeId
    | Value
    | ArgumentOf
    | None  # known by its name within its type: edges, cursor, pageInfo, totalCount, affectedCount, records, count …
)


class InputField(msgspec.Struct, frozen=True, gc=False):
    """An argument, or a field of an input type. `default` is GraphQL text, as introspection shows it."""

    name: str
    type: TypeRef
    description: str | None = None
    default: str | None = None
    meaning: Meaning = None
    max_length: int | None = None  # of a String, or of all that a StringFilter compares with: longer input is refused


class Field(msgspec.Struct, frozen=True, gc=False):
    """A field of an object or interface type. `arguments` are in the order in which introspection shows them."""

    name: str
    type: TypeRef
    arguments: Mapping[str, InputField] = {}
    description: str | None = None
    meaning: Meaning = None


class ScalarType(msgspec.Struct, frozen=True):
    """A scalar."""

    name: str
    description: str


class EnumValue(msgspec.Struct, frozen=True):
    """A value of an enum type."""

    name: str
    description: str | None = None


class EnumType(msgspec.Struct, frozen=True):
    """An enum type. `kind` is set for an enum of the database; its labels say what a value is in Postgres."""

    name: str
    values: tuple[EnumValue, ...]
    description: str | None = None
    kind: EnumKind | None = None


class ObjectType(msgspec.Struct, frozen=True):
    """An object type. `fields` are in introspection's order; `__typename` is every type's and not among them."""

    name: str
    fields: Mapping[str, Field]
    description: str | None = None
    interfaces: tuple[str, ...] = ()
    table: Table | None = None  # of a Node type: the table whose rows it describes


class InterfaceType(msgspec.Struct, frozen=True):
    """`Node`. `possible` are the names of the types that implement it, sorted."""

    name: str
    fields: Mapping[str, Field]
    possible: tuple[str, ...]
    description: str | None = None


class InputRole(StrEnum):
    """What an input type is for; decides how the planner reads it."""

    FILTER = "filter"  # of a table: fields of columns, nodeId, and, or, not
    COMPARISON = "comparison"  # of a type: eq, neq, in …
    ORDER = "order"
    INSERT = "insert"
    UPDATE = "update"


class InputType(msgspec.Struct, frozen=True):
    """An input object type. `of` is the kind that a comparison compares."""

    name: str
    fields: Mapping[str, InputField]
    role: InputRole
    description: str | None = None
    of: Kind | None = None


NamedType: TypeAlias = ScalarType | EnumType | ObjectType | InterfaceType | InputType


class Schema(msgspec.Struct, frozen=True):
    """A role's schema. `types` is sorted by name. `mutation` is None where the role can change nothing.

    `shown` are the names of the types that introspection shows, None where it is not allowed at all; `serial` tells
    schemas apart in cache keys. `tables` are those whose rows have a type, by (schema, name), as a nodeId names them.
    """

    types: Mapping[str, NamedType]
    query: ObjectType
    mutation: ObjectType | None
    shown: frozenset[str] | None
    serial: int
    tables: Mapping[QualifiedName, Table] = {}

    def object_type(self, reference: TypeRef) -> ObjectType:
        """The object type that a reference is to, below all lists and non-nulls; it is known to be one."""
        found = self.types[named(reference)]
        assert isinstance(found, ObjectType), found.name
        return found

    def input_type(self, reference: TypeRef) -> InputType:
        """The input object type that a reference is to, below all lists and non-nulls; it is known to be one."""
        found = self.types[named(reference)]
        assert isinstance(found, InputType), found.name
        return found


def named(reference: TypeRef) -> str:
    """The name below all lists and non-nulls."""
    while not isinstance(reference, Named):
        reference = reference.of
    return reference.name
