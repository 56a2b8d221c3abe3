"""The database as one role sees it, in GraphQL's terms: what reflection makes of the catalog, and all else is made of.

Names that begin with `sql_`, and `schema` and `name`, are Postgres' own, unquoted; `field` and `base` are GraphQL's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec

from rowgate.postgres.catalog.records import QualifiedName, Volatility


class Scalar(StrEnum):
    """The dialect's scalar types."""

    ID = "ID"
    INT = "Int"
    FLOAT = "Float"
    STRING = "String"
    BOOLEAN = "Boolean"
    DATE = "Date"
    TIME = "Time"
    DATETIME = "Datetime"
    BIG_INT = "BigInt"
    UUID = "UUID"
    JSON = "JSON"
    CURSOR = "Cursor"
    BIG_FLOAT = "BigFloat"
    OPAQUE = "Opaque"


class EnumKind(msgspec.Struct, frozen=True):
    """An enum on the role's search path. `labels` are (Postgres' label, GraphQL's value), in the enum's order."""

    schema: str
    name: str
    base: str
    labels: tuple[tuple[str, str], ...]
    mapped: bool = False  # some value is not its label
    introspectable: bool = False


class ListKind(msgspec.Struct, frozen=True):
    """An array of one of the other kinds; Postgres' arrays have one type whatever their dimensions."""

    item: Scalar | EnumKind


Kind: TypeAlias = Scalar | EnumKind | ListKind


class Column(msgspec.Struct, frozen=True):
    """A column. `field` is a valid GraphQL name where `named` says so; where not it has no field of its own.

    `sql_type` is what a text parameter is cast to: `format_type` with its modifier, schema-qualified where needed.
    `max_length` is set for varchar(n) and char(n), whose input must not be cut.
    """

    name: str
    field: str
    kind: Kind
    sql_type: str
    type_oid: int
    not_null: bool
    position: int
    named: bool = True
    composite: bool = False  # of a type that the dialect has no kind for: it has no field of its own
    selectable: bool = True
    insertable: bool = True  # neither generated nor serial nor identity always, and the role may
    updatable: bool = True
    max_length: int | None = None
    description: str | None = None


class Table(msgspec.Struct, frozen=True):
    """A table, view, materialized view or foreign table that has a key and that the role may read some of.

    `columns` are all of it, whatever the role may do; `key` are those of the primary key or of the directive, none for
    one of a graph's `keyless`.
    """

    schema: str
    name: str
    base: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    insertable: bool = False  # the role may write some column, be it one that is no input
    updatable: bool = False
    deletable: bool = False
    readable: bool = True  # SELECT on the whole table, without which computed fields are not shown
    total_count: bool = False
    aggregate: bool = False
    max_rows: int = 30
    description: str | None = None
    inflected: bool = False
    introspectable: bool = False

    @property
    def qualified_name(self) -> QualifiedName:
        return (self.schema, self.name)

    @property
    def field(self) -> str:
        """The base with its first letter in lower case, as entry points spell it."""
        return self.base[:1].lower() + self.base[1:]


Join: TypeAlias = tuple[tuple[str, str], ...]
"""(this table's column, the other table's column), Postgres' names."""


class Relation(msgspec.Struct, frozen=True):
    """A way from one table to another by a foreign key, real or from a directive."""

    field: str
    target: QualifiedName
    join: Join
    to_one: bool
    not_null: bool = False  # only ever for a to-one relation


class FunctionParameter(msgspec.Struct, frozen=True):
    """An input parameter of a function. `default` is as introspection shows it; `required` says there is none."""

    name: str
    field: str
    kind: Kind
    sql_type: str
    required: bool
    default: str | None = None


class Returns(msgspec.Struct, frozen=True):
    """What a function returns: a kind, or rows of a table. `set_of` as declared; `one_row` says `rows 1`."""

    kind: Kind | None
    table: QualifiedName | None
    set_of: bool
    sql_type: str
    type_oid: int
    one_row: bool = False


class Function(msgspec.Struct, frozen=True):
    """A function that the role may execute: a root field or, where its only argument is a row, a computed field."""

    schema: str
    name: str
    field: str
    parameters: tuple[FunctionParameter, ...]
    returns: Returns
    volatility: Volatility
    description: str | None = None
    introspectable: bool = False


class Graph(msgspec.Struct, frozen=True):
    """Everything one role sees. `relations` and `computed` are by table; `functions` are root fields.

    `introspection` says whether a schema on the path opted in; types of the others are left out of its answers.
    `keyless` are tables and views without a key: of them one sees only the row that a function of another row gives.
    """

    tables: Mapping[QualifiedName, Table]
    relations: Mapping[QualifiedName, tuple[Relation, ...]]
    computed: Mapping[QualifiedName, tuple[Function, ...]]
    functions: tuple[Function, ...]
    enums: tuple[EnumKind, ...]
    introspection: bool
    keyless: Mapping[QualifiedName, Table] = {}
