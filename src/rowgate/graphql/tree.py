"""What an operation reads of the database: a tree of records that the `*_plan` files make and the `*_sql` ones read."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from rowgate.graphql.entities import Column, Function, Join, Table
from rowgate.graphql.given import Given, Input
from rowgate.graphql.schema import Computed, NodeId, Value


class Constant(msgspec.Struct, frozen=True):
    """A text known without the database: `__typename`."""

    text: str


class Comparison(msgspec.Struct, frozen=True):
    """A column compared with a value. `operator` is a key of `filter_sql.OPERATORS`."""

    column: Column
    operator: str
    value: Input


class IsNull(msgspec.Struct, frozen=True):
    """Whether a column is null, or with `negated` is not."""

    column: Column
    negated: bool


class KeyGiven(msgspec.Struct, frozen=True):
    """The row with the key that a nodeId carries. `size` is how many of its values there are; more than the key has
    are of no account, with fewer it is the first columns of the key that are compared (pg_graphql's rule)."""

    table: Table
    given: Given
    size: int


class AllOf(msgspec.Struct, frozen=True):
    """All of its parts. Of none: no condition."""

    parts: tuple[Filter, ...] = ()


class AnyOf(msgspec.Struct, frozen=True):
    """One of its parts at least. There is one."""

    parts: tuple[Filter, ...]


class Not(msgspec.Struct, frozen=True):
    """The opposite of a filter."""

    part: Filter


class Unwritable(msgspec.Struct, frozen=True):
    """What pg_graphql refuses only when it writes SQL, after everything else of the root field has been looked at."""

    message: str


Filter: TypeAlias = "Comparison | IsNull | KeyGiven | AllOf | AnyOf | Not | Unwritable"


class Ordering(msgspec.Struct, frozen=True):
    """A column that rows are sorted by."""

    column: Column
    descending: bool = False
    nulls_first: bool = False

    @property
    def reversed(self) -> Ordering:
        """The other way round, nulls included."""
        return Ordering(self.column, not self.descending, not self.nulls_first)

    @property
    def anywhere(self) -> Ordering:
        """The same of rows that no constraint of the table holds for."""
        return Ordering(replace(self.column, not_null=False), self.descending, self.nulls_first)


class Cursor(msgspec.Struct, frozen=True):
    """A cursor a client gave back. `nulls` says of each of its values whether it is null."""

    given: Given
    nulls: tuple[bool, ...]


class RowPlan(msgspec.Struct, frozen=True):
    """A row of a table as a JSON object: (key, what stands there), in order.

    `columns` are the names of those it needs of its block; `whole` says that a function needs the row itself. `cost` is
    how many rows it can reach at most, itself included.
    """

    table: Table
    outputs: tuple[tuple[str, Output], ...]
    columns: tuple[str, ...]
    whole: bool
    cost: int


class Related(msgspec.Struct, frozen=True):
    """One row of another table: through `join` from the row above, or what `function` of that row returns."""

    row: RowPlan
    join: Join
    function: Function | None


class KeyedRow(msgspec.Struct, frozen=True):
    """The row that a key leads to: a root field. Without `one`, there may be several, of which the first counts."""

    row: RowPlan
    key: Filter
    one: bool = True


class PageField(StrEnum):
    """A field of `pageInfo`."""

    START = "startCursor"
    END = "endCursor"
    NEXT = "hasNextPage"
    PREVIOUS = "hasPreviousPage"


class EdgeCursor(msgspec.Struct, frozen=True):
    """The cursor of an edge."""


class Edges(msgspec.Struct, frozen=True):
    """The rows of a page, each as an object: (key, cursor or node)."""

    outputs: tuple[tuple[str, EdgeCursor | RowPlan | Constant], ...]


class PageInfo(msgspec.Struct, frozen=True):
    """Where a page lies among the rows."""

    outputs: tuple[tuple[str, PageField | Constant], ...]


class TotalCount(msgspec.Struct, frozen=True):
    """How many rows pass the filter."""


class Measure(msgspec.Struct, frozen=True):
    """`sum`, `avg`, `min` or `max` of columns."""

    function: str
    outputs: tuple[tuple[str, Column | Constant], ...]


class Aggregate(msgspec.Struct, frozen=True):
    """Aggregates of all rows that pass the filter, whatever the page."""

    outputs: tuple[tuple[str, Measure | TotalCount | Constant], ...]


Part: TypeAlias = Edges | PageInfo | TotalCount | Aggregate | Constant
"""A field of a connection."""


class ConnectionPlan(msgspec.Struct, frozen=True):
    """Rows of a table, a page at a time. `order` ends with the key; `backward` pages begin at its end.

    `cost` is how many rows it can reach at most.
    """

    table: Table
    join: Join
    function: Function | None
    limit: int
    offset: Given | None
    backward: bool
    cursor: Cursor | None
    filter: Filter
    order: tuple[Ordering, ...]
    outputs: tuple[tuple[str, Part], ...]
    cost: int


Output: TypeAlias = "Constant | Value | NodeId | Computed | Related | ConnectionPlan"
