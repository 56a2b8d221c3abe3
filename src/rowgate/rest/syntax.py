"""What a REST request says, as records: the tree that `request.py` parses and `plan.py` resolves against the catalog.

Grammar: https://docs.postgrest.org/en/v14/references/api.html (tables and views, aggregate functions, resource
embedding). Names here are the client's; nothing has been looked up yet.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from rowgate.http.media_types import MediaType
from rowgate.rest.holes import RowHole


class JsonStep(msgspec.Struct, frozen=True):
    """`->key` (as_text False) or `->>key` (True). `index` is set, and `key` None, when the operand is an integer."""

    as_text: bool
    key: str | None = None
    index: int | None = None


class FieldPath(msgspec.Struct, frozen=True):
    """A column, with a path into its JSON or composite value."""

    name: str
    steps: tuple[JsonStep, ...] = ()


class SelectField(msgspec.Struct, frozen=True):
    """`alias:column->path::cast` or an aggregate `alias:column.sum()::cast`; `field` None is a bare `count()`."""

    field: FieldPath | None
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None  # sum, avg, count, max, min
    aggregate_cast: str | None = None


class SelectEmbed(msgspec.Struct, frozen=True):
    """`alias:relation!hint!inner(…)`, or a spread `...relation(…)`."""

    relation: str
    children: tuple[SelectItem, ...]
    alias: str | None = None
    hint: str | None = None
    join: str | None = None  # "inner" or "left"
    spread: bool = False


SelectItem: TypeAlias = SelectField | SelectEmbed


class Filter(msgspec.Struct, frozen=True):
    """`column=not.op(modifier).value`. `operator` is the URL's name (eq, like, fts, cs, is, in, isdistinct, …).

    `values` holds the list of `in.(…)` and of `op(any|all).{…}`; `value` everything else. `language` is the
    configuration in `fts(english).…`.
    """

    field: FieldPath
    operator: str
    value: str = ""
    values: tuple[str, ...] | None = None
    negated: bool = False
    quantifier: str | None = None  # "any" or "all"
    language: str | None = None


class Logic(msgspec.Struct, frozen=True):
    """`and=(…)`, `or=(…)`, `not.and=(…)`, nested at will."""

    operator: str  # "and" or "or"
    children: tuple[Condition, ...]
    negated: bool = False


Condition: TypeAlias = Filter | Logic


class OrderTerm(msgspec.Struct, frozen=True):
    """`column.desc.nullslast`, or `relation(column).asc` by a to-one embed."""

    field: FieldPath
    relation: str | None = None
    descending: bool | None = None  # None: not said
    nulls_first: bool | None = None  # None: not said


EmbedPath: TypeAlias = tuple[str, ...]  # names or aliases of embeds, outermost first; () is the top level


FEW = 64
"""Rows; a page of so few is taken to be small, and spared the look at its size (13 µs each time it is planned)."""


class Range(msgspec.Struct, frozen=True):
    """Rows from `offset`; `limit` None is no limit."""

    offset: int = 0
    limit: int | None = None

    @property
    def few(self) -> bool:
        """Whether the limit is FEW at most."""
        return self.limit is not None and self.limit <= FEW

    @property
    def window(self) -> Range | Window:
        """The same without its numbers; a range of everything has none."""
        if self.limit is None:
            return _FROM if self.offset else self
        if self.few:
            return _FEW_WITHIN if self.offset else _FIRST_FEW
        return _WITHIN if self.offset else _FIRST


class Window(msgspec.Struct, frozen=True):
    """The top level's range without its numbers, which are lifted: a hole for each that there is."""

    offset: Literal[0, RowHole.OFFSET]
    limit: Literal[RowHole.LIMIT] | None
    few: bool = False


_FROM = Window(RowHole.OFFSET, None)
_FIRST = Window(0, RowHole.LIMIT)
_FIRST_FEW = Window(0, RowHole.LIMIT, few=True)
_WITHIN = Window(RowHole.OFFSET, RowHole.LIMIT)
_FEW_WITHIN = Window(RowHole.OFFSET, RowHole.LIMIT, few=True)


class QueryString(msgspec.Struct, frozen=True):
    """All of a query string. Maps are tuples of pairs, in the order received, so that the record can be hashed.

    `arguments` are the parameters that are no reserved word and carry no operator prefix: arguments of a GET call.
    """

    select: tuple[SelectItem, ...]
    filters: tuple[tuple[EmbedPath, Condition], ...] = ()
    orders: tuple[tuple[EmbedPath, tuple[OrderTerm, ...]], ...] = ()
    ranges: tuple[tuple[EmbedPath, Range], ...] = ()
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    arguments: tuple[tuple[str, str], ...] = ()


class Resolution(StrEnum):
    """`Prefer: resolution=…`."""

    MERGE_DUPLICATES = "merge-duplicates"
    IGNORE_DUPLICATES = "ignore-duplicates"


class Return(StrEnum):
    """`Prefer: return=…`."""

    MINIMAL = "minimal"
    HEADERS_ONLY = "headers-only"
    REPRESENTATION = "representation"


class Count(StrEnum):
    """`Prefer: count=…`."""

    EXACT = "exact"
    PLANNED = "planned"
    ESTIMATED = "estimated"


class Preferences(msgspec.Struct, frozen=True):
    """The Prefer header (RFC 7240), first value of each name."""

    resolution: Resolution | None = None
    returns: Return | None = None
    count: Count | None = None
    transaction: str | None = None  # "commit" or "rollback"
    missing: str | None = None  # "default" or "null"
    handling: str | None = None  # "strict" or "lenient"
    timezone: str | None = None
    max_affected: int | None = None
    invalid: tuple[str, ...] = ()


class Action(StrEnum):
    """What a request does, decided by method and path."""

    READ = "read"  # GET, HEAD /relation
    CREATE = "create"  # POST /relation
    PUT = "put"  # PUT /relation: upsert of one row by its key
    UPDATE = "update"  # PATCH /relation
    DELETE = "delete"  # DELETE /relation
    CALL = "call"  # GET, HEAD, POST /rpc/function
    DESCRIBE = "describe"  # GET, HEAD /
    OPTIONS = "options"  # OPTIONS on any of them


class Payload(msgspec.Struct, frozen=True):
    """A request body, its shape known but its values untouched.

    `body` is JSON text for JSON, CSV and form bodies alike (CSV becomes an array of objects, values as strings, the
    word NULL as null; a form becomes one object), or the raw bytes when `raw`. `columns` is the union of the keys of
    a JSON array whose objects all have the same keys, sorted as PostgREST sorts them. Plans are made without `body`.
    """

    body: bytes
    columns: tuple[str, ...] = ()
    is_array: bool = False
    is_empty_array: bool = False
    is_object: bool = False
    raw: bool = False
    pairs: tuple[tuple[str, str], ...] = ()  # of a form, in order: a variadic parameter may be named several times


class RestRequest(msgspec.Struct, frozen=True):
    """A whole request, parsed and validated without looking anything up."""

    action: Action
    method: str
    schema: str
    target: str  # relation or function name; "" for DESCRIBE
    query: QueryString
    preferences: Preferences
    range: Range | Window  # the top level, from the Range header or limit/offset
    accept: tuple[MediaType, ...]  # by quality, then order; never empty
    content_type: MediaType
    payload: Payload | None = None
    head: bool = False  # HEAD: headers only
    profile_named: bool = False  # Accept-Profile or Content-Profile chose the schema
    function: bool = False  # `target` is a function's name: the path began with /rpc
