"""Any question of the grammar has the answer that a naive evaluation over the same rows gives.

No statement holds a value of the client's, whatever is asked.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.integration.rest.reference.asking import plain_questions, questions
from tests.integration.rest.reference.evaluation import answer, matching, page
from tests.integration.rest.reference.questions import Question
from tests.integration.rest.reference.world import CALL, WORLD
from tests.integration.rest.shop import Answer, Client

pytestmark = pytest.mark.anyio

OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def rows_of(got: Answer) -> Any:
    assert got.status in (200, 206), got.body.decode()
    return json.loads(got.body, parse_float=Decimal, parse_int=Decimal)


def agree(question: Question, got: Answer, expected: list[dict[str, Any]]) -> None:
    """Fail with the query string, which is what a person can send again."""
    assert comparable(question, rows_of(got)) == comparable(question, plainly(expected)), question.query()


def comparable(question: Question, rows: list[dict[str, Any]]) -> list[str]:
    """Rows as texts; in the order of the answer only where the question asks for one, embeds likewise."""
    texts = [_text(question, row) for row in rows]
    return texts if question.order else sorted(texts)


def _text(question: Question, row: dict[str, Any]) -> str:
    shown: dict[str, Any] = dict(row)
    for embed in question.embeds:
        inside = None if embed.spread else shown[embed.name]
        if isinstance(inside, list):
            shown[embed.name] = comparable(embed.question, inside)
        elif inside is not None:
            shown[embed.name] = _text(embed.question, inside)
    return json.dumps(shown, sort_keys=True, ensure_ascii=False, default=_number)


def _number(value: Any) -> str:
    return str(Decimal(value).normalize())


def plainly(value: Any) -> Any:
    """Every number as a Decimal, as `rows_of` reads them."""
    if isinstance(value, dict):
        return {name: plainly(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plainly(each) for each in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


@OFTEN
@given(question=questions())
async def test_reading_tables(world: Client, question: Question) -> None:
    got = await world("GET", f"/{question.table}?{question.query()}")
    agree(question, got, answer(question))


@OFTEN
@given(question=questions(("pets",)))
async def test_reading_what_a_function_returns(world: Client, question: Question) -> None:
    got = await world("GET", f"/rpc/{CALL}?{question.query()}")
    agree(question, got, answer(question))


@OFTEN
@given(question=questions())
async def test_counting(world: Client, question: Question) -> None:
    total = len(matching(question, WORLD[question.table].rows))
    got = await world("GET", f"/{question.table}?{question.query()}", prefer="count=exact")
    if question.offset > total:
        assert (got.status, got.headers["content-range"]) == (416, f"*/{total}")
        return
    shown = len(answer(question))
    assert got.status == (206 if shown < total else 200)
    span = f"{question.offset}-{question.offset + shown - 1}" if shown else "*"
    assert got.headers["content-range"] == f"{span}/{total}"


@OFTEN
@given(question=plain_questions("pets"))
async def test_updating_what_the_filters_leave(world: Client, question: Question) -> None:
    got = await world("PATCH", f"/pets?{question.query()}", {"age": 99}, prefer="return=representation")
    expected = [dict(row) | {"age": 99} for row in matching(question, WORLD["pets"].rows)]
    shown = [answer_row(question, row) for row in expected]
    agree(question, got, shown)


@OFTEN
@given(question=plain_questions("toys"))
async def test_deleting_what_the_filters_leave(world: Client, question: Question) -> None:
    got = await world("DELETE", f"/toys?{question.query()}", prefer="return=representation")
    agree(question, got, answer(question))


def answer_row(question: Question, row: dict[str, Any]) -> dict[str, Any]:
    return page(Question(question.table, question.outputs), [row])[0]
