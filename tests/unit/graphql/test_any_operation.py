"""Any operation over a schema is planned or refused, and a plan that is kept is the one that would be made anew."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.given import Json
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.request import GraphQLRequest
from tests.unit.graphql.graphs import SHOP
from tests.unit.graphql.operations import CURSORS, DIRECTIONS, LENGTHS, NODE_IDS, alike, operations
from tests.unit.graphql.parameters import filled

LIMITS = Limits(cost=2**53)
SCHEMA = schema_of(SHOP, 1)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("{ albumCollection(first: $x) { __typename } }", [1, 2, 30, 31, 2**40, -1, -2]),
        ("{ albumCollection(orderBy: [{sold: $x}]) { edges { cursor } } }", [*DIRECTIONS, "nonsense"]),
        ("{ albumCollection(filter: {sold: {is: $x}}) { edges { cursor } } }", ["NULL", "NOT_NULL", "nonsense"]),
        ("{ albumCollection(filter: {genre: {eq: $x}}) { __typename } }", ["ROCK", "FOLK", "rock"]),
        ("{ albumCollection(filter: {genre: {in: $x}}) { __typename } }", [["ROCK"], ["ROCK", "FOLK"], ["rock"]]),
        ("{ artistCollection(filter: {id: {in: [1, $x]}}) { __typename } }", [1, 2]),
        ("{ artistCollection(filter: {name: {eq: $x}}) { __typename } }", LENGTHS),
        ("{ artistCollection(filter: {name: {in: $x}}) { __typename } }", [[each, "a"] for each in LENGTHS]),
        ("{ artistCollection(filter: {nodeId: {eq: $x}}) { __typename } }", NODE_IDS),
        ("{ artistCollection(after: $x) { edges { cursor } } }", CURSORS),
        ("{ artistCollection { __typename @skip(if: $x) } }", [True, False]),
        ("{ node(nodeId: $x) { nodeId } }", NODE_IDS),
        ("{ __type(name: $x) { name } }", ["Artist", "Album", "nonsense"]),
        ("mutation { insertIntoArtistCollection(objects: [{name: $x}]) { affectedCount } }", LENGTHS),
        ("mutation { deleteFromArtistCollection(atMost: $x) { affectedCount } }", [1, 2, -1]),
    ],
)
def test_what_a_plan_looks_at_is_pinned(query: str, values: list[Json]) -> None:
    cache = PlanCache(LIMITS, prepare)
    for value in values * 2:
        request = GraphQLRequest(query, None, {"x": value})
        kept, anew = cache.ready(request, SCHEMA), PlanCache(LIMITS, prepare).ready(request, SCHEMA)
        assert kept == anew
        assert filled(kept, request.variables) == filled(anew, request.variables)


@given(operation=operations(SCHEMA), data=st.data())
@settings(max_examples=200, deadline=None)
def test_any_operation_is_planned_or_refused_and_a_kept_plan_is_the_one_made_anew(
    operation: tuple[str, dict[str, Json]], data: st.DataObject
) -> None:
    query, variables = operation
    cache = PlanCache(LIMITS, prepare)
    for _ in range(3):
        request = GraphQLRequest(query, None, variables)
        kept = cache.ready(request, SCHEMA)
        anew = PlanCache(LIMITS, prepare).ready(request, SCHEMA)
        assert kept == anew
        assert filled(kept, variables) == filled(anew, variables)
        assert kept.parts is not None or kept.errors
        variables = data.draw(alike(variables))
