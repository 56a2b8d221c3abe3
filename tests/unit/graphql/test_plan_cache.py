"""What is kept of one request for the next."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Hashable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from rowgate.graphql import plan_cache
from rowgate.graphql.document import Operation, read_operation
from rowgate.graphql.entities import Scalar
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given, Input, Json
from rowgate.graphql.inputs import argument
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan_cache import PlanCache, takes_long
from rowgate.graphql.prepared import Fetched, Fixed, Part, Prepared
from rowgate.graphql.rendering import array, text
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.schema import (
    EnumType,
    EnumValue,
    Field,
    InputField,
    InputRole,
    InputType,
    ListOf,
    Named,
    NamedType,
    NonNull,
    ObjectType,
    ScalarType,
    Schema,
)
from rowgate.graphql.scope import Scope
from rowgate.graphql.selection import select
from rowgate.graphql.shape import shape_of
from rowgate.graphql.written import Hole, Writer, Written
from rowgate.postgres.statement import Access
from tests.unit.graphql.operations import alike
from tests.unit.graphql.parameters import filled

ROW = InputType(
    "Row",
    {
        "id": InputField("id", Named("Int")),
        "name": InputField("name", Named("String"), max_length=2),
        "colours": InputField("colours", ListOf(NonNull(Named("Colour")))),
        "rows": InputField("rows", ListOf(Named("Row"))),
    },
    InputRole.INSERT,
)
TYPES: dict[str, NamedType] = {each: ScalarType(each, "") for each in Scalar}
TYPES |= {"Row": ROW, "Colour": EnumType("Colour", (EnumValue("ROCK"), EnumValue("FOLK")))}
ARGUMENTS = {
    "row": InputField("row", Named("Row")),
    "ids": InputField("ids", ListOf(Named("Int"))),
    "first": InputField("first", Named("Int")),
    "any": InputField("any", Named("Opaque")),
}
FIELD = Field("f", Named("Int"), ARGUMENTS)
QUERY = ObjectType("Query", {"f": FIELD})
SCHEMA = Schema(types=TYPES, query=QUERY, mutation=None, shown=None, serial=1)
LIMITS = Limits()


def toy(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
    """A planner with every habit of the real one: absent and null are its own business, `first` stands in the SQL,
    names of three letters change it, everything else is a parameter."""
    writer, parts, errors = Writer(), list[Part](), list[str]()
    columns: list[str] = []
    for each in select(operation.selections, QUERY, scope):
        try:
            found = {name: argument(each, FIELD, name, schema, scope) for name in ARGUMENTS}
            first = found.pop("first")
            limit = scope.trace.value(first) if isinstance(first, Given) else "all"
            columns.append(f"limit {limit} " + ", ".join(written(of, writer) for of in found.values()))
            parts.append(Fetched(each.key, 0, len(columns) - 1))
        except GraphQLError as error:
            errors.append(error.message)
    statement = Written("select " + "; ".join(columns), tuple(writer.parameters))
    return Prepared(Access.READ_ONLY, (statement,), tuple(parts), tuple(errors), False, tuple(scope.trace.pins))


def written(found: Input, writer: Writer) -> str:
    if found is UNSET:
        return "absent"
    if isinstance(found, Given):
        if found.value is None:
            return "null"
        return writer.parameter(found, array if isinstance(found.value, list) else text)
    if isinstance(found, dict):
        return "{" + ", ".join(f"{name} {written(each, writer)}" for name, each in found.items()) + "}"
    assert isinstance(found, list)
    return "[" + ", ".join(written(each, writer) for each in found) + "]"


class Counting:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
        self.calls += 1
        return toy(operation, scope, schema, limits)


def request(query: str, variables: Mapping[str, Json] = {}, operation: str | None = None) -> GraphQLRequest:
    return GraphQLRequest(query, operation, variables)


def test_a_plan_serves_other_values() -> None:
    counting = Counting()
    cache = PlanCache(LIMITS, counting)
    query = "query ($row: Row) { f(row: $row) }"
    first = cache.ready(request(query, {"row": {"id": 1, "name": "a"}}), SCHEMA)
    again = cache.ready(request(query, {"row": {"id": 2, "name": "b"}}), SCHEMA)
    assert first is again
    assert counting.calls == 1
    assert [type(each) for each in first.statements[0].parameters] == [Hole, Hole]


def test_another_shape_text_operation_or_schema_is_planned() -> None:
    counting = Counting()
    cache = PlanCache(LIMITS, counting)
    query = "query A { f(any: $x) } query B { f(any: $x) }"
    cache.ready(request(query, {"x": 1}, "A"), SCHEMA)
    for number, (each, schema) in enumerate(
        [
            (request(query, {"x": "a"}, "A"), SCHEMA),
            (request(query, {"x": 1}, "B"), SCHEMA),
            (request(query + " ", {"x": 1}, "A"), SCHEMA),
            (request(query, {"x": 1}, "A"), replace(SCHEMA, serial=2)),
        ]
    ):
        cache.ready(each, schema)
        cache.ready(each, schema)
        assert counting.calls == number + 2


def test_what_was_looked_at_must_be_the_same() -> None:
    counting = Counting()
    cache = PlanCache(LIMITS, counting)
    query = "{ f(first: $n, any: $x) }"
    ready = [cache.ready(request(query, {"n": n, "x": x}), SCHEMA) for n, x in ((1, 1), (1, 2), (2, 1), (1, 3), (2, 9))]
    assert ready[0] is ready[1] is ready[3]
    assert ready[2] is ready[4]
    assert [each.statements[0].sql[:14] for each in ready[1:3]] == ["select limit 1", "select limit 2"]
    assert counting.calls == 2


def test_what_was_looked_at_may_depend_on_what_was_seen() -> None:
    counting = Counting()
    cache = PlanCache(LIMITS, counting)
    query = "{ f(first: $n) @skip(if: $no) f2: f }"
    requests = [request(query, {"n": n, "no": no}) for n in (1, 2) for no in (True, False)]
    for each in requests * 3:
        assert cache.ready(each, SCHEMA) == PlanCache(LIMITS, toy).ready(each, SCHEMA)
    assert counting.calls == 3  # skipped, it does not matter how many


def test_an_error_is_kept_like_a_plan() -> None:
    counting = Counting()
    cache = PlanCache(LIMITS, counting)
    for value in ("abc", "a", "abcd", "b"):
        prepared = cache.ready(request("{ f(row: {name: $x}) }", {"x": value}), SCHEMA)
        assert bool(prepared.errors) is (len(value) > 2)
    assert counting.calls == 2


def test_a_document_is_read_once_for_all_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def reading(query: str, name: str | None, limits: Limits) -> Operation:
        read.append(query)
        return read_operation(query, name, limits)

    monkeypatch.setattr(plan_cache, "read_operation", reading)
    cache = PlanCache(LIMITS, toy)
    for value in (1, "a", None, True):
        cache.ready(request("{ f(any: $x) }", {"x": value}), SCHEMA)
    assert len(read) == 1


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        ("{", {}, "query parse error: Expected Name, found <EOF> at line 1, column 2"),
        ("query A { f } query B { f }", {}, "Operation not found"),
        ("{ f }", {"x": [[{}] for _ in range(3)] * 1}, None),
        ("{ a: f(any: $x) ...g }", {"x": 1}, "no fragment named g on type Query"),
    ],
)
def test_what_cannot_be_is_an_answer(query: str, variables: Mapping[str, Json], message: str | None) -> None:
    cache = PlanCache(LIMITS, toy)
    for _ in range(2):
        prepared = cache.ready(request(query, variables), SCHEMA)
        assert prepared.errors == (() if message is None else (message,))
        assert (prepared.parts is None) is (message is not None)


def test_variables_have_a_bounded_depth() -> None:
    value: Json = 1
    for _ in range(5_000):
        value = [value, {}]
    prepared = PlanCache(LIMITS, toy).ready(request("{ f }", {"x": value}), SCHEMA)
    assert prepared.errors == ("Variables are nested more than 100 levels deep",)
    assert prepared.nothing_ran


def test_a_planner_without_bottom_is_an_answer() -> None:
    def endless(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
        return endless(operation, scope, schema, limits)

    prepared = PlanCache(LIMITS, endless).ready(request("{ f }"), SCHEMA)
    assert prepared.errors == ("Query is nested too deeply",)


@pytest.mark.anyio
async def test_a_plan_can_be_made_in_a_thread_while_the_event_loop_runs() -> None:
    inside, may_end = threading.Event(), threading.Event()

    def slow(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
        inside.set()
        assert may_end.wait(10)
        return toy(operation, scope, schema, limits)

    cache = PlanCache(LIMITS, slow)
    asked = request("query ($n: Int) { f(first: $n) }", {"n": 3})
    coming = asyncio.ensure_future(cache.ready_aside(asked, SCHEMA))
    while not inside.is_set():
        await asyncio.sleep(0.001)
    may_end.set()
    prepared = await coming
    assert not prepared.errors
    assert await cache.ready_aside(asked, SCHEMA) is prepared
    assert cache.ready(asked, SCHEMA) is prepared


@pytest.mark.anyio
async def test_plans_are_made_in_one_thread_at_a_time() -> None:
    inside = most = 0

    def slow(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        inside -= 1
        return toy(operation, scope, schema, limits)

    cache = PlanCache(LIMITS, slow)
    await asyncio.gather(*(cache.ready_aside(request(f"{{ f{each}: f }}"), SCHEMA) for each in range(5)))
    assert most == 1


@pytest.mark.anyio
async def test_what_takes_long_to_look_at_is_looked_for_in_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = PlanCache(LIMITS, toy)
    asked = request("{ f(first: $n) }", {"n": 3})
    prepared = cache.ready(asked, SCHEMA)
    threads: list[int] = []

    def watched(variables: Mapping[str, Json]) -> tuple[Hashable, ...]:
        threads.append(threading.get_ident())
        return shape_of(variables)

    monkeypatch.setattr(plan_cache, "shape_of", watched)
    assert await cache.ready_aside(asked, SCHEMA, look=False) is prepared
    assert threads
    assert threading.get_ident() not in threads


def test_a_long_text_takes_long() -> None:
    assert takes_long(request("{ f " + "f " * 1_000 + "}"), SCHEMA)


def test_the_description_of_a_large_schema_takes_long() -> None:
    large = replace(SCHEMA, types=dict.fromkeys(map(str, range(1_000)), ROW))
    assert takes_long(request("{ __schema { types { name } } }"), large)
    assert takes_long(request('{ __type(name: "Row") { name } }'), large)
    assert not takes_long(request("{ f }"), large)
    assert not takes_long(request("{ __schema { types { name } } }"), SCHEMA)


def test_endless_distinct_requests_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, bound in (("BYTES", 100_000), ("LARGE_BYTES", 100_000), ("DOCUMENT_BYTES", 100_000)):
        monkeypatch.setattr(plan_cache, name, bound)
    cache = PlanCache(LIMITS, toy)
    for number in range(400):
        cache.ready(request(f"{{ f{number}: f }}"), SCHEMA)  # texts
        cache.ready(request(f"{{ f{number} "), SCHEMA)  # errors
        cache.ready(request("{ f(any: $x) }", {"x": {str(number): 1}}), SCHEMA)  # shapes
        cache.ready(request("{ f(first: $x) }", {"x": number}), SCHEMA)  # values
        cache.ready(request("{ f(first: $x) }", {"x": "a" * number}), SCHEMA)
        cache.ready(request("{ f(any: $x) }", {"x": [{"a": 1}] * number}), SCHEMA)
        assert cache.size <= 300_000
    assert cache.size > 100_000


def test_values_that_were_looked_at_weigh_what_they_are() -> None:
    cache = PlanCache(LIMITS, toy)
    before = cache.size
    cache.ready(request("{ f(first: $x) @skip(if: $y) f(any: $z) }", {"x": 1, "y": True, "z": "a" * 50_000}), SCHEMA)
    small = cache.size - before
    cache.ready(request("{ f(any: [$x]) }", {"x": "a" * 50_000}), SCHEMA)
    assert small < 10_000
    assert cache.size - before - small > 50_000


def test_a_kept_plan_is_nothing_to_the_garbage_collector() -> None:
    prepared = PlanCache(LIMITS, toy).ready(request("{ f(any: $x) g: f(first: $y) }", {"x": 1, "y": 2}), SCHEMA)
    statement = prepared.statements[0]
    gc.collect()
    gc.collect()  # a tuple is let go of once what it holds has been
    kept = (prepared, prepared.statements, statement, statement.parameters, prepared.parts, prepared.pins)
    assert [gc.is_tracked(each) for each in kept] == [False] * len(kept)


def test_a_large_answer_is_kept_beside_the_others() -> None:
    calls = []

    def introspecting(operation: Operation, scope: Scope, schema: Schema, limits: Limits) -> Prepared:
        calls.append(operation)
        return Prepared(Access.READ_ONLY, (), (Fixed("__schema", b"a" * 1_000_000),))

    cache = PlanCache(LIMITS, introspecting)
    for _ in range(3):
        cache.ready(request("{ __schema }"), SCHEMA)
    assert len(calls) == 1
    assert cache.size > 1_000_000


def test_plans_of_a_shape_with_many_sets_of_pins_are_right_all_the_same() -> None:
    cache, counting = PlanCache(LIMITS, toy), Counting()
    query = "{ " + " ".join(f"f{each}: f @skip(if: $s{each})" for each in range(6)) + " f(first: $n) }"
    for number in range(200):
        variables = {f"s{each}": bool(number >> each & 1) for each in range(6)} | {"n": number % 3}
        asked = request(query, variables)
        assert cache.ready(asked, SCHEMA) == PlanCache(LIMITS, counting).ready(asked, SCHEMA)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.sampled_from([1.5, 2**63, "a", "abc", "ROCK", "FOLK", "\0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "colours", "rows"]), inner, max_size=3)
    ),
    max_leaves=8,
)
QUERIES = [
    "query ($x: Int = 3) { f(first: $x, any: $y) }",
    "{ f(row: $x, ids: $y) g: f(any: $x) @include(if: $y) }",
    "{ f(row: {id: $x, rows: [{name: $y}, $x]}) g: f(ids: [1, $x, $y]) }",
    "{ f(row: {colours: $x, name: $y}) ... @skip(if: $y) { g: f(ids: $x) } }",
    "{ f(row: {rows: $x}) g: f(first: $y) }",
]


@st.composite
def families(draw: st.DrawFn) -> list[dict[str, Json]]:
    """Variables of a few shapes, several of each."""
    shapes = draw(
        st.lists(st.dictionaries(st.sampled_from("xy"), VALUES, min_size=1, max_size=2), min_size=1, max_size=2)
    )
    return [draw(alike(each)) for _ in range(4) for each in shapes]


@given(query=st.sampled_from(QUERIES), asked=families())
@settings(max_examples=300, deadline=None)
def test_a_kept_plan_is_the_one_that_would_be_made_anew(query: str, asked: list[dict[str, Json]]) -> None:
    cache = PlanCache(LIMITS, toy)
    for variables in asked:
        kept = cache.ready(request(query, variables), SCHEMA)
        anew = PlanCache(LIMITS, toy).ready(request(query, variables), SCHEMA)
        assert kept == anew
        assert filled(kept, variables) == filled(anew, variables)
