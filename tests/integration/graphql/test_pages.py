"""Connections of a real database: pages, cursors, totals and aggregates."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.integration.graphql.reading import Reader, identifier, ids, nodes


def pages(music: Reader, order: str, size: int, *, backward: bool) -> list[list[int]]:
    """All pages of the artists, one after the other, as a client walks them."""
    found: list[list[int]] = []
    cursor = None
    edge, more, less = (
        ("startCursor", "hasPreviousPage", "hasNextPage")
        if backward
        else ("endCursor", "hasNextPage", "hasPreviousPage")
    )
    arguments = f"last: {size}, before: $cursor" if backward else f"first: {size}, after: $cursor"
    selection = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }"
    query = f"query($cursor: Cursor) {{ artistCollection({arguments}, orderBy: [{order}]) {{ {selection} }} }}"
    while True:
        page = music.data(query, {"cursor": cursor})["artistCollection"]
        info, edges = page["pageInfo"], page["edges"]
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        assert info[less] == bool(found)
        found.append([each["node"]["id"] for each in edges])
        if not info[more]:
            return found
        cursor = info[edge]


BORN = {1: "1986-11-03", 2: None, 3: "1912-09-05", 4: "1948-05-15", 5: None}


def expected(direction: str) -> list[int]:
    """The artists by `born`, then by their key."""
    dated = sorted((key for key, date in BORN.items() if date), key=lambda key: BORN[key] or "")
    if direction.startswith("Desc"):
        dated.reverse()
    undated = [key for key, date in BORN.items() if date is None]
    return undated + dated if direction.endswith("First") else dated + undated


@pytest.mark.parametrize("direction", ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"])
@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_pages_follow_one_another_whatever_is_null(music: Reader, direction: str, size: int) -> None:
    order = expected(direction)
    forward = pages(music, f"{{born: {direction}}}", size, backward=False)
    assert list(itertools.chain(*forward)) == order
    assert all(len(page) == size for page in forward[:-1])
    backward = pages(music, f"{{born: {direction}}}", size, backward=True)
    assert list(itertools.chain(*reversed(backward))) == order


@pytest.mark.parametrize(
    "order", ["{active: AscNullsLast}, {name: DescNullsLast}", "{name: AscNullsFirst}", "{id: DescNullsLast}"]
)
def test_pages_follow_one_another_in_orders_that_run_both_ways(music: Reader, order: str) -> None:
    (whole,) = pages(music, order, 30, backward=False)
    for size in (1, 2, 3):
        assert list(itertools.chain(*pages(music, order, size, backward=False))) == whole
        assert list(itertools.chain(*reversed(pages(music, order, size, backward=True)))) == whole


def test_a_page_is_as_long_as_the_table_lets_it(music: Reader) -> None:
    for arguments in ("", "(first: 100)", "(first: 4)"):
        query = f"{{ albumCollection{arguments} {{ pageInfo {{ hasNextPage }} edges {{ node {{ title }} }} }} }}"
        page = music.data(query)["albumCollection"]
        assert (len(page["edges"]), page["pageInfo"]["hasNextPage"]) == (4, True)


def test_an_empty_page_has_no_cursors(music: Reader) -> None:
    selection = "{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor } }"
    nothing = {"startCursor": None, "endCursor": None}
    after = music.data(f'{{ artistCollection(after: "{identifier(5)}") {selection} }}')["artistCollection"]
    assert after == {
        "totalCount": 5,
        "edges": [],
        "pageInfo": {**nothing, "hasNextPage": False, "hasPreviousPage": False},
    }
    none = music.data(f"{{ artistCollection(first: 0) {selection} }}")["artistCollection"]
    assert none == {
        "totalCount": 5,
        "edges": [],
        "pageInfo": {**nothing, "hasNextPage": True, "hasPreviousPage": False},
    }


def test_offset_skips_rows_and_says_that_there_were_some(music: Reader) -> None:
    query = """query($skip: Int) { artistCollection(first: 2, offset: $skip) {
        pageInfo { hasNextPage hasPreviousPage } edges { node { id } } } }"""
    for skip, found, after in ((0, [1, 2], True), (1, [2, 3], True), (3, [4, 5], False), (None, [1, 2], True)):
        page = music.data(query, {"skip": skip})["artistCollection"]
        assert [node["id"] for node in nodes(page)] == found
        assert page["pageInfo"] == {"hasNextPage": after, "hasPreviousPage": bool(skip)}


def test_a_cursor_may_be_shorter_than_the_order_and_not_longer(music: Reader) -> None:
    order = "orderBy: [{active: AscNullsLast}]"
    assert ids(music, f'after: "{identifier(False)}", {order}') == [1, 3, 4]
    assert ids(music, f'after: "{identifier()}", {order}') == []
    answer = music.ask(f'{{ artistCollection(after: "{identifier(True, 1, 2)}", {order}) {{ edges {{ cursor }} }} }}')
    assert answer == {"data": None, "errors": ["orderBy clause incompatible with pagination cursor"]}


def test_a_cursors_value_that_its_column_cannot_be_is_postgres_own_error(music: Reader) -> None:
    answer = music.ask(f'{{ artistCollection(after: "{identifier("x")}") {{ edges {{ cursor }} }} }}')
    assert answer == {"data": None, "errors": ['invalid input syntax for type integer: "x"']}


def test_rows_that_a_function_makes_up_are_paged_where_they_have_nulls_too(music: Reader) -> None:
    query = """query($after: Cursor) { madeUp(first: 1, after: $after, orderBy: [{title: AscNullsFirst}]) {
        pageInfo { hasNextPage endCursor } edges { node { number } } } }"""
    found, cursor, more = [], None, True
    while more:
        page = music.data(query, {"after": cursor})["madeUp"]
        found += [node["number"] for node in nodes(page)]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == [2, 1, 3]


@pytest.mark.parametrize(
    ("selections", "wanted"),
    [
        ("{ __typename }", {"__typename": "ArtistAggregate"}),
        ("{ sum { __typename } }", {"sum": {"__typename": "ArtistSumAggregateResult"}}),
        ("{ count @skip(if: true) max { id @skip(if: true) } }", {"max": {}}),
        ("", {}),
    ],
)
@pytest.mark.parametrize("arguments", ["", "(filter: {id: {eq: -1}})"])
def test_an_aggregate_of_nothing_is_one_all_the_same(
    music: Reader, selections: str, wanted: dict[str, Any], arguments: str
) -> None:
    query = f"{{ artistCollection{arguments} {{ aggregate {selections} }} }}"
    assert music.data(query) == {"artistCollection": {"aggregate": wanted}}


def test_totals_and_aggregates_are_of_all_rows_that_pass_the_filter(music: Reader) -> None:
    query = """{ artistCollection(first: 1, filter: {id: {gt: 1}}) { totalCount __typename aggregate {
        count __typename sum { id plays ratio: royalty } avg { id } min { name born active } max { seen active }
        } } }"""
    assert music.data(query)["artistCollection"] == {
        "totalCount": 4,
        "__typename": "ArtistConnection",
        "aggregate": {
            "count": 4,
            "__typename": "ArtistAggregate",
            "sum": {"id": 14, "plays": 24, "ratio": "NaN"},
            "avg": {"id": 3.5},
            "min": {"name": "Bach", "born": "1912-09-05", "active": False},
            "max": {"seen": None, "active": True},
        },
    }
