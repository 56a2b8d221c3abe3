"""Hypothesis strategies for worlds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.integration.graphql.reference.world import (
    BIGINT,
    BOOL,
    DATE,
    INT,
    KINDS,
    MARK,
    NUMERIC,
    TEXT,
    Kind,
    Link,
    Row,
    Table,
    World,
)

NAMES = ("apples", "bears", "clouds", "dear_friends")
COLUMNS = ("size", "tag", "is_good", "born_on", "Weight", "value_2")
STEMS = ("owner", "near_by", "parent")
TEXTS = (f"{MARK}a", f"{MARK}b", f"{MARK}B", f'{MARK}"quoted"', f"{MARK}x%y_z", f"{MARK}ö\n", MARK)


def values(kind: Kind) -> st.SearchStrategy[Any]:
    """Few distinct values, so that rows tie and filters hit."""
    few: dict[str, st.SearchStrategy[Any]] = {
        INT.graphql: st.integers(-2, 5),
        BIGINT.graphql: st.sampled_from([-1, 0, 7, 9007199254740993]),
        NUMERIC.graphql: st.sampled_from([Decimal("-1.5"), Decimal(0), Decimal("2.50"), Decimal("99999999999.125")]),
        TEXT.graphql: st.sampled_from(TEXTS),
        BOOL.graphql: st.booleans(),
        DATE.graphql: st.sampled_from([date(1999, 12, 31), date(2026, 1, 1), date(2026, 2, 28)]),
    }
    return few[kind.graphql]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One to four tables. A link leads to a table with a single key, and each pair of tables has one link at most."""
    inflected = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    shapes = {name: draw(_shape(inflected)) for name in names}
    single = [name for name in names if len(shapes[name][1]) == 1]
    keys = {name: draw(_keys(shapes[name])) for name in names}
    tables = {}
    for name in names:
        kinds, key = shapes[name]
        links = draw(_links(name, single, len(keys[name])))
        tables[name] = draw(_table(name, kinds, key, links, keys, shapes, inflected))
    return World(tables, inflected)


@st.composite
def _shape(draw: st.DrawFn, inflected: bool) -> tuple[dict[str, Kind], tuple[str, ...]]:
    key = draw(st.sampled_from([(("id", INT),), (("id", BIGINT),), (("code", TEXT),), (("id", INT), ("part", TEXT))]))
    kinds: dict[str, Kind] = dict(key)
    for name in draw(st.lists(st.sampled_from(COLUMNS), max_size=4, unique=True)):
        kinds[name.lower() if inflected else name] = draw(st.sampled_from(KINDS))
    return kinds, tuple(name for name, _ in key)


@st.composite
def _keys(draw: st.DrawFn, shape: tuple[dict[str, Kind], tuple[str, ...]]) -> list[tuple[Any, ...]]:
    kinds, key = shape
    return draw(st.lists(st.tuples(*(values(kinds[name]) for name in key)), unique=True, max_size=7))


@st.composite
def _links(draw: st.DrawFn, name: str, single: list[str], rows: int) -> tuple[Link, ...]:
    targets = draw(st.lists(st.sampled_from(single), unique=True, max_size=2)) if single else []
    stems = draw(st.permutations(STEMS))
    return tuple(
        Link(stem, target, draw(st.booleans()), not_null=False) for stem, target in zip(stems, targets, strict=False)
    )


@st.composite
def _table(
    draw: st.DrawFn,
    name: str,
    kinds: dict[str, Kind],
    key: tuple[str, ...],
    links: tuple[Link, ...],
    keys: dict[str, list[tuple[Any, ...]]],
    shapes: dict[str, tuple[dict[str, Kind], tuple[str, ...]]],
    inflected: bool,
) -> Table:
    kinds = dict(kinds)
    plain = [column for column in kinds if column not in key]
    rows: list[dict[str, Any]] = [
        {**dict(zip(key, one, strict=True)), **{each: draw(st.none() | values(kinds[each])) for each in plain}}
        for one in keys[name]
    ]
    for link in links:
        target_kinds, target_key = shapes[link.target]
        column = f"{link.stem}_id" if inflected else f"{link.stem}Id"
        kinds[column] = target_kinds[target_key[0]]
        free = [one[0] for one in keys[link.target]]
        for row in rows:
            row[column] = draw(st.none() | st.sampled_from(free)) if free else None
            if link.unique and row[column] is not None:
                free.remove(row[column])
    most = draw(st.sampled_from([None, None, 1, 3]))
    made: tuple[Row, ...] = tuple(rows)
    return Table(name, kinds, key, links, made, draw(st.booleans()), draw(st.booleans()), most)
