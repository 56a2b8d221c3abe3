"""Queries against a real database: rows, pages, filters, and what a failing root field costs."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rowgate.graphql.limits import Limits
from tests.integration.graphql.reading import Reader, reader_of
from tests.integration.rest.conftest import made_database

MUSIC = Path(__file__).with_name("music.sql").read_text()


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, MUSIC) as made:
        yield made


@pytest.fixture(scope="module")
def music(url: str) -> Iterator[Reader]:
    with reader_of(url) as reader:
        yield reader


def identifier(*parts: object) -> str:
    return base64.b64encode(json.dumps(parts).encode()).decode()


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def ids(music: Reader, arguments: str, variables: dict[str, Any] | None = None) -> list[int]:
    declared = "query($a: Int, $b: Int) " if variables else ""
    query = f"{declared}{{ artistCollection({arguments}) {{ edges {{ node {{ id }} }} }} }}"
    return [node["id"] for node in nodes(music.data(query, variables)["artistCollection"])]


def test_each_type_has_its_form(music: Reader) -> None:
    fields = "id name born plays royalty ratio active ref tags scores notes raw drafts home seen favourite"
    first, second, *_ = nodes(
        music.data(f"{{ artistCollection {{ edges {{ node {{ {fields} }} }} }} }}")["artistCollection"]
    )
    assert first == {
        "id": 1,
        "name": 'Ólafur "the \\ one"',
        "born": "1986-11-03",
        "plays": "9007199254740993",
        "royalty": "12.5000",
        "ratio": 0.5,
        "active": True,
        "ref": "5f0c1f5e-7f0a-4c8d-9d0e-3a1f0f0e0b01",
        "tags": ["a", "b c", None],
        "scores": ["1", "9007199254740993"],
        "notes": '{"a": [1, null]}',
        "raw": "text",
        "drafts": ['{"x": 1}', None],
        "home": "(1,2)",
        "seen": "2024-02-29T12:00:00+00:00",
        "favourite": "POST_ROCK",
    }
    assert second == {
        "id": 2,
        "name": "Bach",
        "born": None,
        "plays": "7",
        "royalty": "NaN",
        "ratio": "Infinity",
        "active": False,
        "ref": None,
        "tags": [],
        "scores": None,
        "notes": None,
        "raw": '{"b":  2}',
        "drafts": None,
        "home": None,
        "seen": None,
        "favourite": "folk",
    }


def test_functions_of_a_row_are_values_rows_and_connections(music: Reader) -> None:
    selection = (
        "name initials playsTwice marks rarest { title __typename } onlyAlbum { title } "
        "singles(last: 1, filter: {number: {lt: 6}}) { totalCount edges { cursor node { title } } }"
    )
    query = f"{{ artistCollection(first: 2) {{ edges {{ node {{ {selection} }} }} }} }}"
    first, second = nodes(music.data(query)["artistCollection"])
    assert first == {
        "name": 'Ólafur "the \\ one"',
        "initials": "Ó",
        "playsTwice": "18014398509481986",
        "marks": [1, None],
        "rarest": {"title": "1-6", "__typename": "Album"},
        "onlyAlbum": {"title": "1-1"},
        "singles": {"totalCount": 3, "edges": [{"cursor": identifier(1, 5), "node": {"title": "1-5"}}]},
    }
    assert second["rarest"] is None


def test_a_function_of_a_row_may_give_a_row_of_a_view_without_a_key(music: Reader) -> None:
    query = "{ artistCollection(first: 2) { edges { node { ifActive { __typename id name shouted } } } } }"
    assert nodes(music.data(query)["artistCollection"]) == [
        {
            "ifActive": {
                "__typename": "ActiveArtists",
                "id": 1,
                "name": 'Ólafur "the \\ one"',
                "shouted": 'ÓLAFUR "THE \\ ONE"',
            }
        },
        {"ifActive": None},
    ]
    assert music.ask("{ artistCollection { edges { node { ifActive { nodeId } } } } }") == {
        "data": None,
        "errors": ["Unknown field 'nodeId' on type 'ActiveArtists'"],
    }
    assert music.ask("{ activeArtistsCollection { __typename } }")["errors"] == [
        'Unknown field "activeArtistsCollection" on type Query'
    ]


def test_relations_lead_to_one_row_or_to_many(music: Reader) -> None:
    query = """{ contractCollection { edges { node {
        artist { name contract { id } } parent { id } contractCollection { edges { node { id } } } } } } }"""
    first, _, third = nodes(music.data(query)["contractCollection"])
    assert first == {
        "artist": {"name": 'Ólafur "the \\ one"', "contract": {"id": 1}},
        "parent": None,
        "contractCollection": {"edges": [{"node": {"id": 2}}, {"node": {"id": 3}}]},
    }
    assert third == {"artist": None, "parent": {"id": 1}, "contractCollection": {"edges": []}}


def test_a_view_with_a_declared_key_and_foreign_key_is_a_table_like_others(music: Reader) -> None:
    query = """{ catalogueCollection(first: 1, filter: {artistId: {eq: 2}}) { edges { cursor node {
        nodeId title performer { name entries(last: 1) { edges { node { title } } } } } } } }"""
    (edge,) = music.data(query)["catalogueCollection"]["edges"]
    assert edge == {
        "cursor": identifier(2, 1),
        "node": {
            "nodeId": identifier("public", "catalogue", 2, 1),
            "title": "2-1",
            "performer": {"name": "Bach", "entries": {"edges": [{"node": {"title": "2-6"}}]}},
        },
    }


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


# Pages.


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


# Filters.


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("id: {eq: 3}", [3]),
        ("id: {neq: 3, lt: 5}", [1, 2, 4]),
        ("id: {gte: 2, lte: 3}", [2, 3]),
        ("id: {in: [1, 5, 9]}", [1, 5]),
        ("id: {in: 4}", [4]),
        ("id: {in: []}", []),
        ("id: {in: null}", []),
        ("id: {eq: null}", []),
        ("id: {}", [1, 2, 3, 4, 5]),
        ("id: null", [1, 2, 3, 4, 5]),
        ("", [1, 2, 3, 4, 5]),
        ('name: {startsWith: "B"}', [2]),
        ('name: {like: "%a%"}', [1, 2, 3]),
        ('name: {ilike: "e%"}', [4]),
        ('name: {regex: "^[BC]"}', [2, 3]),
        ('name: {iregex: "^[bc]"}', [2, 3]),
        ("born: {is: NULL}", [2, 5]),
        ("born: {is: NOT_NULL}", [1, 3, 4]),
        ('born: {gt: "1940-01-01"}', [1, 4]),
        ("active: {eq: false}", [2, 5]),
        ("favourite: {eq: POST_ROCK}", [1]),
        ("favourite: {in: [POST_ROCK, jazz]}", [1, 4]),
        ('plays: {eq: "9007199254740993"}', [1]),
        ("plays: {eq: 7}", [2]),
        ('royalty: {lt: "2"}', [5]),
        ('tags: {contains: ["a"]}', [1]),
        ('tags: {contains: "a"}', [1]),
        ('tags: {containedBy: ["x"]}', [2]),
        ('tags: {overlaps: ["b c", "z"]}', [1]),
        ("tags: {eq: []}", [2]),
        ("scores: {is: NULL}", [2, 3, 4, 5]),
        ("and: [{id: {gt: 1}}, {id: {lt: 4}}]", [2, 3]),
        ("or: [{id: {eq: 1}}, {and: [{id: {gt: 3}}, {active: {eq: true}}]}]", [1, 4]),
        ("not: {id: {in: [1, 2]}, active: {eq: true}}", [2, 3, 4, 5]),
        ("and: []", [1, 2, 3, 4, 5]),
        ("or: []", [1, 2, 3, 4, 5]),
        ("or: [{}]", [1, 2, 3, 4, 5]),
        ("or: [{}, {id: {eq: 2}}]", [2]),
        ("not: {or: [{}]}", [1, 2, 3, 4, 5]),
        ("not: {}", [1, 2, 3, 4, 5]),
        ("not: null", [1, 2, 3, 4, 5]),
        (f'nodeId: {{eq: "{identifier("public", "artist", 2)}"}}', [2]),
    ],
)
def test_filters(music: Reader, filter_: str, found: list[int]) -> None:
    assert ids(music, f"filter: {{{filter_}}}") == found


def test_filters_of_variables_are_planned_once_for_all_their_values(music: Reader) -> None:
    conditions = "{id: {in: $a}, born: {is: $b}}"
    query = (
        f"query($a: [Int!], $b: FilterIs) {{ artistCollection(filter: {conditions}) {{ edges {{ node {{ id }} }} }} }}"
    )
    cases = (([1, 2], "NULL", [2]), ([3, 4, 5], "NULL", [5]), ([1, 2], "NOT_NULL", [1]))
    for given, null, found in cases:
        assert [node["id"] for node in nodes(music.data(query, {"a": given, "b": null})["artistCollection"])] == found
    ready = [music.prepared(query, {"a": given, "b": null}) for given, null, _ in cases]
    assert ready[0] is ready[1]
    assert ready[0] is not ready[2]


def test_a_value_that_its_column_cannot_be_is_postgres_own_error(music: Reader) -> None:
    answer = music.ask('{ artistCollection(filter: {ref: {eq: "x"}}) { edges { cursor } } }')
    assert answer == {"data": None, "errors": ['invalid input syntax for type uuid: "x"']}


def test_arguments_that_nothing_reads_are_no_parameters_that_postgres_knows_no_type_of(music: Reader) -> None:
    arguments = f'filter: {{id: {{gt: 2}}}}, after: "{identifier(3)}"'
    query = f"""{{ a: artistCollection({arguments}) {{ __typename }} b: artistCollection({arguments}) {{ totalCount }}
        c: artistCollection({arguments}) {{ pageInfo {{ __typename }} }}
        d: artistCollection({arguments}) {{ edges {{ node {{ id }} }} }} }}"""
    assert music.data(query) == {
        "a": {"__typename": "ArtistConnection"},
        "b": {"totalCount": 3},
        "c": {"pageInfo": {"__typename": "PageInfo"}},
        "d": {"edges": [{"node": {"id": 4}}, {"node": {"id": 5}}]},
    }
    function = "query($n: Int!) { recent(since: $n) { __typename } }"
    assert music.data(function, {"n": 1}) == {"recent": {"__typename": "AlbumConnection"}}
    assert music.ask(function, {"n": 0})["errors"] == ["division by zero"]


def test_rows_that_a_function_makes_up_are_paged_where_they_have_nulls_too(music: Reader) -> None:
    query = """query($after: Cursor) { madeUp(first: 1, after: $after, orderBy: [{title: AscNullsFirst}]) {
        pageInfo { hasNextPage endCursor } edges { node { number } } } }"""
    found, cursor, more = [], None, True
    while more:
        page = music.data(query, {"after": cursor})["madeUp"]
        found += [node["number"] for node in nodes(page)]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == [2, 1, 3]


# One row.


def test_a_row_is_found_by_its_key_and_by_its_identifier(music: Reader) -> None:
    query = """query($n: ID!) { artistByPk(id: 2) { nodeId name } none: artistByPk(id: 9) { id }
        albumByPk(artistId: 2, number: 3) { title } node(nodeId: $n) { __typename nodeId ... on Artist { name } } }"""
    bach = identifier("public", "artist", 2)
    assert music.data(query, {"n": bach}) == {
        "artistByPk": {"nodeId": bach, "name": "Bach"},
        "none": None,
        "albumByPk": {"title": "2-3"},
        "node": {"__typename": "Artist", "nodeId": bach, "name": "Bach"},
    }
    album = identifier("public", "album", 2, 3)
    typed = "query($n: ID!) { node(nodeId: $n) { __typename ... on Artist { id } ... on Album { title } } }"
    assert music.data(typed, {"n": album}) == {"node": {"__typename": "Album", "title": "2-3"}}
    assert music.data(typed, {"n": identifier("public", "artist", 99)}) == {"node": None}


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("artistByPk(id: 1) { wrong }", 'Unknown field "wrong" on type Artist'),
        ("artistByPk(id: 1) { albumCollection { edges { node { wrong } } } }", "Unknown field 'wrong' on type 'Album'"),
        ("albumByPk(artistId: 1) { title }", "All primary key columns must be provided"),
        ("albumByPk(artistId: 1, number: null) { title }", "Invalid input for NonNull type"),
        ("artistByPk(id: 1, name: 2) { id }", 'Input contains extra keys ["name"]'),
    ],
)
def test_a_row_by_key_is_refused_in_words_of_its_own(music: Reader, field: str, message: str) -> None:
    assert music.ask(f"{{ {field} }}") == {"data": None, "errors": [message]}


@pytest.mark.parametrize(
    ("node_id", "message"),
    [
        ("?", "Invalid value passed to nodeId argument. Error 2"),
        ("/w==", "Invalid value passed to nodeId argument. Error 3"),
        ("Ww==", "Invalid value passed to nodeId argument. Error 4"),
        (identifier("public", "artist"), "Invalid value passed to nodeId argument. Error 5"),
        (identifier(1, "artist", 1), "Invalid value passed to nodeId argument. Error 6"),
        (identifier("public", 1, 1), "Invalid value passed to nodeId argument. Error 7"),
        (base64.b64encode(b"{}").decode(), "Invalid value passed to nodeId argument. Error 10"),
        (base64.b64encode(b"[" * 100_000).decode(), "Invalid value passed to nodeId argument. Error 4"),
        (identifier("public", "none", 1), "Collection referenced by nodeId did not match any known collection"),
    ],
)
def test_an_identifier_that_leads_nowhere_is_refused_in_the_dialects_words(
    music: Reader, node_id: str, message: str
) -> None:
    answer = music.ask("query($n: ID!) { node(nodeId: $n) { nodeId } }", {"n": node_id})
    assert answer == {"data": None, "errors": [message]}


def test_an_identifier_of_another_table_is_no_filter(music: Reader) -> None:
    album = identifier("public", "album", 1, 1)
    query = f'{{ artistCollection(filter: {{nodeId: {{eq: "{album}"}}}}) {{ edges {{ cursor }} }} }}'
    assert music.ask(query) == {"data": None, "errors": ["nodeId belongs to a different collection"]}


# Whole operations.


def test_a_query_loses_the_root_field_that_cannot_be_built_and_keeps_the_others(music: Reader) -> None:
    query = """{ a: artistByPk(id: 2) { name } wrong __typename
        b: artistCollection(first: 1, filter: {id: {eq: 5}, nodeId: {eq: "W10="}}) { edges { cursor } }
        c: artistCollection(filter: {id: {eq: 3}}) { edges { node { id } } } }"""
    assert music.ask(query) == {
        "data": {"a": {"name": "Bach"}, "__typename": "Query", "c": {"edges": [{"node": {"id": 3}}]}},
        "errors": [
            'Unknown field "wrong" on type Query',
            "Invalid value passed to nodeId argument. Error 5",
        ],
    }


def test_values_of_a_field_that_cannot_be_written_do_not_stay_behind(music: Reader) -> None:
    query = f"""{{ a: artistCollection(filter: {{id: {{eq: 5}}}}, after: "{identifier(1, 2)}") {{ edges {{ cursor }} }}
        b: artistCollection(filter: {{id: {{eq: 3}}}}) {{ edges {{ node {{ id }} }} }} }}"""
    assert music.ask(query) == {
        "data": {"b": {"edges": [{"node": {"id": 3}}]}},
        "errors": ["orderBy clause incompatible with pagination cursor"],
    }


def test_an_error_of_postgres_costs_all_root_fields(music: Reader) -> None:
    query = '{ a: artistByPk(id: 2) { name } b: artistCollection(filter: {plays: {eq: "x"}}) { edges { cursor } } }'
    assert music.ask(query) == {"data": None, "errors": ['invalid input syntax for type bigint: "x"']}


def test_all_root_fields_of_a_query_are_one_statement(music: Reader) -> None:
    ready = music.prepared("{ a: artistByPk(id: 2) { name } b: artistCollection { edges { cursor } } __typename }")
    assert len(ready.statements) == 1


@pytest.mark.parametrize("count", [49, 50, 51, 99, 100, 101, 250])
def test_a_row_may_have_any_number_of_fields(music: Reader, count: int) -> None:
    fields = " ".join(f"f{index}: id" for index in range(count))
    row = music.data(f"{{ artistByPk(id: 2) {{ {fields} }} }}")["artistByPk"]
    assert row == {f"f{index}": 2 for index in range(count)}


def test_an_operation_that_may_reach_too_many_rows_is_refused(url: str) -> None:
    nested = "{ artistCollection { edges { node { albumCollection { edges { node { title } } } } } } }"
    cost = 1 + 30 * (1 + 1 + 4)
    with reader_of(url, Limits(cost=cost)) as reader:
        assert "errors" not in reader.ask(nested)
        twice = nested.replace("{ artistCollection", "{ a: artistByPk(id: 1) { id } artistCollection", 1)
        assert reader.ask(twice) == {
            "errors": [f"Operation may reach {cost + 1} rows, more than the {cost} that are allowed"]
        }
