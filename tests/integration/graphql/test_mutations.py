"""insertInto, update and deleteFrom on a real database."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.integration.graphql.bakery import Api, World
from tests.integration.postgres_path.place import user

pytestmark = pytest.mark.anyio

BEN = user("ben")


def message(answer: dict[str, Any]) -> str:
    """The only error of a mutation, which leaves nothing."""
    assert answer["data"] is None
    ((text,),) = [each.values() for each in answer["errors"]]
    return str(text)


async def data(api: Api, query: str, **variables: Any) -> Any:
    answer = await api.ask(query, variables)
    assert "errors" not in answer, answer
    return answer["data"]


async def test_rows_are_inserted_with_what_was_given_and_defaults_for_the_rest(api: Api) -> None:
    got = await data(
        api,
        """mutation { insertIntoBakerCollection(objects: [{name: "Di", level: null}, {name: "Ed", active: false}]) {
             affectedCount records { id name level active breadsSoFar } } }""",
    )
    assert got == {
        "insertIntoBakerCollection": {
            "affectedCount": 2,
            "records": [
                {"id": 4, "name": "Di", "level": None, "active": True, "breadsSoFar": "0"},
                {"id": 5, "name": "Ed", "level": 7, "active": False, "breadsSoFar": "0"},
            ],
        }
    }


@pytest.mark.parametrize(
    ("variables", "level"), [({}, 7), ({"level": None}, None), ({"level": 5}, 5)], ids=["absent", "null", "given"]
)
async def test_an_absent_variable_is_an_absent_key(api: Api, variables: dict[str, Any], level: int | None) -> None:
    got = await data(
        api,
        'mutation m($level: Int) { insertIntoBakerCollection(objects: {name: "Di", level: $level}) '
        "{ records { level } } }",
        **variables,
    )
    assert got["insertIntoBakerCollection"]["records"] == [{"level": level}]


MANY = """mutation m($rows: [BakerInsertInput!]!) { insertIntoBakerCollection(objects: $rows) {
  affectedCount records { name level tags marks papers since active } } }"""
TRICKY: list[dict[str, Any]] = [
    {"name": 'a"b\\c', "level": 1, "tags": ["x,y", '"', "\\", "NULL", None, "", "{}"], "marks": ["1.50", "-2"],
     "papers": '{"a": ["\\"", null]}', "since": "2024-02-29", "active": False},
    {"name": "NULL", "level": None, "tags": [], "marks": None, "papers": "null", "since": None, "active": True},
    {"name": "", "level": -5, "tags": ["é\n"], "marks": [None], "papers": '"\\u00e9"', "since": "infinity",
     "active": True},
]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_uniform_rows_mean_the_same_in_any_number(api: Api, world: World, count: int) -> None:
    got = await data(api, MANY, rows=TRICKY[:count])
    written = got["insertIntoBakerCollection"]
    assert written["affectedCount"] == count
    wanted = [
        {**row, "marks": row["marks"] and [each and str(each) for each in row["marks"]]} for row in TRICKY[:count]
    ]
    assert [{**row, "papers": None} for row in written["records"]] == [{**row, "papers": None} for row in wanted]
    papers = [row["papers"] for row in written["records"]]
    assert papers == ['{"a": ["\\"", null]}', None, "é"][:count]  # as text: a JSON null is none, a string bare
    assert world.rows("select count(*) from baker") == [(3 + count,)]


async def test_any_text_arrives_as_it_is(api: Api, world: World) -> None:
    chosen = random.Random(7)
    letters = "ab \"\\'{},\n\t$1;--%é\u2028\U0001f370NUL"
    texts = ["".join(chosen.choices(letters, k=chosen.randrange(20))) for _ in range(400)]
    rows = [{"id": number, "ab": text, "c": texts[-number]} for number, text in enumerate(texts, 1)]
    asked = "mutation m($rows: [OddInsertInput!]!) { insertIntoOddCollection(objects: $rows) { records { id ab c } } }"
    got = await data(api, asked, rows=rows)
    assert got["insertIntoOddCollection"]["records"] == rows
    assert [row[0] for row in world.rows('select "a""b" from odd order by id')] == texts


async def test_more_columns_than_a_function_takes_arguments(api: Api) -> None:
    rows = [{f"c{number}": number * row for number in range(1, 131)} for row in (1, 2)]
    fields = " ".join(f"c{number}" for number in range(1, 131))
    asked = "mutation m($rows: [WideInsertInput!]!) { insertIntoWideCollection(objects: $rows) { records { %s } } }"
    got = await data(api, asked % fields, rows=rows)
    assert got["insertIntoWideCollection"]["records"] == rows


async def test_literal_rows_are_like_rows_of_a_variable(api: Api) -> None:
    got = await data(
        api,
        """mutation { insertIntoBakerCollection(objects: [{name: "X", level: 1}, {name: "Y", level: null}]) {
             records { name level } } }""",
    )
    assert got["insertIntoBakerCollection"]["records"] == [{"name": "X", "level": 1}, {"name": "Y", "level": None}]


async def test_rows_with_different_keys_get_defaults_where_they_have_none(api: Api) -> None:
    rows = [{"name": "P", "level": 1}, {"name": "Q"}, {"name": "R", "tags": ["t"]}, {"level": 4, "name": "S"}]
    got = await data(api, MANY, rows=rows)
    records = got["insertIntoBakerCollection"]["records"]
    assert [(row["name"], row["level"], row["tags"]) for row in records] == [
        ("P", 1, None),
        ("Q", 7, None),
        ("R", 7, ["t"]),
        ("S", 4, None),
    ]


async def test_rows_from_several_places(api: Api) -> None:
    got = await data(
        api,
        "mutation m($one: BakerInsertInput!, $name: String!) { insertIntoBakerCollection(objects: [$one, "
        '{name: $name, level: 9}, {name: "Z", level: 8}]) { records { name level } } }',
        one={"name": "One", "level": 1},
        name="Two",
    )
    assert [tuple(row.values()) for row in got["insertIntoBakerCollection"]["records"]] == [
        ("One", 1),
        ("Two", 9),
        ("Z", 8),
    ]


@pytest.mark.parametrize("objects", ["{}", "[{}]", "[{}, {}]", "[{size: 1}, {}]", "{size: $absent}"])
async def test_rows_of_defaults(api: Api, objects: str) -> None:
    got = await data(
        api,
        "mutation m($absent: Int) { "
        f"insertIntoSettingsCollection(objects: {objects}) {{ records {{ colour size }} }} }}",
    )
    records = got["insertIntoSettingsCollection"]["records"]
    assert {row["colour"] for row in records} == {"white"}
    assert records[-1]["size"] == 3


async def test_records_have_relations_of_both_kinds(api: Api) -> None:
    got = await data(
        api,
        """mutation {
             insertIntoBreadCollection(objects: {bakerId: 1, name: " pita ", crust: THIN, price: "1.10"}) {
               records { nodeId name label crust price sold shout
                 baker { name breadCollection { totalCount edges { node { name } } } } } } }""",
    )
    (record,) = got["insertIntoBreadCollection"]["records"]
    node_id = record.pop("nodeId")
    assert isinstance(node_id, str)
    assert record == {
        "name": "pita",
        "label": "pita!",
        "crust": "THIN",
        "price": "1.10",
        "sold": "0",
        "shout": "PITA",
        # what a statement reads of other tables is what they were before it
        "baker": {
            "name": "Ada",
            "breadCollection": {"totalCount": 2, "edges": [{"node": {"name": "rye"}}, {"node": {"name": "bun"}}]},
        },
    }


async def test_update_sets_values_and_nulls_and_leaves_the_rest(api: Api, world: World) -> None:
    got = await data(
        api,
        """mutation m($price: BigFloat, $name: String) {
             updateBreadCollection(set: {price: $price, name: $name, crust: null}, filter: {id: {eq: 1}}) {
               affectedCount records { id name crust price } } }""",
        price="9.99",
    )
    assert got["updateBreadCollection"] == {
        "affectedCount": 1,
        "records": [{"id": 1, "name": "rye", "crust": None, "price": "9.99"}],
    }
    assert world.rows("select count(*) from bread where price = 9.99") == [(1,)]


async def test_delete_gives_back_what_is_gone(api: Api, world: World) -> None:
    got = await data(
        api,
        "mutation { deleteFromBreadCollection(filter: {bakerId: {eq: 1}}, atMost: 2) "
        "{ affectedCount records { name baker { name } } __typename } }",
    )
    assert got["deleteFromBreadCollection"] == {
        "affectedCount": 2,
        "records": [{"name": "rye", "baker": {"name": "Ada"}}, {"name": "bun", "baker": {"name": "Ada"}}],
        "__typename": "BreadDeleteResponse",
    }
    assert world.rows("select name from bread") == [("loaf",)]


NOTHING = "filter: {id: {eq: 99}}"


async def test_nothing_touched_is_zero_and_an_empty_list(api: Api) -> None:
    got = await data(
        api,
        f"""mutation {{
              u: updateBreadCollection(set: {{price: "1"}}, {NOTHING}) {{ affectedCount records {{ id }} __typename }}
              d: deleteFromBreadCollection({NOTHING}, atMost: 0) {{ n: affectedCount records {{ id }} }}
              i: insertIntoBreadCollection(objects: {{bakerId: 1, name: "skip"}}) {{ affectedCount records {{ id }} }}
            }}""",
    )
    assert got == {
        "u": {"affectedCount": 0, "records": [], "__typename": "BreadUpdateResponse"},
        "d": {"n": 0, "records": []},
        "i": {"affectedCount": 0, "records": []},
    }


async def test_the_typename_alone_is_that_of_the_first_row_or_null(api: Api) -> None:
    got = await data(
        api,
        f"""mutation {{
              some: updateBreadCollection(set: {{price: "1"}}, atMost: 9) {{ __typename }}
              none: updateBreadCollection(set: {{price: "1"}}, {NOTHING}) {{ __typename }}
              gone: deleteFromBreadCollection({NOTHING}) {{ t: __typename }}
              new: insertIntoBreadCollection(objects: {{bakerId: 1, name: "x"}}) {{ __typename }}
            }}""",
    )
    assert got == {
        "some": {"__typename": "BreadUpdateResponse"},
        "none": None,
        "gone": None,
        "new": {"__typename": "BreadInsertResponse"},
    }


async def test_records_may_stand_twice_under_two_keys(api: Api) -> None:
    got = await data(
        api,
        'mutation { updateBreadCollection(set: {price: "1"}, filter: {id: {eq: 2}}) '
        "{ a: records { id } n: affectedCount b: records { name shout } } }",
    )
    assert got["updateBreadCollection"] == {"a": [{"id": 2}], "n": 1, "b": [{"name": "bun", "shout": "BUN"}]}


# atMost


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ('updateBreadCollection(set: {price: "1"})', "update"),
        ('updateBreadCollection(set: {price: "1"}, atMost: 2)', "update"),
        ('updateBreadCollection(set: {price: "1"}, filter: {id: {eq: 1}}, atMost: 0)', "update"),
        ("deleteFromBreadCollection", "delete"),
        ("deleteFromBreadCollection(filter: {price: {is: NOT_NULL}}, atMost: 2)", "delete"),
        ("deleteFromBreadCollection(atMost: -1)", "delete"),
    ],
)
@pytest.mark.parametrize("selection", ["affectedCount", "records { id shout }", "__typename"])
async def test_more_rows_than_allowed_are_refused_and_nothing_remains(
    api: Api, world: World, field: str, what: str, selection: str
) -> None:
    before = world.rows("select * from bread order by id")
    earlier = 'insertIntoBakerCollection(objects: {name: "undone"}) { affectedCount }'
    answer = await api.ask(f"mutation {{ {earlier} {field} {{ {selection} }} }}")
    assert message(answer) == f"{what} impacts too many records"
    assert world.rows("select * from bread order by id") == before
    assert world.rows("select count(*) from baker") == [(3,)]


@pytest.mark.parametrize("at_most", ["null", '"3"', "1.0", "$absent", "$text", "[3]"])
async def test_whatever_is_no_integer_means_one(api: Api, at_most: str) -> None:
    update = f'updateBreadCollection(set: {{price: "1"}}, atMost: {at_most}) {{ affectedCount }}'
    asked = f"mutation m($absent: Int, $text: String) {{ {update} }}"
    assert message(await api.ask(asked, {"text": "3"})) == "update impacts too many records"
    one = asked.replace("atMost", "filter: {id: {eq: 1}}, atMost")
    assert (await data(api, one, text="3"))["updateBreadCollection"] == {"affectedCount": 1}


async def test_at_most_may_come_from_a_variable(api: Api) -> None:
    asked = "mutation m($n: Int!) { deleteFromBreadCollection(atMost: $n) { affectedCount } }"
    assert message(await api.ask(asked, {"n": 2})) == "delete impacts too many records"
    assert (await data(api, asked, n=3))["deleteFromBreadCollection"] == {"affectedCount": 3}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raise update impacts too many records", "update impacts too many records"),  # which is what it said
        ("cast update ", 'invalid input syntax for type integer: "update "'),
        ("cast 0123456789abcdef0123456789abcdef update 3", None),
    ],
)
async def test_what_a_trigger_raises_is_never_taken_for_it(api: Api, name: str, said: str | None) -> None:
    insert = f'insertIntoBreadCollection(objects: {{bakerId: 1, name: "{name}"}}) {{ affectedCount }}'
    answer = await api.ask(f"mutation {{ {insert} }}")
    assert message(answer) == (said or f'invalid input syntax for type integer: "{name[5:]}"')


# Row-level security, triggers, constraints


async def test_policies_hide_rows_from_update_and_delete(api: Api, world: World) -> None:
    got = await data(
        api,
        """mutation { u: updateDiaryCollection(set: {page: "new"}, atMost: 9) { affectedCount records { owner page } }
                      d: deleteFromDiaryCollection(atMost: 9) { affectedCount } }""",
    )
    assert got == {"u": {"affectedCount": 1, "records": [{"owner": "ana", "page": "new"}]}, "d": {"affectedCount": 1}}
    assert world.rows("select owner, page from diary order by id") == [("ben", "two"), ("ben", "kept")]
    got = await api.ask("mutation { deleteFromDiaryCollection(atMost: 9) { affectedCount } }", principal=BEN)
    assert got == {"data": {"deleteFromDiaryCollection": {"affectedCount": 1}}}


@pytest.mark.parametrize("selection", ["affectedCount", "__typename", "records { __typename }", "records { id }"])
async def test_a_write_touches_no_row_that_the_role_may_not_see(api: Api, world: World, selection: str) -> None:
    # Without a column to return and without a filter, Postgres would ask no SELECT policy.
    answer = await api.ask(f'mutation {{ updateDiaryCollection(set: {{page: "x"}}, atMost: 9) {{ {selection} }} }}')
    assert "errors" not in answer
    assert world.rows("select count(*) from diary where page = 'x'") == [(1,)]
    insert = f'insertIntoDiaryCollection(objects: {{owner: "ben"}}) {{ {selection} }}'
    refused = await api.ask(f"mutation {{ {insert} }}")
    assert message(refused) == 'new row violates row-level security policy for table "diary"'
    assert "errors" not in await api.ask(f"mutation {{ {insert.replace('ben', 'ana')} }}")


async def test_a_policy_refuses_a_row(api: Api, world: World) -> None:
    answer = await api.ask('mutation { insertIntoDiaryCollection(objects: {owner: "nobody"}) { affectedCount } }')
    assert message(answer) == 'new row violates row-level security policy for table "diary"'


async def test_postgres_errors_come_bare(api: Api) -> None:
    answer = await api.ask('mutation { updateBreadCollection(set: {sold: "-1"}) { affectedCount } }')
    assert answer == {
        "data": None,
        "errors": [{"message": 'new row for relation "bread" violates check constraint "bread_sold_check"'}],
    }


async def test_triggers_have_the_last_word_on_a_row(api: Api) -> None:
    got = await data(
        api,
        "mutation m($rows: [BreadInsertInput!]!) { insertIntoBreadCollection(objects: $rows) "
        "{ affectedCount records { name } } }",
        rows=[{"bakerId": 1, "name": name} for name in ("  a ", "skip", "b")],
    )
    assert got["insertIntoBreadCollection"] == {"affectedCount": 2, "records": [{"name": "a"}, {"name": "b"}]}


# Several root fields


async def test_later_root_fields_see_what_earlier_ones_did(api: Api) -> None:
    got = await data(
        api,
        """mutation {
             hired: insertIntoBakerCollection(objects: {id: 50, name: "Flo"}) { records { id } }
             baked: insertIntoBreadCollection(objects: {bakerId: 50, name: "cob"}) {
               records { baker { name breadCollection { edges { node { name } } } } } }
             __typename
             renamed: updateBreadCollection(set: {name: "cobs"}, filter: {bakerId: {eq: 50}}) {
               records { name baker { breadsSoFar } } }
             gone: deleteFromBreadCollection(filter: {bakerId: {eq: 50}}) { records { name } }
             fired: deleteFromBakerCollection(filter: {id: {eq: 50}}) { affectedCount }
           }""",
    )
    assert got == {
        "hired": {"records": [{"id": 50}]},
        "baked": {"records": [{"baker": {"name": "Flo", "breadCollection": {"edges": []}}}]},
        "__typename": "Mutation",
        "renamed": {"records": [{"name": "cobs", "baker": {"breadsSoFar": "1"}}]},
        "gone": {"records": [{"name": "cobs"}]},
        "fired": {"affectedCount": 1},
    }


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ('insertIntoBreadCollection(objects: {bakerId: 1, name: "raise no flour"}) { affectedCount }', "no flour"),
        ('fail(why: "no oven")', "no oven"),
        ("insertIntoBreadCollection(objects: []) { affectedCount }", "At least one record must be provided to objects"),
        ("nothingOfTheKind", 'Unknown field "nothingOfTheKind" on type Mutation'),
    ],
)
async def test_an_error_in_any_undoes_all(api: Api, world: World, last: str, said: str) -> None:
    answer = await api.ask(
        f'mutation {{ a: insertIntoBakerCollection(objects: {{name: "A"}}) {{ affectedCount }} {last} '
        f'b: insertIntoBakerCollection(objects: {{name: "B"}}) {{ affectedCount }} }}'
    )
    assert message(answer) == said
    assert world.rows("select count(*) from baker") == [(3,)]


async def test_deferred_constraints_are_checked_behind_the_last(api: Api, world: World) -> None:
    got = await data(
        api,
        """mutation { insertIntoBreadCollection(objects: {bakerId: 77, name: "early"}) { records { baker { id } } }
                      insertIntoBakerCollection(objects: {id: 77, name: "Late"}) { affectedCount } }""",
    )
    assert got["insertIntoBreadCollection"]["records"] == [{"baker": None}]
    alone = 'insertIntoBreadCollection(objects: {bakerId: 78, name: "x"}) { affectedCount }'
    answer = await api.ask(f"mutation {{ {alone} }}")
    assert message(answer).startswith('insert or update on table "bread" violates foreign key constraint')
    assert world.rows("select count(*) from bread where baker_id = 78") == [(0,)]


# What a request may not say


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("insertIntoBreadCollection { affectedCount }", "Invalid input for NonNull type"),
        ("insertIntoBreadCollection(objects: null) { affectedCount }", "Invalid input for NonNull type"),
        ("insertIntoBreadCollection(objects: [null]) { affectedCount }", "Invalid input for NonNull type"),
        ("insertIntoBreadCollection(objects: [1]) { affectedCount }", "Invalid input for BreadInsertInput type"),
        ("insertIntoBreadCollection(objects: {label: 1}) { affectedCount }",
         'Input for type BreadInsertInput contains extra keys ["label"]'),
        ("insertIntoBreadCollection(objects: {}, atMost: 1) { affectedCount }", 'Input contains extra keys ["atMost"]'),
        ("insertIntoBreadCollection(objects: {}) { nodes }", "unknown field in insert"),
        ("insertIntoBreadCollection(objects: {}) { records { nope } }", "Unknown field 'nope' on type 'Bread'"),
        ("updateBreadCollection { affectedCount }", "Invalid input for NonNull type"),
        ("updateBreadCollection(set: {}) { affectedCount }", "At least one mapping must be provided to set argument"),
        ("updateBreadCollection(set: {name: $absent}) { affectedCount }",
         "At least one mapping must be provided to set argument"),
        ('updateBreadCollection(set: {name: "x"}) { nodes }', "unknown field in update"),
        ('updateBreadCollection(set: {name: "x"}, objects: []) { records { id } }',
         'Input contains extra keys ["objects"]'),
        ("deleteFromBreadCollection(set: {}) { records { id } }", 'Input contains extra keys ["set"]'),
        ("deleteFromBreadCollection { edges }", "unknown field in delete"),
        ('insertIntoBakerCollection(objects: {name: "more than twenty letters"}) { affectedCount }',
         "Invalid input for String type. Maximum character length 20"),
    ],
)  # fmt: skip
async def test_refusals_have_upstreams_words(api: Api, field: str, said: str) -> None:
    assert message(await api.ask(f"mutation m($absent: String) {{ {field} }}")) == said


async def test_odd_names_stay_names(api: Api, world: World) -> None:
    got = await data(
        api,
        "mutation m($rows: [OddInsertInput!]!) { insertIntoOddCollection(objects: $rows) { records { id ab c } } "
        'updateOddCollection(set: {ab: "\'); drop table odd; --"}, filter: {id: {eq: 1}}) { records { ab } } }',
        rows=[{"id": number, "ab": f'"{number}', "c": "$1"} for number in (1, 2)],
    )
    wanted = [{"id": number, "ab": f'"{number}', "c": "$1"} for number in (1, 2)]
    assert got["insertIntoOddCollection"]["records"] == wanted
    assert got["updateOddCollection"]["records"] == [{"ab": "'); drop table odd; --"}]
    assert world.rows("select count(*) from odd") == [(2,)]


async def test_a_view_is_written_through(api: Api, world: World) -> None:
    got = await data(
        api,
        'mutation { updateCounterCollection(set: {name: " soft "}, filter: {id: {eq: 3}}) { records { id name } } }',
    )
    assert got["updateCounterCollection"]["records"] == [{"id": 3, "name": "soft"}]
    assert world.rows("select name from bread where id = 3") == [("soft",)]
