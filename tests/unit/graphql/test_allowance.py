"""What a short text can make the planner do, and how little of it is done."""

from __future__ import annotations

import msgspec
import pytest

from rowgate.graphql.allowance import OBJECT, TEXT, VALUES, Allowance, extent
from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.prepared import Prepared
from rowgate.graphql.request import GraphQLRequest
from tests.unit.graphql.graphs import SHOP

SHOP_SCHEMA = schema_of(SHOP, 1)
TOO_MANY = ("The arguments of the operation hold too many values",)
NODES = "{ edges { node { id } } }"


def ready(query: str, **variables: Json) -> Prepared:
    read = msgspec.json.decode(msgspec.json.encode(variables))
    return PlanCache(Limits(), prepare).ready(GraphQLRequest(query, None, read), SHOP_SCHEMA)


def aliased(count: int, field: str) -> str:
    return " ".join(f"a{each}: {field}" for each in range(count))


def test_a_variable_may_be_large_and_named_in_a_few_places() -> None:
    query = f"query($ids: [Int!]) {{ {aliased(2, f'artistCollection(filter: {{id: {{in: $ids}}}}) {NODES}')} }}"
    assert not ready(query, ids=list(range(3 * VALUES))).errors


def test_a_large_variable_is_not_named_in_many_places() -> None:
    query = f"query($ids: [Int!]) {{ {aliased(100, f'artistCollection(filter: {{id: {{in: $ids}}}}) {NODES}')} }}"
    assert ready(query, ids=list(range(VALUES // 20))).errors == TOO_MANY
    assert not ready(query, ids=list(range(100))).errors


def test_long_texts_count_as_several() -> None:
    field = f"albumCollection(filter: {{title: {{eq: $title}}}}) {NODES}"
    query = f"query($title: String) {{ {aliased(100, field)} }}"
    assert extent("a" * 10 * TEXT) == 11
    assert extent({"a": ["b", {"c": None}], "d": [1, 2.5, True]}) == 9
    assert ready(query, title="a" * TEXT * 1_000).errors == TOO_MANY
    assert not ready(query, title="a" * TEXT).errors


def test_a_default_counts_wherever_it_is_used() -> None:
    default = ", ".join(["1"] * 500)
    fields = aliased(400, "artistCollection(filter: {id: {in: $ids}}) { __typename }")
    assert ready(f"query($ids: [Int!] = [{default}]) {{ {fields} }}").errors == TOO_MANY


def test_a_literal_in_a_fragment_counts_wherever_it_is_spread() -> None:
    literal = ", ".join(["1"] * 2_000)
    fragment = (
        f"fragment F on Artist {{ albums: albumCollection(filter: {{id: {{in: [{literal}]}}}}) {{ __typename }} }}"
    )
    fields = aliased(200, "artistCollection { edges { node { ...F } } }")
    assert ready(f"{{ {fields} }} {fragment}").errors == TOO_MANY


def test_filters_and_orders_hold_a_bounded_number_of_objects() -> None:
    query = f"query($f: ArtistFilter, $o: [ArtistOrderBy!]) {{ artistCollection(filter: $f, orderBy: $o) {NODES} }}"
    many = VALUES // (OBJECT - 6)
    assert ready(query, f={"or": [{"name": {"eq": "a"}}] * many}).errors == TOO_MANY
    assert ready(query, o=[{"name": "AscNullsFirst"}] * many).errors == TOO_MANY
    assert not ready(query, f={"or": [{"name": {"eq": "a"}}] * 1_000}).errors


def test_any_number_of_rows_is_inserted_that_a_body_can_hold() -> None:
    query = "mutation($rows: [ArtistInsertInput!]!) { insertIntoArtistCollection(objects: $rows) { affectedCount } }"
    assert not ready(query, rows=[{"name": f"artist {each}"} for each in range(VALUES)]).errors


def test_comparing_the_arguments_of_merged_fields_is_bounded() -> None:
    listed = ", ".join(['{name: {eq: "a"}}'] * 300)
    fragments = "".join(
        f" fragment {name} on Query {{ artistCollection(filter: {{or: [{listed}]}}) {{ __typename }} }}"
        for name in ("F", "G")
    )
    assert ready(f"{{ {'...F ...G ' * 500} }}{fragments}").errors == TOO_MANY
    assert not ready(f"{{ {'...F ...F ' * 500} }}{fragments}").errors  # of one field nothing is compared


def test_introspection_is_bounded_whatever_the_number_of_root_fields() -> None:
    selected = "name fields { type { fields { type { fields { type { fields { type { name } } } } } } } }"
    prepared = ready(f"{{ {aliased(200, '__schema { ...F }')} }} fragment F on __Schema {{ types {{ {selected} }} }}")
    assert prepared.parts is not None
    assert len(prepared.parts) < 150
    assert set(prepared.errors) == {"Introspection asks for too much at once"}


def test_what_the_variables_come_to_is_bounded_for_a_kept_plan_as_well() -> None:
    field = f"albumCollection(filter: {{title: {{eq: $title}}}}) {NODES}"
    prepared = ready(f"query($title: String) {{ {aliased(100, field)} }}", title="a")
    assert not prepared.errors
    assert len(prepared.ready({"title": "a" * 100}, 10_000).statements[0].parameters) == 100
    with pytest.raises(GraphQLError, match="too many places for their size"):
        prepared.ready({"title": "a" * 101}, 10_000)


def test_the_variables_are_looked_at_once() -> None:
    allowance = Allowance()
    variables = {"x": list(range(1_000))}
    allowance.read(VALUES + 2_000, variables)
    for _ in range(2):
        with pytest.raises(GraphQLError, match="too many values"):
            allowance.read(1_000, variables)
