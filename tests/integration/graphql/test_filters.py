"""What each filter finds in a real database."""

from __future__ import annotations

import pytest

from tests.integration.graphql.reading import Reader, identifier, ids, nodes


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
