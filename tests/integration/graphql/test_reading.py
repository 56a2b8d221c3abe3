"""Whole queries against a real database: their root fields together, and what a failing one costs."""

from __future__ import annotations

import pytest

from rowgate.graphql.limits import Limits
from tests.integration.graphql.reading import Reader, identifier, reader_of


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


def test_an_operation_that_may_reach_too_many_rows_is_refused(music_url: str) -> None:
    nested = "{ artistCollection { edges { node { albumCollection { edges { node { title } } } } } } }"
    cost = 1 + 30 * (1 + 1 + 4)
    with reader_of(music_url, Limits(cost=cost)) as reader:
        assert "errors" not in reader.ask(nested)
        twice = nested.replace("{ artistCollection", "{ a: artistByPk(id: 1) { id } artistCollection", 1)
        assert reader.ask(twice) == {
            "errors": [f"Operation may reach {cost + 1} rows, more than the {cost} that are allowed"]
        }
