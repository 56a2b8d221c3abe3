"""What the statements of mutations and calls hold: what was asked for, and no value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from graphql.language import OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from rowgate.graphql.at_most import excess_message
from rowgate.graphql.call_plan import call_plan
from rowgate.graphql.call_sql import call_text
from rowgate.graphql.definition.define import schema_of
from rowgate.graphql.document import Operation
from rowgate.graphql.entities import Function, FunctionParameter, Scalar
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Trace
from rowgate.graphql.limits import Limits
from rowgate.graphql.mutation_plan import MutationPlan, mutation_plan
from rowgate.graphql.mutation_sql import mutation_statement
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache
from rowgate.graphql.prepared import Prepared
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.schema import Field, Schema
from rowgate.graphql.scope import Scope, Selected
from rowgate.graphql.selection import select
from rowgate.graphql.written import Hole, Writer, Written
from rowgate.postgres.catalog.records import Volatility
from rowgate.postgres.errors import DatabaseError
from tests.unit.graphql.graphs import SHOP, function, rows

WEEK = FunctionParameter("the week", "week", Scalar.INT, "integer", required=True)
SINCE = FunctionParameter("since", "since", Scalar.DATE, "date", required=False, default='"2024-01-01"')
CALLS: tuple[Function, ...] = (
    function("top", rows("album"), WEEK, SINCE),
    function("pressed", rows("album"), WEEK, volatility=Volatility.VOLATILE),
)


@pytest.fixture(scope="module")
def shop() -> Schema:
    graph = SHOP
    return schema_of(type(graph)(graph.tables, graph.relations, graph.computed, CALLS, graph.enums, True), 1)


def field_of(text: str, schema: Schema, scope: Scope) -> tuple[Selected, Field]:
    """The only root field of an operation."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    of = schema.mutation if text.startswith("mutation") else schema.query
    assert of is not None
    (selected,) = select(operation.selection_set.selections, of, scope)
    return selected, of.fields[selected.name]


def scope_of(variables: Mapping[str, Any]) -> Scope:
    return Scope(variables, {}, {}, Trace())


def planned(text: str, schema: Schema, **variables: Any) -> MutationPlan:
    scope = scope_of(variables)
    return mutation_plan(*field_of(text, schema, scope), schema, scope)


def written(text: str, schema: Schema, **variables: Any) -> Written:
    return mutation_statement(planned(text, schema, **variables))


def called(text: str, schema: Schema, **variables: Any) -> Written:
    scope, writer = scope_of(variables), Writer()
    sql = call_text(call_plan(*field_of(text, schema, scope), schema, scope), writer)
    return Written(sql, tuple(writer.parameters))


def filled(statement: Written, **variables: Any) -> list[bytes | None]:
    return [each.fill(variables) if isinstance(each, Hole) else each for each in statement.parameters]


def test_one_row_is_inserted_by_values(shop: Schema) -> None:
    statement = written(
        'mutation { insertIntoArtistCollection(objects: {born: "2000-01-01", name: "a"}) { affectedCount } }', shop
    )
    assert 'insert into "public"."artist" as b1 ("name", "born") values ($1::character varying(40), $2::date)' in (
        statement.sql
    )
    assert statement.parameters == (b"a", b"2000-01-01")


def test_rows_of_one_variable_are_an_array_for_each_column(shop: Schema) -> None:
    text = "mutation m($r: [ArtistInsertInput!]!) { insertIntoArtistCollection(objects: $r) { affectedCount } }"
    given = [{"name": 'a"', "tags": ["x", None]}, {"tags": None, "name": None}, {"name": "NULL", "tags": []}]
    statement = written(text, shop, r=given)
    arrays = "pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])"
    columns = 'b2."name"::character varying(40), b2."tags"::text[]'
    assert f"select {columns} from rows from ({arrays}) as b2" in statement.sql
    assert filled(statement, r=given) == [b'{"a\\"",NULL,"NULL"}', b'{"{\\"x\\",NULL}",NULL,"{}"}']
    assert filled(statement, r=given[:1]) == [b'{"a\\""}', b'{"{\\"x\\",NULL}"}']


def test_rows_of_different_keys_have_defaults(shop: Schema) -> None:
    statement = written(
        'mutation { insertIntoArtistCollection(objects: [{name: "a"}, {born: null}, {}]) { affectedCount } }', shop
    )
    assert "values ($1::character varying(40), default), (default, $2::date), (default, default)" in statement.sql
    assert statement.parameters == (b"a", None)


@pytest.mark.parametrize(
    ("objects", "sql"),
    [("{}", " as b1 default values returning"), ("[{}, {}]", '("name") values (default), (default) returning')],
)
def test_rows_of_nothing_but_defaults(shop: Schema, objects: str, sql: str) -> None:
    assert sql in written(f"mutation {{ insertIntoArtistCollection(objects: {objects}) {{ __typename }} }}", shop).sql


def test_what_is_not_asked_for_is_not_returned(shop: Schema) -> None:
    asked = written("mutation { deleteFromArtistCollection { records { name albumCollection { totalCount } } } }", shop)
    returned = asked.sql.partition(" returning ")[2]
    assert set(re.findall(r'b1\."(\w+)"', returned)) == {"name", "id"}
    assert "count(*) >" in returned
    alone = written("mutation { deleteFromArtistCollection { affectedCount } }", shop)
    assert ' returning b1."id") select ' in alone.sql  # one column, so that SELECT policies hold
    assert "string_agg" not in alone.sql


@pytest.mark.parametrize(
    "selection", ["affectedCount", "__typename", "records { __typename }", "records { name }", "records { initials }"]
)
@pytest.mark.parametrize(
    "field",
    [
        'insertIntoArtistCollection(objects: {name: "a"})',
        'updateArtistCollection(set: {name: "a"})',
        "deleteFromArtistCollection",
    ],
)
def test_every_write_returns_something_of_its_rows(shop: Schema, field: str, selection: str) -> None:
    statement = written(f"mutation {{ {field} {{ {selection} }} }}", shop)
    returned = statement.sql.partition(" returning ")[2].partition(") select ")[0]
    assert re.search(r"b1\.", returned)


def test_a_limit_needs_no_function_of_the_database_and_is_no_text(shop: Schema) -> None:
    statement = written('mutation { updateArtistCollection(set: {name: "a"}, atMost: 3) { affectedCount } }', shop)
    calls = re.findall(r"(\w+)\(", statement.sql)
    assert set(calls) == {"varying", "count", "concat"}
    assert " 3 " not in statement.sql
    assert statement.parameters[1] == b"3"


def test_the_error_of_too_many_rows_is_recognized_by_a_mark_that_no_sql_holds(shop: Schema) -> None:
    for field, what in (
        ('updateArtistCollection(set: {name: "a"})', "update"),
        ("deleteFromArtistCollection", "delete"),
    ):
        statement = written(f"mutation {{ {field} {{ affectedCount }} }}", shop)
        mark = statement.parameters[-1]
        assert isinstance(mark, bytes)
        assert mark.decode().split()[0] not in statement.sql
        said = f'invalid input syntax for type integer: "{mark.decode()}2"'
        assert excess_message(DatabaseError("22P02", said)) == f"{what} impacts too many records"
        assert excess_message(DatabaseError("22P03", said)) is None
        assert excess_message(DatabaseError("22P02", said.replace(mark.decode()[:32], "0" * 32))) is None


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(VALUES, VALUES, st.integers(-5, 5))
def test_no_value_changes_the_text_of_a_statement(first: str, second: str, most: int) -> None:
    schema = schema_of(SHOP, 1)
    text = """mutation m($name: String, $filter: String, $most: Int!) {
      updateArtistCollection(set: {name: $name}, filter: {tags: {contains: [$filter]}}, atMost: $most) {
        affectedCount records { name } } }"""
    insert = "mutation m($r: [ArtistInsertInput!]!) { insertIntoArtistCollection(objects: $r) { records { name } } }"
    plain = written(text, schema, name="a", filter="b", most=1)
    assert written(text, schema, name=first, filter=second, most=most).sql == plain.sql
    several = [{"name": first}, {"name": second}]
    assert written(insert, schema, r=several).sql == written(insert, schema, r=[{"name": "a"}] * 3).sql


def test_arguments_of_a_call_are_passed_by_name(shop: Schema) -> None:
    one = called("{ top(week: 3) { totalCount } }", shop)
    assert '"public"."top"("the week" => $1::integer) ' in one.sql
    both = called('{ top(since: "2024-02-02", week: 3) { totalCount } }', shop)
    assert '"public"."top"("the week" => $1::integer, "since" => $2::date) ' in both.sql
    assert both.parameters == (b"3", b"2024-02-02")


def test_a_stable_function_may_be_inlined_and_a_volatile_one_is_called_once(shop: Schema) -> None:
    selection = "{ totalCount pageInfo { hasNextPage } edges { node { id } } }"
    assert "materialized" not in called(f"{{ top(week: 3) {selection} }}", shop).sql
    volatile = called(f"mutation {{ pressed(week: 3) {selection} }}", shop).sql
    assert volatile.count('"public"."pressed"(') == 1
    assert "as materialized" in volatile


@pytest.mark.parametrize(
    ("field", "cost"),
    [
        ('insertIntoArtistCollection(objects: [{name: "a"}, {name: "b"}]) { affectedCount }', 3),
        ('insertIntoArtistCollection(objects: [{name: "a"}, {}]) { records { hits { edges { cursor } } } }', 96),
        ("deleteFromArtistCollection(atMost: 2000000000) { affectedCount records { name } }", 1),
        ("deleteFromArtistCollection(atMost: 2) { records { hits(first: 5) { edges { cursor } } } }", 14),
        ("deleteFromArtistCollection(atMost: 2000000000) { records { hits(first: 5) { edges { cursor } } } }", 210),
        ("deleteFromArtistCollection(atMost: -7) { records { hits(first: 5) { edges { cursor } } } }", 7),
    ],
)
def test_a_mutation_costs_what_is_read_beside_its_rows(shop: Schema, field: str, cost: int) -> None:
    assert planned(f"mutation {{ {field} }}", shop).cost == cost


def test_what_a_plan_cannot_read_is_refused(shop: Schema) -> None:
    with pytest.raises(GraphQLError, match="unknown field in delete"):
        planned("mutation { deleteFromArtistCollection { edges } }", shop)


INSERT = """mutation m($rows: [AlbumInsertInput!]!) {
  insertIntoAlbumCollection(objects: $rows) { affectedCount records { id artist { name } } } }"""


class Counting:
    """The planner, and how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
        self.calls += 1
        return prepare(operation, scope, schema, limits)


def ready(cache: PlanCache, schema: Schema, query: str, **variables: Any) -> tuple[Any, ...]:
    """What a request comes to."""
    prepared = cache.ready(GraphQLRequest(query, None, variables), schema)
    statements = [(each.sql, filled(each, **variables)) for each in prepared.statements]
    return statements, prepared.errors, prepared.parts, prepared.nothing_ran


def test_one_plan_inserts_any_number_of_rows(shop: Schema) -> None:
    counting = Counting()
    cache = PlanCache(Limits(), counting)
    for count in (4, 5, 7, 6):
        rows = [{"length": number, "genre": "ROCK" if number % 3 else None} for number in range(count)]
        ((_, parameters),), errors, _, _ = ready(cache, shop, INSERT, rows=rows)
        assert not errors
        assert parameters[-1] == b"{%b}" % b",".join(b'"%d"' % number for number in range(count))
    assert counting.calls == 1
    ready(cache, shop, INSERT, rows=[{"length": 1, "genre": "ROCK"}] * 8)  # so many more cost more
    assert counting.calls == 2


def test_a_statement_has_as_many_values_as_postgres_can_count(shop: Schema) -> None:
    text = "mutation m($rows: [ArtistInsertInput!]!) { insertIntoArtistCollection(objects: $rows) { affectedCount } }"
    mixed = [{"name": "a", "born": "2000-01-01"}, {"name": "b"}]
    assert len(written(text, shop, rows=mixed * 21_845).parameters) == 65_535
    with pytest.raises(GraphQLError, match="more than 65535 values"):
        written(text, shop, rows=[*mixed * 21_845, {"name": "c"}])
    assert len(written(text, shop, rows=mixed[:1] * 70_000).parameters) == 2


def test_a_value_that_will_not_do_is_found_in_any_row(shop: Schema) -> None:
    text = "mutation m($rows: [ArtistInsertInput!]!) { insertIntoArtistCollection(objects: $rows) { affectedCount } }"
    cache = PlanCache(Limits(), prepare)
    for names, fine in ((("a", "b"), True), (("a", "c" * 41), False), (("d" * 41, None), False), (("e", None), True)):
        _, errors, _, _ = ready(cache, shop, text, rows=[{"name": name} for name in names])
        assert errors == (() if fine else ("Invalid input for String type. Maximum character length 40",))


def test_objects_that_are_no_rows_to_insert_are_as_many_as_they_are(shop: Schema) -> None:
    text = "query q($rows: [ArtistOrderBy!]) { artistCollection(orderBy: $rows) { edges { cursor } } }"
    cache = PlanCache(Limits(), prepare)
    for count in (3, 1, 2, 3):
        ((sql, _),), *_ = ready(cache, shop, text, rows=[{"name": "AscNullsLast"}] * count)
        assert sql.count('to_jsonb(b1."name")') == count


ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "genre": st.sampled_from(["ROCK", "FOLK", "rock", None, 1]),
            "length": st.sampled_from([1, 2, None, "x", 1.5]),
            "title": st.sampled_from(["a", "", None]),
            "sold": st.sampled_from([5, "5", None, 2**70]),
        },
    ),
    max_size=5,
)
ARTISTS = st.lists(st.fixed_dictionaries({"name": st.sampled_from(["a", "b" * 40, "c" * 41, None])}), max_size=4)
ORDERS = st.lists(
    st.sampled_from([{"name": "AscNullsLast"}, {"id": "DescNullsFirst"}, {"name": "sideways"}, {"name": None}]),
    max_size=4,
)
FILTERS = st.lists(st.sampled_from([{}, {"name": None}, {"id": 1}, {"name": {"eq": "a"}}]), max_size=3)
READ = "query q($rows: [Any!]) { artistCollection(%s) { edges { cursor } } }"
REQUESTS = st.one_of(
    st.tuples(st.just(INSERT), ROWS),
    st.tuples(st.just(INSERT.replace("Album", "Artist").replace("artist { name }", "")), ARTISTS),
    st.tuples(st.just(READ % "orderBy: $rows"), ORDERS),
    st.tuples(st.just(READ % "filter: {or: $rows}"), FILTERS),
)


@given(st.lists(REQUESTS, min_size=2, max_size=12))
def test_a_kept_plan_of_rows_is_the_one_that_would_be_made_anew(requests: list[tuple[str, list[Any]]]) -> None:
    schema = schema_of(SHOP, 1)
    cache = PlanCache(Limits(), prepare)
    for query, listed in requests:
        anew = PlanCache(Limits(), prepare)
        assert ready(cache, schema, query, rows=listed) == ready(anew, schema, query, rows=listed)
