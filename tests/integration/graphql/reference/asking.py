"""Hypothesis strategies: any valid query about a world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.integration.graphql.reference.asks import (
    DIRECTIONS,
    Aggregate,
    Both,
    Compare,
    Condition,
    Connection,
    Many,
    Node,
    Not,
    One,
    Plain,
)
from tests.integration.graphql.reference.world import BIGINT, BOOL, INT, NUMERIC, TEXT, Table, World
from tests.integration.graphql.reference.worlds import values, worlds

DEPTH = 3
FUNCTIONS = ("sum", "avg", "min", "max")


QUESTIONS = 8  # of each database


@dataclass(frozen=True)
class Question:
    """Root fields that are asked for in one operation; `lifts` says which arguments become variables."""

    roots: tuple[Connection, ...]
    lifts: tuple[bool, ...]


@dataclass(frozen=True)
class Single:
    """One row of a table, by its nodeId and by its key."""

    node: Node
    row: Mapping[str, Any]
    lifts: tuple[bool, ...]


@dataclass(frozen=True)
class Change:
    """A column of whole numbers, set to a value in all rows of a table."""

    table: Table
    column: str
    value: int


_LIFTS = st.lists(st.booleans(), min_size=1, max_size=7).map(tuple)


@st.composite
def collections_of_worlds(draw: st.DrawFn) -> tuple[World, list[Question]]:
    """A database and questions about its tables."""
    world = draw(worlds())
    roots = st.lists(
        st.sampled_from(list(world.tables.values())).flatmap(lambda table: connections(world, table)),
        min_size=1,
        max_size=2,
    )
    questions = st.builds(Question, roots.map(tuple), _LIFTS)
    return world, draw(st.lists(questions, min_size=QUESTIONS, max_size=QUESTIONS))


@st.composite
def rows_of_worlds(draw: st.DrawFn) -> tuple[World, list[Single]]:
    """A database and one row of each of its tables that has any."""
    world = draw(worlds())
    return world, [
        Single(draw(nodes(world, table, 2)), draw(st.sampled_from(table.rows)), draw(_LIFTS))
        for table in world.tables.values()
        if table.rows
    ]


@st.composite
def changes_of_worlds(draw: st.DrawFn) -> tuple[World, list[Change]]:
    """A database and changes of columns that are no key and no link."""
    world = draw(worlds())
    free = [
        (table, column)
        for table in world.tables.values()
        for column, kind in table.kinds.items()
        if kind is INT and column not in {*table.keys, *(world.column(link) for link in table.links)}
    ]
    return world, [Change(table, column, draw(st.integers(-5, 5))) for table, column in free]


@st.composite
def connections(draw: st.DrawFn, world: World, table: Table, depth: int = DEPTH) -> Connection:
    """A connection over a table, with everything below it down to `depth`."""
    conditions = tuple(draw(st.lists(conditions_of(table), max_size=2)))
    order = draw(st.lists(st.tuples(st.sampled_from(sorted(table.kinds)), st.sampled_from(DIRECTIONS)), max_size=2))
    first, last, offset, cursor = draw(_window(table))
    return Connection(
        draw(nodes(world, table, depth - 1)),
        conditions,
        tuple(order),
        first,
        last,
        offset,
        cursor,
        draw(st.booleans()),
        draw(st.booleans()),
        table.counted and draw(st.booleans()),
        draw(_aggregates(table)) if table.aggregated else None,
    )


@st.composite
def _window(draw: st.DrawFn, table: Table):  # type: ignore[no-untyped-def]
    """`first`, `last`, `offset` and a cursor, as far as they go together. A page of none is asked for elsewhere."""
    size = draw(st.none() | st.integers(1, 4))
    at = draw(st.none() | st.sampled_from(table.rows)) if table.rows else None
    if draw(st.booleans()):
        return None, size, None, None if at is None else ("before", at)
    return size, None, draw(st.none() | st.integers(0, 3)), None if at is None else ("after", at)


@st.composite
def nodes(draw: st.DrawFn, world: World, table: Table, depth: int) -> Node:
    """A selection of a row: columns in any order and under any key, links both ways."""
    plain = draw(st.lists(st.sampled_from([*table.kinds, "", "__typename"]), min_size=1, max_size=5))
    parts: list[Plain | One | Many] = [Plain(f"p{place}", column) for place, column in enumerate(plain)]
    if depth <= 0:
        return Node(table, tuple(parts))
    ways: list[tuple[Table, bool, int]] = [(table, False, place) for place in range(len(table.links))]
    ways += [(other, True, other.links.index(link)) for other, link in world.incoming(table.name)]
    for number, (holder, incoming, place) in enumerate(
        draw(st.lists(st.sampled_from(ways), max_size=2)) if ways else []
    ):
        link = holder.links[place]
        if not incoming:
            below = draw(nodes(world, world.tables[link.target], depth - 1))
            parts.append(One(f"l{number}", holder, link, False, below))
        elif link.unique:
            parts.append(One(f"l{number}", holder, link, True, draw(nodes(world, holder, depth - 1))))
        else:
            parts.append(Many(f"l{number}", holder, link, draw(connections(world, holder, depth - 1))))
    return Node(table, tuple(parts))


def conditions_of(table: Table) -> st.SearchStrategy[Condition]:
    """A filter: a comparison, or trees of them."""
    return st.recursive(
        _comparisons(table),
        lambda inner: (
            st.builds(Both, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3).map(tuple))
            | st.builds(Not, inner)
        ),
        max_leaves=4,
    )


@st.composite
def _comparisons(draw: st.DrawFn, table: Table) -> Compare:
    column = draw(st.sampled_from(sorted(table.kinds)))
    kind = table.kinds[column]
    operators = ["eq", "is"] if kind is BOOL else ["eq", "neq", "lt", "lte", "gt", "gte", "in", "is"]
    operator = draw(st.sampled_from([*operators, "startsWith"] if kind is TEXT else operators))
    if operator == "is":
        return Compare(column, kind, operator, draw(st.sampled_from(["NULL", "NOT_NULL"])))
    if operator == "in":
        return Compare(column, kind, operator, tuple(draw(st.lists(values(kind), max_size=3))))
    return Compare(column, kind, operator, draw(values(kind)))


@st.composite
def _aggregates(draw: st.DrawFn, table: Table) -> Aggregate | None:
    if draw(st.booleans()):
        return None
    numbers = sorted(name for name, kind in table.kinds.items() if kind in (INT, BIGINT, NUMERIC))
    ordered = sorted(name for name, kind in table.kinds.items() if kind.ordered)
    chosen: dict[str, tuple[str, ...]] = {}
    for name in draw(st.lists(st.sampled_from(FUNCTIONS), unique=True)):
        columns = numbers if name in ("sum", "avg") else ordered
        if columns:
            chosen[name] = tuple(draw(st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True)))
    counted = not chosen or draw(st.booleans())
    return Aggregate(counted, chosen)
