"""What a connection costs Postgres: nothing that was not asked for."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rowgate.graphql.cursor import CursorValue, nulls
from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.limits import Limits
from rowgate.graphql.node_id import target
from rowgate.graphql.plan import checked_cost
from rowgate.graphql.schema import Schema
from rowgate.graphql.written import Hole
from tests.unit.graphql.graphs import SHOP
from tests.unit.graphql.reading import connection, scope_of, written


@pytest.fixture(scope="module")
def shop() -> Schema:
    return schema_of(SHOP, 1)


def cursor(*values: object) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


def test_a_page_reads_the_columns_that_are_asked_for_and_counts_nothing(shop: Schema) -> None:
    sql, parameters = written("{ artistCollection(first: 3) { edges { node { name } } } }", shop)
    assert '(select b2."name" from "public"."artist" b2 order by b2."id" limit 3)' in sql
    assert "count" not in sql
    assert "over ()" not in sql
    assert parameters == []


def test_a_count_has_a_subquery_of_its_own_and_needs_no_page(shop: Schema) -> None:
    sql, _ = written("{ albumCollection(first: 3) { totalCount } }", shop)
    assert sql.count("count(*)") == 1
    assert "limit" not in sql


def test_whether_there_is_a_next_page_is_one_row_more_of_the_same_scan(shop: Schema) -> None:
    sql, _ = written("{ artistCollection(first: 3) { pageInfo { hasNextPage } edges { node { id } } } }", shop)
    assert sql.count('"public"."artist"') == 1
    assert "limit 4" in sql
    assert "count(*) > 3" in sql


def test_no_previous_page_is_looked_for_without_a_cursor(shop: Schema) -> None:
    sql, _ = written("{ artistCollection { pageInfo { hasPreviousPage } } }", shop)
    assert "from" not in sql


def test_a_previous_page_is_looked_for_beyond_the_cursor(shop: Schema) -> None:
    query = f'{{ artistCollection(after: "{cursor(7)}") {{ pageInfo {{ hasPreviousPage }} }} }}'
    sql, parameters = written(query, shop)
    assert 'b2."id" > $1::integer order by' in sql
    beside = 'select true from "public"."artist" b2 where b2."id" <= $1::integer order by b2."id" desc limit 1'
    assert f"count(*) > 0 and coalesce(({beside}), false)" in sql
    assert parameters == [b"7"]


def test_a_cursor_whose_columns_run_one_way_and_are_never_null_is_one_comparison_of_rows(shop: Schema) -> None:
    query = '{{ artistCollection(after: "{}", orderBy: [{{name: {}}}]) {{ edges {{ cursor }} }} }}'
    sql, _ = written(query.format(cursor("Bach", 3), "AscNullsFirst"), shop)
    assert '(b2."name", b2."id") operator(pg_catalog.>) ($1::character varying(40), $2::integer)' in sql
    sql, _ = written(query.format(cursor("Bach", 3), "DescNullsLast"), shop)
    name = "$1::character varying(40)"
    less, same, at_most = (f'b2."name" operator(pg_catalog.{each}) {name}' for each in ("<", "=", "<="))
    assert f'({at_most} and ({less} or ({same} and b2."id" > $2::integer)))' in sql


def test_the_place_of_nulls_is_left_out_of_the_order_where_there_are_none(shop: Schema) -> None:
    query = "{ artistCollection(orderBy: [{name: DescNullsLast}, {born: DescNullsLast}]) { edges { cursor } } }"
    sql, _ = written(query, shop)
    assert 'order by b2."name" desc, b2."born" desc nulls last, b2."id" limit 30' in sql


def test_a_backward_page_is_read_from_the_end_and_turned_round(shop: Schema) -> None:
    sql, _ = written("{ artistCollection(last: 2) { edges { node { id } } } }", shop)
    assert 'order by b2."id" desc limit 2' in sql
    assert 'order by b1."n" desc' in sql


def test_a_plan_depends_on_a_page_size_only_as_far_as_the_table_lets_it(shop: Schema) -> None:
    query = "query($size: Int) { artistCollection(first: $size) { edges { cursor } } }"
    for size, limit in ((3, 3), (30, 30), (31, 30), (1000, 30), (0, 0)):
        scope = scope_of({"size": size})
        assert connection(query, shop, scope).limit == limit
        assert {pin.read(size) for pin in scope.trace.pins} == {limit}
    refused = scope_of({"size": -5})
    with pytest.raises(GraphQLError, match="unsigned"):
        connection(query, shop, refused)
    assert {pin.read(size) for pin in refused.trace.pins for size in (-1, -7)} == {-1}


def test_values_of_variables_are_holes_and_a_cursors_are_read_out_of_it(shop: Schema) -> None:
    query = (
        "query($name: String, $after: Cursor) "
        "{ artistCollection(filter: {name: {eq: $name}}, after: $after) { edges { cursor } } }"
    )
    values = {"name": "Bach", "after": cursor(7)}
    sql, parameters = written(query, shop, values)
    assert all(isinstance(each, Hole) for each in parameters)
    assert "Bach" not in sql
    assert [each.fill({"name": "Cage", "after": cursor(9)}) for each in parameters if isinstance(each, Hole)] == [
        b"Cage",
        b"9",
    ]


def test_no_value_stands_in_the_text(shop: Schema) -> None:
    marker = "'; drop table artist; --"
    node_id = base64.b64encode(json.dumps(["public", "artist", marker]).encode()).decode()
    literals = f"""{{ artistCollection(after: "{cursor(marker)}", orderBy: [{{name: AscNullsLast}}], filter: {{
        name: {{eq: "{marker}", in: ["{marker}"], like: "{marker}"}}, tags: {{contains: ["{marker}"]}},
        nodeId: {{eq: "{node_id}"}}, or: [{{born: {{lt: "{marker}"}}}}, {{not: {{home: {{eq: "{marker}"}}}}}}]
    }}) {{ pageInfo {{ hasPreviousPage }} edges {{ node {{ id }} }} }} }}"""
    variables = {"a": cursor(marker), "f": {"name": {"eq": marker, "in": [marker]}, "nodeId": {"eq": node_id}}}
    query = "query($a: Cursor, $f: ArtistFilter) { artistCollection(after: $a, filter: $f) { edges { cursor } } }"
    for text, values in ((literals, {}), (query, variables)):
        sql, parameters = written(text, shop, values)
        assert "drop" not in sql
        filled = [each.fill(values) if isinstance(each, Hole) else each for each in parameters]
        assert filled
        assert all(each is not None and marker.encode() in each for each in filled)


def test_a_cursors_numbers_keep_all_their_digits() -> None:
    written = b'[123456789012345678901234567890, 0.10000000000000000001, true, null, [1, "a"], "x"]'
    sent = base64.b64encode(written).decode()
    assert nulls(sent) == (False, False, False, True, False, False)
    assert [CursorValue(index)(sent) for index in range(6)] == [
        b"123456789012345678901234567890",
        b"0.10000000000000000001",
        b"true",
        None,
        b'{1,"a"}',
        b"x",
    ]


ENCODED = st.binary().map(lambda each: base64.b64encode(each).decode())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=8,
).map(lambda each: base64.b64encode(json.dumps(each).encode()).decode())


@given(st.text() | ENCODED | JSON)
@example("A")
@example("é")
@example("\ud800")
@example(base64.b64encode(b"[" * 100_000).decode())
@example(base64.b64encode(b"[" + b"9" * 10_000 + b"]").decode())
@example(base64.b64encode(b'["\\ud800"]').decode())
@example(base64.b64encode(b'["\\u0000"]').decode())
def test_whatever_a_client_sends_as_a_cursor_or_an_identifier_is_read_or_refused(sent: str) -> None:
    read = nulls(sent)
    assert isinstance(read, tuple) or read in {"1", "2", "3", "4"}
    for index in range(len(read) if isinstance(read, tuple) else 0):
        with contextlib.suppress(GraphQLError):  # an object, or a text with a NUL
            CursorValue(index)(sent)
    found = target(sent)
    assert isinstance(found, tuple) or found in {"2", "3", "4", "5", "6", "7", "10"}


def test_a_plan_depends_on_which_values_of_a_cursor_are_null(shop: Schema) -> None:
    arguments = "after: $after, orderBy: [{born: AscNullsLast}]"
    query = f"query($after: Cursor) {{ artistCollection({arguments}) {{ edges {{ cursor }} }} }}"
    scope = scope_of({"after": cursor(None, 7)})
    assert connection(query, shop, scope).cursor is not None
    (pin,) = (each for each in scope.trace.pins if each.path == ("after",))
    assert pin.read(cursor(None, 7)) == pin.read(cursor(None, 8))
    assert pin.read(cursor(None, 7)) != pin.read(cursor("1685-03-31", 7))
    assert pin.read("no cursor") != pin.read(cursor(None, 7))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: 1, last: 1", 'only one of "first" and "last" may be provided'),
        (f'after: "{cursor(1)}", before: "{cursor(1)}"', 'only one of "before" and "after" may be provided'),
        (f'first: 1, before: "{cursor(1)}"', '"first" may only be used with "after"'),
        (f'last: 1, after: "{cursor(1)}"', '"last" may only be used with "before"'),
        ("last: 1, offset: 1", '"offset" may only be used with "first" and "after"'),
        (f'before: "{cursor(1)}", offset: 1', '"offset" may only be used with "first" and "after"'),
        ("first: -1, last: -1", "`first` must be an unsigned integer"),
        ("last: -1, offset: -1", "`last` must be an unsigned integer"),
        ("offset: -1, after: 1", "`offset` must be an unsigned integer"),
        ('after: "?"', "Failed to decode cursor, error 1"),
        ('after: "/w=="', "Failed to decode cursor, error 2"),
        ('after: "Ww=="', "Failed to decode cursor, error 3"),
        ('after: "e30="', "Failed to decode cursor, error 4"),
        (f'after: "{cursor(1, 2)}"', "orderBy clause incompatible with pagination cursor"),
        ("first: 1, other: 2, third: 3", 'Input contains extra keys ["other", "third"]'),
        ('filter: {nodeId: {eq: "?"}}', "Invalid value passed to nodeId argument. Error 2"),
        ("filter: {name: {is: null}}", "Error transpiling Is filter value type"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused_in_the_dialects_words(
    shop: Schema, arguments: str, message: str
) -> None:
    with pytest.raises(GraphQLError) as caught:
        written(f"{{ artistCollection({arguments}) {{ edges {{ cursor }} }} }}", shop)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("wrong", "unknown field in connection"),
        ("totalCount", "unknown field in connection"),
        ("aggregate { count }", "enable the aggregate directive to use aggregates"),
        ("edges { wrong }", "unknown field in edge"),
        ("pageInfo { wrong }", "unknown field in pageInfo"),
        ("edges { node { wrong } }", "Unknown field 'wrong' on type 'Artist'"),
        ("edges { node(first: 1) { id } }", 'Input contains extra keys ["first"]'),
    ],
)
def test_unknown_fields_are_refused_in_the_dialects_words(shop: Schema, selection: str, message: str) -> None:
    with pytest.raises(GraphQLError) as caught:
        written(f"{{ artistCollection {{ {selection} }} }}", shop)
    assert caught.value.message == message


def test_unknown_aggregates_are_refused_in_the_dialects_words(shop: Schema) -> None:
    for selection, message in (
        ("wrong", 'Unknown field "wrong" selected on type "AlbumAggregate"'),
        ("sum { wrong }", 'Unknown or invalid field "wrong" selected on type "AlbumSumAggregateResult"'),
    ):
        with pytest.raises(GraphQLError) as caught:
            written(f"{{ albumCollection {{ aggregate {{ {selection} }} }} }}", shop)
        assert caught.value.message == message


def test_the_cost_of_a_connection_is_the_rows_that_its_pages_can_reach(shop: Schema) -> None:
    nested = "{ artistCollection(first: 10) { edges { node { albumCollection { edges { node { id } } } } } } }"
    assert connection(nested, shop).cost == 1 + 10 * (1 + 1 + 30)
    assert connection("{ albumCollection { totalCount } }", shop).cost == 1


def test_the_cost_of_all_root_fields_counts(shop: Schema) -> None:
    assert checked_cost(12, Limits(cost=12)) == 12
    with pytest.raises(GraphQLError) as caught:
        checked_cost(13, Limits(cost=12))
    assert caught.value.nothing_ran


def test_a_row_is_never_taken_for_a_column_of_the_same_name(shop: Schema) -> None:
    sql, _ = written("{ artistCollection { edges { node { initials best { id } } } } }", shop)
    assert '(b2.*)::"public"."artist" as "row"' in sql
    assert "where not ((b3.*) is null)" in sql
