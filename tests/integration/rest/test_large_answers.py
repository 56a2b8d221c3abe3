"""Answers too large to be made in one piece: the same bytes and headers, row by row, by way of a spool."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import Result, Transaction
from rowgate.principal import Principal
from rowgate.rest import syntax
from rowgate.rest.streaming import REMEMBERED, Weight
from tests.integration.rest.shop import Answer, Client

pytestmark = pytest.mark.anyio

SMALLEST = 64 * 1024
ROWS = 1000  # some 100 kB or more as JSON
BIG = f"/rpc/big?rows={ROWS}"


class Counting:
    """A database that notes what ran in one piece and what by rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ways: list[str] = []

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        self.ways.append("whole")
        return await self._database.run(principal, transaction)

    async def stream(self, *arguments: Any) -> Result:
        self.ways.append("rows")
        return await self._database.stream(*arguments)


@pytest.fixture
def counting(database: Database) -> Counting:
    return Counting(database)


@pytest.fixture
def big(counting: Counting, catalog: Catalog) -> Client:
    return Client(counting, catalog).under(chunk_bytes=SMALLEST)


def told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    return answer.status, dict(answer.headers), answer.body


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (BIG, {}),
        (BIG, {"accept": "text/csv"}),
        (BIG, {"accept": "application/vnd.pgrst.array+json;nulls=stripped"}),
        (f"{BIG}&order=id.desc&limit=900&offset=50", {}),
        (f"{BIG}&id=gt.100&select=words,twice:pair", {"accept": "text/csv"}),
        (f"/rpc/big_texts?rows={ROWS}", {}),
        (f"/rpc/big_arrays?rows={ROWS}", {}),
        (f"/rpc/big_json?rows={ROWS}", {}),
        (f"/rpc/big_json?rows={ROWS}", {"accept": "application/vnd.pgrst.array+json;nulls=stripped"}),
        (f"/rpc/big_told?rows={ROWS}", {}),
    ],
)
async def test_a_large_answer_differs_in_nothing_from_one_in_one_piece(
    big: Client, counting: Counting, target: str, headers: dict[str, str]
) -> None:
    whole = await big.under(chunk_bytes=2**29)("GET", target, **headers)
    assert len(whole.body) > SMALLEST
    assert counting.ways == ["whole"]
    assert told(await big("GET", target, **headers)) == told(whole)
    assert counting.ways == ["whole", "whole", "rows"], "the first try in one piece brings no body"
    assert told(await big("GET", target, **headers)) == told(whole)
    assert counting.ways[3:] == ["rows"], "the second time it is known"


@pytest.mark.parametrize("target", ["/clients?order=id", "/clients?id=lt.0", "/rpc/big?rows=0", "/rpc/ids"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize("count", ["none", "exact", "planned", "estimated"])
async def test_a_read_without_a_limit_is_made_row_by_row_until_it_is_known_to_be_small(
    big: Client, counting: Counting, target: str, accept: str, count: str
) -> None:
    unlimited, headers = big.under(db_max_rows=None), {"accept": accept, "prefer": f"count={count}"}
    first = await unlimited("GET", target, **headers)
    assert counting.ways[0] == "rows"
    counting.ways.clear()
    assert told(await unlimited("GET", target, **headers)) == told(first)
    assert "rows" not in counting.ways


async def test_the_total_of_a_range_is_counted_with_the_rows(big: Client, counting: Counting, cinema: Client) -> None:
    for _ in range(2):
        answer = await big("GET", BIG, prefer="count=exact", range="0-899")
        assert answer.headers["content-range"] == f"0-899/{ROWS}"
        assert answer.status == 206
    assert "rows" not in counting.ways, "the function would have to be called twice"


@pytest.mark.parametrize("way", ["in one piece", "row by row"])
async def test_a_page_of_a_relation_tells_the_total(big: Client, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Weight, "large", lambda *_: way == "row by row")
    monkeypatch.setattr(syntax, "FEW", -1)  # else a small page is never made row by row
    for accept in ("application/json", "text/csv"):
        page = await big("GET", "/clients?order=id&limit=2", accept=accept, prefer="count=exact")
        assert (page.status, page.headers["content-range"]) == (206, "0-1/3")
        last = await big("GET", "/clients?order=id&offset=3", accept=accept, prefer="count=exact")
        assert (last.status, last.headers["content-range"]) == (206, "*/3")
        past = await big("GET", "/clients?order=id&offset=4", accept=accept, prefer="count=exact")
        assert (past.status, past.headers["content-range"]) == (416, "*/3")
    assert page.body == b"id,name\n1,Ann\n2,Bob"


async def test_an_error_behind_the_last_row_is_an_error_s_answer(big: Client, counting: Counting) -> None:
    answer = await big.under(db_max_rows=None)("GET", f"/rpc/big_late?rows={ROWS * 10}")
    assert counting.ways == ["rows"]
    assert (answer.status, answer.json["code"]) == (400, "22012")
    assert (await big("GET", "/clients?id=eq.1")).json == [{"id": 1, "name": "Ann"}]


async def test_writes_and_single_answers_are_never_run_twice(big: Client, counting: Counting) -> None:
    assert (await big("POST", "/rpc/big_deaf", {"rows": ROWS})).status == 200
    single = await big("GET", "/clients?id=eq.1", accept="application/vnd.pgrst.object+json")
    assert single.json == {"id": 1, "name": "Ann"}
    assert counting.ways == ["whole", "whole"]


async def test_what_no_value_of_postgres_can_hold_is_given_row_by_row(
    big: Client, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    beyond = DatabaseError("54000", "string buffer exceeds maximum allowed length (1073741823 bytes)")

    async def run(*_: object) -> Result:
        raise beyond

    monkeypatch.setattr(counting, "run", run)
    assert len((await big("GET", BIG)).json) == ROWS
    monkeypatch.undo()
    assert (await big("GET", "/rpc/fail?state=54000&message=mine&detail=x")).json["message"] == "mine"


async def test_small_answers_lead_back_to_one_piece() -> None:
    weight = Weight()
    assert weight.large(None)
    assert not weight.large(10)
    weight.was(large=True)
    for _ in range(REMEMBERED):
        assert weight.large(10)
        weight.was(large=False)
    assert not weight.large(10)
    assert not weight.large(None)


async def test_answers_that_wait_to_be_sent_have_a_limit(big: Client) -> None:
    narrow = big.under(spool_limit=100_000, db_max_rows=None)
    full = await narrow("GET", "/rpc/big?rows=3000")
    assert (full.status, full.json["code"], full.headers["retry-after"]) == (503, "spool_full", "1")
    assert "100000 bytes" in full.json["message"]
    for _ in range(3):  # what was sent, or given up, makes room again
        assert len((await narrow("GET", "/rpc/big?rows=600")).json) == 600
    assert (await narrow("GET", "/rpc/big?rows=3000")).status == 503


async def test_a_folder_that_cannot_be_written_is_said_so(
    big: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    answer = await big("GET", BIG)
    assert (answer.status, answer.json["code"]) == (500, "spool_failed")
    assert "No such file or directory" in answer.json["message"]
    assert str(tmp_path) not in answer.body.decode()
    monkeypatch.undo()
    assert (await big("GET", BIG)).status == 200


async def test_nothing_is_left_in_the_folder(big: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert (await big("GET", BIG)).status == 200
    assert list(tmp_path.iterdir()) == []
