"""The read tree: what is to be selected, resolved against the catalog, before it becomes SQL.

A node reads one relation (or a function's rows, or what a write returned); its embeds are nodes below it. Names in a
node are either the catalog's, or a client's name the catalog does not know: a computed column, or a mistake that
Postgres answers with 42703. Both become SQL through `rowgate.postgres.quoting` alone.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from rowgate.postgres.catalog.records import ComputedRelationship, QualifiedName, Relation, Relationship
from rowgate.rest.call_plan import Call
from rowgate.rest.syntax import Filter, JsonStep, Range, Window

ALL_ROWS = Range()


class Table(msgspec.Struct, frozen=True):
    """FROM a relation of the database."""

    name: QualifiedName


class Written(msgspec.Struct, frozen=True):
    """FROM the rows that the statement's write returned."""


class Computed(msgspec.Struct, frozen=True):
    """FROM a computed relationship: a function of the parent's row, cast to the type it was declared for."""

    relationship: ComputedRelationship


Source: TypeAlias = Table | Written | Computed | Call


class Field(msgspec.Struct, frozen=True):
    """A column and a path into it. `to_jsonb`: the value must become jsonb before a path can enter it.

    `to_json` and `from_text` are functions (quoted, qualified) that write and read a domain's own wire form.
    """

    name: str
    steps: tuple[JsonStep, ...] = ()
    to_jsonb: bool = False
    base_type: str = ""  # "" when the catalog does not know the column
    to_json: str | None = None
    from_text: str | None = None

    @property
    def star(self) -> bool:
        return self.name == "*" and not self.steps


class Output(msgspec.Struct, frozen=True):
    """A column of the answer. `field` None is the row itself, which only `count` can be applied to."""

    field: Field | None
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None


class FieldFilter(msgspec.Struct, frozen=True):
    """One comparison of a field with a value of the client's."""

    field: Field
    filter: Filter


class Presence(msgspec.Struct, frozen=True):
    """`embed=is.null` (present False) or `embed=not.is.null`: whether the embed has a row for this one."""

    embed: int  # index into the node's embeds
    present: bool


class Group(msgspec.Struct, frozen=True):
    """Conditions joined by "and" or "or"."""

    operator: str
    children: tuple[NodeCondition, ...]
    negated: bool = False


NodeCondition: TypeAlias = FieldFilter | Presence | Group


class Order(msgspec.Struct, frozen=True):
    """One sort key: a field of the node, or of its to-one embed number `embed`."""

    field: Field
    embed: int | None = None
    descending: bool | None = None
    nulls_first: bool | None = None


class Node(msgspec.Struct, frozen=True):
    """One level of the tree. `alias` is the name its rows have in SQL, and in Postgres' error messages."""

    source: Source
    alias: str
    relation: Relation | None
    outputs: tuple[Output, ...]
    embeds: tuple[Embed, ...] = ()
    conditions: tuple[NodeCondition, ...] = ()
    order: tuple[Order, ...] = ()
    range: Range | Window = ALL_ROWS

    @property
    def aggregated(self) -> bool:
        """Whether the rows are grouped: an aggregate here, or hoisted here out of a to-one spread."""
        return any(output.aggregate for output in self.outputs) or any(
            column.aggregate for embed in self.embeds for column in embed.columns
        )

    @property
    def answers_nothing(self) -> bool:
        """An embed written `name()`: it filters its parent and has no place in the answer."""
        return not self.outputs and all(embed.node.answers_nothing for embed in self.embeds)


class SpreadColumn(msgspec.Struct, frozen=True):
    """A column that a spread lifts into its parent; aggregates of a to-one spread are applied there."""

    name: str
    alias: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None


class Embed(msgspec.Struct, frozen=True):
    """A node below another, and how the two hang together.

    `joined` is its alias where it stands beside its parent in FROM: a spread, or what rows are sorted by.
    `junction_alias` is that of the junction of a many-to-many relationship.
    """

    name: str
    node: Node
    relationship: Relationship | ComputedRelationship
    inner: bool = False
    spread: bool = False
    columns: tuple[SpreadColumn, ...] = ()
    joined: str = ""
    junction_alias: str = ""

    @property
    def to_one(self) -> bool:
        return self.relationship.to_one
