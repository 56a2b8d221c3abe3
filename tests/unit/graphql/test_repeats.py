"""Requests that are kept whole."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rowgate.graphql import repeats
from rowgate.graphql.prepared import Fetched, Fixed, Prepared
from rowgate.graphql.rendering import text
from rowgate.graphql.repeats import Repeats
from rowgate.graphql.schema import ObjectType, Schema
from rowgate.graphql.written import Hole, Written
from rowgate.postgres.statement import Access, PlanMode, Statement

SCHEMA = Schema(types={}, query=ObjectType("Query", {}), mutation=None, shown=None, serial=1)
BODY = b'{"query": "query Q($w: String) { a(b: $w) }", "variables": {"w": "x"}}'
PREPARED = Prepared(Access.READ_ONLY, (Written("select $1, $2", (Hole(("w",), text), b"y")),), (Fetched("a", 0, 0),))
READY = PREPARED.ready({"w": "x"}, 1_000)


@pytest.fixture
def kept() -> Repeats:
    return Repeats()


def test_a_request_is_ready_with_its_values() -> None:
    assert READY.statements == (Statement("select $1, $2", (b"x", b"y"), Access.READ_ONLY, PlanMode.CUSTOM),)
    assert PREPARED.ready({"w": None}, 1_000).statements[0].parameters == (None, b"y")


def test_what_takes_no_value_is_planned_as_postgres_sees_fit() -> None:
    (statement,) = replace(PREPARED, statements=(Written("select 1", ()),)).ready({}, 1_000).statements
    assert statement == Statement("select 1", (), Access.READ_ONLY, PlanMode.AUTO)


def test_the_same_bytes_are_the_same_request(kept: Repeats) -> None:
    assert kept.get(SCHEMA, BODY) is None
    kept.put(SCHEMA, BODY, READY)
    assert kept.get(SCHEMA, bytes(bytearray(BODY))) is READY
    assert kept.get(SCHEMA, BODY.replace(b'"x"', b'"z"')) is None


def test_they_are_another_one_to_another_schema(kept: Repeats) -> None:
    kept.put(SCHEMA, BODY, READY)
    assert kept.get(replace(SCHEMA, serial=2), BODY) is None


def test_what_writes_is_not_kept(kept: Repeats) -> None:
    kept.put(SCHEMA, BODY, replace(PREPARED, access=Access.READ_WRITE).ready({"w": "secret"}, 1_000))
    assert kept.get(SCHEMA, BODY) is None
    assert kept.size == 0


def test_long_bodies_are_not_kept(kept: Repeats) -> None:
    long = BODY + b" " * repeats.BODY_BYTES
    kept.put(SCHEMA, long, READY)
    assert kept.get(SCHEMA, long) is None
    assert kept.size == 0


def test_a_large_plan_is_not_kept_a_second_time(kept: Repeats) -> None:
    large = replace(PREPARED, parts=(Fixed("__schema", b"x" * repeats.ENTRY_BYTES),))
    kept.put(SCHEMA, BODY, large.ready({"w": "x"}, 1_000))
    assert kept.get(SCHEMA, BODY) is None


def test_endless_requests_stay_within_their_bound(kept: Repeats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "BYTES", 100_000)
    kept = Repeats()
    for number in range(400):
        kept.put(SCHEMA, BODY + b"%d" % number, READY)
        assert kept.size <= 100_000
    assert kept.size > 50_000
    kept.put(SCHEMA, BODY, READY)
    before = kept.size
    kept.put(SCHEMA, BODY, PREPARED.ready({"w": "x"}, 1_000))
    assert kept.size == before


def test_values_weigh_what_they_come_to(kept: Repeats) -> None:
    often = replace(PREPARED, statements=(Written("select", (Hole(("w",), text),) * 100),))
    kept.put(SCHEMA, BODY, often.ready({"w": "x" * 100}, 10_000))
    assert kept.size > 10_000
