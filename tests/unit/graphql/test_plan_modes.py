"""Which statements Postgres plans for the values that come, and which once for all."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.entities import FunctionParameter, Scalar
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.schema import Schema
from rowgate.postgres.catalog.records import Volatility
from rowgate.postgres.statement import PlanMode
from tests.unit.graphql.graphs import SHOP, function, rows


@pytest.fixture(scope="module")
def shop() -> Schema:
    return schema_of(SHOP, 1)


def modes(query: str, schema: Schema, **variables: object) -> list[PlanMode]:
    prepared = PlanCache(Limits(), prepare).ready(GraphQLRequest(query, None, variables), schema)
    assert not prepared.errors
    return [each.plan for each in prepared.statements]


@pytest.mark.parametrize(
    "query",
    [
        "query Q($n: Int!) { artistByPk(id: $n) { name albumCollection { edges { node { id } } } } }",
        "query Q($n: Int!) { a: artistByPk(id: $n) { name } b: artistByPk(id: 7) { name } }",
        "query Q($n: Int!) { artistCollection(filter: {id: {eq: $n}}) { pageInfo { hasNextPage } edges { cursor } } }",
        "query Q($n: Int!) { artistCollection(filter: {and: [{id: {eq: $n}}]}) { edges { cursor } } }",
        "query Q($n: Int!) { add(a: $n) artistByPk(id: $n) { name } }",
    ],
)
def test_rows_by_their_key_are_planned_once(shop: Schema, query: str) -> None:
    assert modes(query, shop, n=1) == [PlanMode.GENERIC]


@pytest.mark.parametrize(
    "query",
    [
        "query Q($n: Int!) { artistCollection(filter: {id: {gt: $n}}) { edges { node { name } } } }",
        'query Q($n: Int!) { artistCollection(filter: {id: {eq: $n}, name: {neq: "a"}}) { edges { cursor } } }',
        "query Q($n: Int!) { artistCollection(filter: {or: [{id: {eq: $n}}, {id: {eq: 2}}]}) { edges { cursor } } }",
        "query Q($n: Int!) { artistCollection(filter: {not: {id: {eq: $n}}}) { edges { cursor } } }",
        "query Q($n: Int!) { artistCollection(filter: {id: {eq: $n}}, offset: $n) { edges { cursor } } }",
        "query Q($n: Int!) { charts(week: $n) { edges { cursor } } }",  # its body may become a part of the query
        """query Q($n: Int!) { artistByPk(id: $n) { name }
          artistCollection(filter: {id: {gt: $n}}) { edges { cursor } } }""",
        """query Q($n: Int!) { artistByPk(id: $n) {
          albumCollection(filter: {length: {gt: 2}}) { edges { node { id } } } } }""",
    ],
)
def test_what_filters_by_a_value_is_planned_for_it(shop: Schema, query: str) -> None:
    assert modes(query, shop, n=1) == [PlanMode.CUSTOM]


def test_what_is_only_written_is_planned_once(shop: Schema) -> None:
    query = """mutation M($rows: [ArtistInsertInput!]!, $t: String!) {
      insertIntoArtistCollection(objects: $rows) { records { id albumCollection { edges { cursor } } } }
      updateArtistCollection(set: {name: $t}, filter: {name: {eq: $t}}) { affectedCount }
      deleteFromArtistCollection(filter: {name: {eq: "a"}}) { affectedCount }
    }"""
    rows = [{"name": "a"}]
    assert modes(query, shop, rows=rows, t="b") == [PlanMode.GENERIC, PlanMode.CUSTOM, PlanMode.CUSTOM]


def test_rows_that_are_changed_by_their_key_are_found_by_one_plan(shop: Schema) -> None:
    query = """mutation M($n: Int!, $t: String!) {
      updateArtistCollection(set: {name: $t}, filter: {id: {eq: $n}}) { affectedCount records { name } }
      deleteFromArtistCollection(filter: {id: {eq: $n}}, atMost: 1) { affectedCount }
      all: deleteFromArtistCollection(atMost: 10) { affectedCount }
      more: updateArtistCollection(set: {name: $t}, filter: {id: {eq: $n}}) {
        records { albumCollection(filter: {length: {gt: $n}}) { edges { cursor } } } }
    }"""
    assert modes(query, shop, n=1, t="b") == [PlanMode.GENERIC, PlanMode.GENERIC, PlanMode.CUSTOM, PlanMode.CUSTOM]


def test_a_function_that_writes_is_called_by_one_plan_unless_its_rows_are_filtered() -> None:
    week = FunctionParameter("week", "week", Scalar.INT, "integer", required=True)
    drawn = function("drawn", rows("album"), week, volatility=Volatility.VOLATILE)
    schema = schema_of(replace(SHOP, functions=(*SHOP.functions, drawn)), 1)
    query = """mutation M($n: Int!) { drawn(week: $n) { edges { cursor } }
      few: drawn(week: $n, filter: {length: {gt: $n}}) { edges { cursor } } }"""
    assert modes(query, schema, n=1) == [PlanMode.GENERIC, PlanMode.CUSTOM]
