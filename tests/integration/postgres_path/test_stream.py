"""Rows that are taken as they come: bounded, in order, never before their time, and never somebody else's."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from rowgate.postgres import connection as connection_module
from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError, PoolTimeout, Unavailable
from rowgate.postgres.feed import ROOM, Feed
from rowgate.postgres.statement import Isolation, Statement
from tests.integration.postgres_path.place import ANA, BEN, Place, asking, cell, opened, running

pytestmark = pytest.mark.anyio

NUMBERS = "select n::text, case when n = 1 then 'told' end from generate_series(1, $1::int) n"
WIDE = "select repeat('x', 10000) from generate_series(1, $1::int)"
LAST = Statement("select current_setting('request.path', true)")


class Taker:
    """Takes rows; `pause` seconds between two looks."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.rows: list[bytes] = []
        self.head: Any = None
        self.begun = 0
        self.most = 0

    async def __call__(self, feed: Feed) -> None:
        self.begun += 1
        self.rows.clear()
        while True:
            self.most = max(self.most, feed.waiting)
            if (rows := await feed.get()) is None:
                return
            self.head = feed.head
            self.rows += rows
            await asyncio.sleep(self.pause)


@pytest.mark.parametrize("named", [True, False], ids=["prepared", "unnamed"])
@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 5000])
async def test_rows_come_in_order_and_the_last_statement_behind_them(place: Place, named: bool, count: int) -> None:
    async with opened(place, prepared_statements=named) as database:
        for _ in range(2):  # the second time nothing is parsed
            taker = Taker()
            result = await database.stream(ANA, asking(NUMBERS, str(count)), LAST, taker)
            assert taker.rows == [str(n).encode() for n in range(1, count + 1)]
            assert taker.head == ((b"told",) if count else None)
            assert cell(result) == b"/here"
        assert database.stats().public.opened_total == 1


async def test_rows_belong_to_the_claims_that_asked(place: Place, database: Database) -> None:
    place.execute("insert into notes (owner, body) values ('ana', 'streamed a'), ('ben', 'streamed b')")
    sql = "select body from notes where body like 'streamed%'"
    mine, his = Taker(), Taker()
    await asyncio.gather(database.stream(ANA, asking(sql), LAST, mine), database.stream(BEN, asking(sql), LAST, his))
    assert (mine.rows, his.rows) == ([b"streamed a"], [b"streamed b"])


async def test_a_slow_taker_stops_the_connection_and_nobody_else(place: Place) -> None:
    async with opened(place, pool_size=2) as database:
        slow = Taker(0.02)
        task = asyncio.create_task(database.stream(ANA, asking(WIDE, "2000"), LAST, slow))
        for _ in range(10):
            assert cell(await database.run(BEN, asking("select 'beside'"))) == b"beside"
            await asyncio.sleep(0.01)
        await task
        assert len(slow.rows) == 2000
        assert ROOM < slow.most <= ROOM + 32 * 10000, "20 MB came; no more than the room and one chunk ever waited"


async def test_an_error_behind_the_rows_is_raised_and_the_connection_lives(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        taker = Taker()
        late = asking("select (1000 / (1000 - n))::text from generate_series(1, 1000) n")
        with pytest.raises(DatabaseError) as caught:
            await database.stream(ANA, late, LAST, taker)
        assert caught.value.sqlstate == "22012"
        with pytest.raises(DatabaseError):
            await database.stream(ANA, asking(NUMBERS, "10"), Statement("select 1 / 0"), taker)
        assert cell(await database.run(ANA, asking("select 'next'"))) == b"next"
        assert database.stats().public.opened_total == 1


async def test_what_the_taker_raises_cancels_the_statement(place: Place) -> None:
    async with opened(place, pool_size=1) as database:

        async def full(feed: Feed) -> None:
            await feed.get()
            raise OSError("no space")

        endless = asking("select repeat('y', 10000) from generate_series(1, 100000000)")
        with pytest.raises(OSError, match="no space"):
            await database.stream(ANA, endless, LAST, full)
        async with asyncio.timeout(5):
            assert cell(await database.run(BEN, asking("select 'next'"))) == b"next"
        assert database.stats().public.opened_total == 1


@pytest.mark.parametrize("pause", [0.0, 60.0], ids=["while reading", "while stopped"])
async def test_a_stream_nobody_waits_for_is_cancelled_in_postgres(place: Place, pause: float) -> None:
    async with opened(place, pool_size=1) as database:
        endless = asking("select repeat('z', 10000) from generate_series(1, 100000000)")
        task = asyncio.create_task(database.stream(ANA, endless, LAST, Taker(pause)))
        await running(place, "select repeat('z'%")
        await asyncio.sleep(0.2)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            assert cell(await database.run(BEN, asking("select 'next'"))) == b"next"
        assert database.stats().public.opened_total == 1


async def test_a_stream_whose_backend_died_begins_anew_once(place: Place, database: Database) -> None:
    taker = Taker()
    task = asyncio.create_task(
        database.stream(ANA, asking("select n::text from generate_series(1, 3) n, pg_sleep(0.5) s"), LAST, taker)
    )
    pid = await running(place, "select n::text from generate_series(1, 3) n, pg_sleep%")
    place.execute("select pg_terminate_backend(%s)", pid)
    await task
    assert (taker.begun, taker.rows) == (2, [b"1", b"2", b"3"])

    everyone = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select ''twice''%'"
    lost = asyncio.create_task(database.stream(ANA, asking("select 'twice' from pg_sleep(30)"), LAST, taker))
    async with asyncio.timeout(5):
        while not lost.done():
            await asyncio.to_thread(place.execute, everyone)
    with pytest.raises(Unavailable):
        await lost


async def test_a_stream_on_a_stopped_connection_that_dies_ends(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        task = asyncio.create_task(database.stream(ANA, asking(WIDE, "3000"), LAST, Taker(0.3)))
        pid = await running(place, "select repeat('x'%")
        await asyncio.sleep(0.2)
        place.execute("select pg_terminate_backend(%s)", pid)
        with suppress(Unavailable):
            async with asyncio.timeout(10):
                await task
        assert cell(await database.run(BEN, asking("select 'next'"))) == b"next"


async def test_a_write_is_not_streamed(database: Database) -> None:
    with pytest.raises(ValueError, match="only a read"):
        await database.stream(ANA, asking(NUMBERS, "1", write=True), LAST, Taker())


async def test_a_stream_has_the_isolation_level_it_asks_for_and_leaves_none_behind(place: Place) -> None:
    shown = "select current_setting('transaction_isolation') || n from generate_series(1, 40) n"
    async with opened(place, pool_size=1) as database:
        for isolation in (Isolation.SERIALIZABLE, None):
            taker = Taker()
            await database.stream(ANA, asking(shown, isolation=isolation), LAST, taker)
            level = (isolation or Isolation.READ_COMMITTED).encode()
            assert taker.rows == [level + str(n).encode() for n in range(1, 41)]
        with pytest.raises(DatabaseError):
            await database.stream(ANA, asking("select 1 / 0", isolation=Isolation.SERIALIZABLE), LAST, Taker())
        assert cell(await database.run(ANA, asking("select 'next'"))) == b"next"
        assert database.stats().public.opened_total == 1


async def test_streams_leave_a_connection_for_everybody_else(place: Place) -> None:
    async with opened(place, pool_size=3, acquire_timeout=0.5) as database:
        slow = [asyncio.create_task(database.stream(ANA, asking(WIDE, "3000"), LAST, Taker(60.0))) for _ in range(2)]
        await asyncio.sleep(0.2)
        with pytest.raises(PoolTimeout, match="large answers"):
            await database.stream(ANA, asking(NUMBERS, "1"), LAST, Taker())
        assert cell(await database.run(BEN, asking("select 'beside'"))) == b"beside"
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        taker = Taker()
        await database.stream(ANA, asking(NUMBERS, "1"), LAST, taker)
        assert taker.rows == [b"1"]


async def test_a_connection_that_streamed_much_is_kept(place: Place) -> None:
    """Its buffer never grew: only a result in one piece makes libpq hold on to memory."""
    async with opened(place, pool_size=1) as database:
        taker = Taker()
        await database.stream(ANA, asking(WIDE, "2000"), LAST, taker)
        assert sum(map(len, taker.rows)) > connection_module.LARGE
        assert cell(await database.run(ANA, asking("select 'same'"))) == b"same"
        assert database.stats().public.opened_total == 1
