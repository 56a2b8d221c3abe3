"""Rows of a real database: the form of each type, functions, relations, views, and one row by its key."""

from __future__ import annotations

import base64

import pytest

from tests.integration.graphql.reading import Reader, identifier, nodes


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
