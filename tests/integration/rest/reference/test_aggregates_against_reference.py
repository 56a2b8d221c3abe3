"""Aggregates over any filtered rows, grouped by any columns, at the top level and in embeds, beside a naive count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.rest.reference.asking import plain_questions
from tests.integration.rest.reference.evaluation import linked, matching
from tests.integration.rest.reference.questions import Question
from tests.integration.rest.reference.test_against_reference import OFTEN
from tests.integration.rest.reference.world import WORLD, Row
from tests.integration.rest.shop import Client

pytestmark = pytest.mark.anyio

GROUPS = ("owner_id", "tame", "age")
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": lambda values: sum(values) if values else None,
    "max": lambda values: max(values, default=None),
    "min": lambda values: min(values, default=None),
}
asked = st.tuples(
    st.lists(st.sampled_from(GROUPS), unique=True, max_size=2).map(tuple),
    st.lists(
        st.tuples(st.sampled_from(["age", "weight"]), st.sampled_from(sorted(AGGREGATES))),
        unique=True, min_size=1, max_size=3,
    ).map(tuple),
)  # fmt: skip
Asked = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]


def spelled(wish: Asked) -> str:
    groups, aggregates = wish
    return ",".join([*groups, "rows:count()", *(f"{column}_{name}:{column}.{name}()" for column, name in aggregates)])


def grouped(wish: Asked, rows: Iterable[Row]) -> list[dict[str, Any]]:
    groups, aggregates = wish
    members: dict[tuple[Any, ...], list[Row]] = {} if groups else {(): []}
    for row in rows:
        members.setdefault(tuple(row[name] for name in groups), []).append(row)
    found: list[dict[str, Any]] = []
    for key, inside in members.items():
        shown: dict[str, Any] = dict(zip(groups, key, strict=True)) | {"rows": len(inside)}
        for column, name in aggregates:
            values = [row[column] for row in inside if row[column] is not None]
            shown[f"{column}_{name}"] = AGGREGATES[name](values)
        found.append(shown)
    return found


def unordered(rows: list[dict[str, Any]]) -> list[str]:
    def number(value: Any) -> Any:
        exact = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return str(Decimal(value).normalize() + 0) if exact else value

    return sorted(json.dumps({name: number(value) for name, value in row.items()}, sort_keys=True) for row in rows)


def decoded(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


@OFTEN
@given(question=plain_questions("pets"), wish=asked)
async def test_aggregates_of_a_table(world: Client, question: Question, wish: Asked) -> None:
    filters = question.query().partition("&")[2]
    got = await world("GET", f"/pets?select={spelled(wish)}&{filters}")
    assert got.status == 200, got.body
    assert unordered(decoded(got.body)) == unordered(grouped(wish, matching(question, WORLD["pets"].rows))), filters


@OFTEN
@given(wish=asked)
async def test_aggregates_of_an_embed(world: Client, wish: Asked) -> None:
    got = await world("GET", f"/owners?select=id,pets({spelled(wish)})")
    assert got.status == 200, got.body
    link = WORLD["owners"].links["pets"]
    by_owner = {row["id"]: row for row in WORLD["owners"].rows}
    for owner in decoded(got.body):
        expected = grouped(wish, linked(link, by_owner[int(owner["id"])]))
        assert unordered(owner["pets"]) == unordered(expected), spelled(wish)
