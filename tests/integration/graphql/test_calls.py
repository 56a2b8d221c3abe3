"""Functions as root fields of queries and mutations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.graphql.bakery import Api, World

pytestmark = pytest.mark.anyio


async def data(api: Api, query: str, **variables: Any) -> Any:
    answer = await api.ask(query, variables)
    assert "errors" not in answer, answer
    return answer["data"]


VALUES = [
    ("addUp(a: 1, b: 2)", 3),
    ("addUp(b: 1, a: 2)", 3),
    ("addUp(a: 1)", 11),  # the default
    ("addUp(a: 1, b: null)", None),  # null is no default
    ("addUp(a: 1, b: $absent)", 11),
    ('big(n: "9007199254740993")', "9007199254740993"),
    ("big(n: 9007199254740993)", "9007199254740993"),
    ('echo(t: "it\'s \\"$1\\" \\\\ é")', 'it\'s "$1" \\ é'),
    ('echoJson(j: "{\\"a\\": [1, null]}")', '{"a": [1, null]}'),
    ('echoJson(j: "null")', None),
    ('atNoon(d: "2024-02-29")', "2024-02-29T12:00:00"),
    ("allOf(n: [1, null, 3])", ["1", None, "3"]),
    ("allOf(n: 1)", ["1"]),
    ("allOf(n: [])", []),
    ('words(t: ["a,b", "\\"", "NULL", null, ""])', ["a,b", '"', "NULL", None, ""]),
    ("weight", 1.5),
    ("isOpen", True),
    ("price", "0.10"),
]


@pytest.mark.parametrize(("field", "value"), VALUES, ids=[field for field, _ in VALUES])
async def test_values_and_arrays(api: Api, field: str, value: Any) -> None:
    assert await data(api, f"query q($absent: Int) {{ it: {field} }}") == {"it": value}


async def test_arguments_may_come_from_variables(api: Api) -> None:
    asked = "query q($a: Int!, $t: [String], $n: [BigInt!]) { addUp(a: $a) words(t: $t) allOf(n: $n) }"
    got = await data(api, asked, a=5, t=["x", None], n=[2**53 + 1])
    assert got == {"addUp": 15, "words": ["x", None], "allOf": [str(2**53 + 1)]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('theBaker(called: "Ada") { name level }', {"name": "Ada", "level": 1}),
        ('theBaker(called: "nobody") { name }', None),
        ("noBaker { name }", None),
        ("firstBread(who: 1) { name }", {"name": "rye"}),  # of a set that says it has one row: the first
        ("firstBread(who: 9) { name }", None),
        ("emptyBaker { name __typename }", None),
        (
            'theBaker(called: "Bo") { breadsSoFar breadCollection { edges { node { name baker { id } } } } }',
            {"breadsSoFar": "1", "breadCollection": {"edges": [{"node": {"name": "loaf", "baker": {"id": 2}}}]}},
        ),
    ],
)
async def test_a_row(api: Api, field: str, value: Any) -> None:
    assert await data(api, f"{{ it: {field} }}") == {"it": value}


async def test_rows_are_a_connection_with_its_arguments_beside_the_functions_own(api: Api) -> None:
    got = await data(
        api,
        """{ all: breadsOf(who: 1) { totalCount edges { node { name shout } } }
             one: breadsOf(who: 1, first: 1, orderBy: {name: AscNullsLast}) {
               edges { cursor node { name } } pageInfo { hasNextPage endCursor } }
             some: breadsOf(who: 1, filter: {price: {gt: "1"}}) { edges { node { name } } }
             none: breadsOf(who: 9) { totalCount edges { node { name } } } }""",
    )
    names = [edge["node"]["name"] for edge in got["all"]["edges"]]
    assert (got["all"]["totalCount"], names) == (2, ["rye", "bun"])
    assert got["all"]["edges"][0]["node"]["shout"] == "RYE"
    assert [edge["node"]["name"] for edge in got["one"]["edges"]] == ["bun"]
    assert got["one"]["pageInfo"] == {"hasNextPage": True, "endCursor": got["one"]["edges"][0]["cursor"]}
    assert got["some"]["edges"] == [{"node": {"name": "rye"}}]
    assert got["none"] == {"totalCount": 0, "edges": []}


async def test_volatile_functions_are_mutations(api: Api, world: World) -> None:
    got = await data(
        api,
        """mutation { countUp(start: 1) hire(called: "Gil") { id name breadsSoFar }
                      updateBakerCollection(set: {level: 9}, filter: {name: {eq: "Gil"}}) { affectedCount } }""",
    )
    assert got == {
        "countUp": 0,
        "hire": {"id": 4, "name": "Gil", "breadsSoFar": "0"},
        "updateBakerCollection": {"affectedCount": 1},
    }
    assert world.rows("select count(*) from bread where name = 'counted'") == [(1,)]


async def test_a_volatile_function_is_called_once_whatever_is_asked_of_its_rows(api: Api, world: World) -> None:
    got = await data(
        api,
        """mutation { bake(who: 2, names: ["a", "b", "c"], first: 2, filter: {name: {neq: "a"}}) {
             totalCount edges { cursor node { name shout baker { name } } }
             pageInfo { hasNextPage hasPreviousPage startCursor } } }""",
    )
    assert got["bake"]["totalCount"] == 2
    nodes = [edge["node"] for edge in got["bake"]["edges"]]
    assert nodes == [{"name": name, "shout": name.upper(), "baker": {"name": "Bo"}} for name in "bc"]
    assert got["bake"]["pageInfo"]["hasNextPage"] is False
    assert world.rows("select count(*) from bread where baker_id = 2") == [(4,)]


async def test_an_error_of_a_query_s_function_nulls_all(api: Api) -> None:
    answer = await api.ask('{ echo(t: "kept") broken }')
    assert answer == {"data": None, "errors": [{"message": "division by zero"}]}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("addUp", "Invalid input for NonNull type"),
        ("addUp(a: null)", "Invalid input for NonNull type"),
        ('addUp(a: "1")', "Invalid input for Int type"),
        ("addUp(a: 1, c: 2)", 'Input contains extra keys ["c"]'),
        (
            "breadsOf(who: 1, first: 1, last: 1) { edges { cursor } }",
            'only one of "first" and "last" may be provided',
        ),
        ('theBaker(called: "Ada", first: 1) { name }', 'Input contains extra keys ["first"]'),
        ('theBaker(called: "Ada") { nope }', "Unknown field 'nope' on type 'Baker'"),
        ("countUp(start: 1)", 'Unknown field "countUp" on type Query'),
    ],
)
async def test_refusals_cost_their_field_alone(api: Api, field: str, said: str) -> None:
    answer = await api.ask(f'{{ {field} kept: echo(t: "kept") }}')
    assert answer == {"data": {"kept": "kept"}, "errors": [{"message": said}]}


async def test_odd_names_stay_names(api: Api) -> None:
    assert await data(api, "{ oddName(aB: 3) }") == {"oddName": 3}
