"""Any valid operation about any database has the answer that a naive evaluation over the same rows gives.

No statement holds a value of the client's, whatever is asked, and a cached plan answers as a new one does.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.integration.graphql.reference.asking import (
    Change,
    Question,
    Single,
    changes_of_worlds,
    collections_of_worlds,
    rows_of_worlds,
)
from tests.integration.graphql.reference.asks import Text, wire
from tests.integration.graphql.reference.conftest import Place
from tests.integration.graphql.reference.evaluation import agreeing, connection, node, node_id
from tests.integration.graphql.reference.world import World

pytestmark = pytest.mark.anyio

OFTEN = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


async def check(place: Place, text: Text, roots: dict[str, str], answers: dict[str, Any]) -> None:
    query = text.query(roots)
    for _ in range(2):  # planned, then from the cache
        got = await place.ask(query, text.variables)
        asked = f"{query}\n{json.dumps(text.variables, ensure_ascii=False)}"
        assert "errors" not in got, f"{got}\n{asked}"
        assert agreeing(got["data"], answers), f"{got['data']}\nexpected {answers}\n{asked}"


@OFTEN
@given(case=collections_of_worlds())
async def test_collections(place: Place, case: tuple[World, list[Question]]) -> None:
    world, questions = case
    await place.become(world)
    for question in questions:
        text = Text(world, question.lifts)
        roots = {f"r{number}": text.collection(asked) for number, asked in enumerate(question.roots)}
        answers = {
            f"r{number}": connection(world, asked, asked.node.table.rows) for number, asked in enumerate(question.roots)
        }
        await check(place, text, roots, answers)


@OFTEN
@given(case=rows_of_worlds())
async def test_single_rows_by_node_id_and_by_key(place: Place, case: tuple[World, list[Single]]) -> None:
    world, singles = case
    await place.become(world)
    for single in singles:
        table, row = single.node.table, single.row
        text = Text(world, single.lifts)
        keys = ", ".join(
            f"{world.field(key)}: {text.given(wire(table.kinds[key], row[key]), f'{table.kinds[key].graphql}!')}"
            for key in table.keys
        )
        identifier = text.given(node_id(table, row), "ID!")
        roots = {
            "node": f"node(nodeId: {identifier}) {{ ... on {world.type(table.name)} {text.node(single.node)} }}",
            "row": f"{world.entry(table.name)}ByPk({keys}) {text.node(single.node)}",
        }
        answer = node(world, single.node, row)
        await check(place, text, roots, {"node": answer, "row": answer})


@OFTEN
@given(case=changes_of_worlds())
async def test_changes_are_seen_by_what_follows_and_undone_by_an_error(
    place: Place, case: tuple[World, list[Change]]
) -> None:
    world, changes = case
    await place.become(world)
    for change in changes:
        table, field = change.table, world.field(change.column)
        update = f"update{world.type(table.name)}Collection(set: {{{field}: %d}}, atMost: {len(table.rows)})"
        body = f"{{ affectedCount records {{ {field} nodeId }} }}"
        read = f"{{ all: {world.entry(table.name)}Collection {{ edges {{ node {{ {field} }} }} }} }}"
        got = await place.ask(f"mutation {{ first: {update % change.value} {body} }}", {})
        changed = got["data"]["first"]
        assert changed["affectedCount"] == len(table.rows)
        assert {each["nodeId"] for each in changed["records"]} == {node_id(table, row) for row in table.rows}
        assert all(each[field] == change.value for each in changed["records"])
        if table.rows:
            failing = f"update{world.type(table.name)}Collection(set: {{{field}: 0}}, atMost: 0) {{ affectedCount }}"
            got = await place.ask(f"mutation {{ first: {update % 99} {body} second: {failing} }}", {})
            assert got == {"data": None, "errors": [{"message": "update impacts too many records"}]}
        edges = (await place.ask(read, {}))["data"]["all"]["edges"]
        assert [each["node"][field] for each in edges] == [change.value] * min(len(table.rows), table.page)
