"""Who gets which connection: idle first, fast reads share, everything else is alone, nobody starves."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from rowgate.postgres.database import Database
from rowgate.postgres.errors import PoolTimeout, Unavailable
from rowgate.postgres.pool import PATIENCE
from rowgate.postgres.statement import Isolation, Statement, Transaction
from rowgate.postgres.statements import Times
from tests.integration.postgres_path.place import ANA, Place, asking, cell, opened

pytestmark = pytest.mark.anyio

FAST = asking("select 'fast'")


async def warm(database: Database, transaction: Transaction = FAST, seconds: float = 0.0001) -> None:
    """Let the statement be known as fast, whatever this machine is busy with."""
    await database.run(ANA, transaction)
    key = (ANA.role, transaction.context.search_path, transaction.statement.sql)
    database._public.history._times[key] = Times(seconds)


def depth(database: Database) -> int:
    return max(len(connection.flights) for connection in database._public._live)


async def together(database: Database, *transactions: Transaction) -> list[asyncio.Task[bytes | None]]:
    async def run(transaction: Transaction) -> bytes | None:
        return cell(await database.run(ANA, transaction))

    tasks = [asyncio.create_task(run(transaction)) for transaction in transactions]
    await asyncio.sleep(0)
    return tasks


async def test_fast_reads_share_a_connection_up_to_the_depth_and_the_rest_waits(place: Place) -> None:
    async with opened(place, pool_size=1, share_depth=4) as database:
        await warm(database)
        tasks = await together(database, *[FAST] * 10)
        assert depth(database) == 4
        assert database.stats().public.waiting == 6
        assert await asyncio.gather(*tasks) == [b"fast"] * 10


async def both_idle(database: Database) -> None:
    await asyncio.gather(*(database.run(ANA, asking("select pg_sleep(0.05)")) for _ in range(2)))
    assert database.stats().public.idle == 2


async def test_a_read_waits_behind_quick_ones_rather_than_wake_another_backend(place: Place) -> None:
    async with opened(place, pool_size=2) as database:
        await both_idle(database)
        await warm(database)
        tasks = await together(database, FAST, FAST, FAST)
        assert depth(database) == 3
        await asyncio.gather(*tasks)


async def test_an_idle_connection_comes_before_a_long_wait(place: Place) -> None:
    async with opened(place, pool_size=2) as database:
        await both_idle(database)
        await warm(database, seconds=PATIENCE)
        tasks = await together(database, FAST, FAST)
        assert depth(database) == 1
        await asyncio.gather(*tasks)


async def test_a_line_is_as_long_as_what_it_holds(place: Place) -> None:
    async with opened(place, pool_size=2) as database:
        await both_idle(database)
        await warm(database, seconds=PATIENCE * 0.4)
        tasks = await together(database, *[FAST] * 4)
        assert sorted(len(connection.flights) for connection in database._public._live) == [1, 3]
        await asyncio.gather(*tasks)
        assert [connection.line for connection in database._public._live] == [0.0, 0.0]


NOT_SHARED = {
    "a new statement": asking("select 'never seen'"),
    "a write": asking("select 'fast'", write=True),
    "with a statement before": asking("select 'fast'", before=Statement("select 1")),
    "with a check": asking("select 'fast'", check=lambda result: None),
    "with an isolation level": asking("select 'fast'", isolation=Isolation.SERIALIZABLE),
}


@pytest.mark.parametrize("kind", NOT_SHARED)
async def test_everything_but_a_fast_read_has_a_connection_of_its_own(place: Place, kind: str) -> None:
    async with opened(place, pool_size=1) as database:
        await warm(database)
        # neither behind a fast read, nor a fast read behind it
        tasks = await together(database, FAST, NOT_SHARED[kind], FAST)
        assert depth(database) == 1
        assert database.stats().public.waiting == 2
        await asyncio.gather(*tasks)


async def test_a_read_that_was_slow_once_is_not_shared(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        nap = asking("select pg_sleep($1::float)", "0.01")
        await database.run(ANA, nap)
        tasks = await together(database, nap, nap)
        assert depth(database) == 1
        await asyncio.gather(*tasks)


async def test_a_slow_query_does_not_hold_up_fast_reads(place: Place) -> None:
    async with opened(place, pool_size=2) as database:
        await warm(database)
        (slow,) = await together(database, asking("select pg_sleep(30)"))
        for _ in range(5):
            assert await asyncio.gather(*await together(database, *[FAST] * 12)) == [b"fast"] * 12
        assert not slow.done()
        slow.cancel()
        with suppress(asyncio.CancelledError):
            await slow


async def test_a_write_is_not_starved_by_a_stream_of_fast_reads(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        await warm(database)
        stop = asyncio.Event()

        async def stream() -> None:
            while not stop.is_set():
                await database.run(ANA, FAST)

        async with asyncio.timeout(5), asyncio.TaskGroup() as readers:
            for _ in range(6):
                readers.create_task(stream())
            await asyncio.sleep(0.02)
            for _ in range(20):
                await database.run(ANA, asking("select 'written'", write=True))
            stop.set()


async def test_waiters_are_served_in_their_order(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        order: list[int] = []

        async def ask(number: int) -> None:
            await database.run(ANA, asking(f"select {number}", write=number % 2 == 0))
            order.append(number)

        await asyncio.gather(*(ask(number) for number in range(12)))
        assert order == list(range(12))


async def test_a_pool_that_stays_busy_is_a_timeout(place: Place) -> None:
    async with opened(place, pool_size=1, acquire_timeout=0.05) as database:
        (slow,) = await together(database, asking("select pg_sleep(0.3)"))
        with pytest.raises(PoolTimeout):
            await database.run(ANA, asking("select 1"))
        await slow
        assert cell(await database.run(ANA, asking("select 1"))) == b"1"
        assert database.stats().public.waiting == 0


async def test_a_waiter_that_gives_up_leaves_the_line(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        (slow,) = await together(database, asking("select pg_sleep(0.1)"))
        gone, stays = await together(database, asking("select 'gone'", write=True), asking("select 'stays'"))
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        assert database.stats().public.waiting == 1
        assert await stays == b"stays"
        await slow


async def test_a_connection_that_carried_a_large_result_is_closed(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        pid = asking("select pg_backend_pid()")
        first = cell(await database.run(ANA, pid))
        await database.run(ANA, asking("select repeat('x', $1::int)", "4000000"))
        assert cell(await database.run(ANA, pid)) == first
        await database.run(ANA, asking("select repeat('x', $1::int)", "5000000"))
        assert cell(await database.run(ANA, pid)) != first
        # many rows together count as one does
        second = cell(await database.run(ANA, pid))
        await database.run(ANA, asking("select repeat('x', 1000) from generate_series(1, 6000)"))
        assert cell(await database.run(ANA, pid)) != second


async def test_a_connection_that_carried_a_large_parameter_is_closed(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        pid = asking("select pg_backend_pid()")
        first = cell(await database.run(ANA, pid))
        large = b"x" * 40_000_000
        assert cell(await database.run(ANA, asking("select length($1::text)", large[:1000]))) == b"1000"
        assert cell(await database.run(ANA, pid)) == first
        assert cell(await database.run(ANA, asking("select length($1::text)", large))) == b"40000000"
        assert cell(await database.run(ANA, pid)) != first


async def test_sql_that_leaves_a_transaction_open_lets_nobody_else_into_it(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        pid = asking("select pg_backend_pid()")
        first = cell(await database.run(ANA, pid))
        await database.run(ANA, asking("begin", write=True))
        assert cell(await database.run(ANA, pid)) != first


async def test_close_lets_running_requests_finish_and_refuses_new_ones(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        running, waiting = await together(database, asking("select 'done' from pg_sleep(0.1)"), asking("select 1"))
        closing = asyncio.create_task(database.close(drain=5))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await database.run(ANA, asking("select 1"))
        with pytest.raises(Unavailable):
            await waiting
        assert await running == b"done"
        await closing
        assert database.stats().public.open == 0


async def test_close_gives_up_after_its_drain_time(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        (slow,) = await together(database, asking("select pg_sleep(30)"))
        async with asyncio.timeout(2):
            await database.close(drain=0.05)
        with pytest.raises(Unavailable):
            await slow
        async with asyncio.timeout(5):  # and its backend does not sleep on for nobody
            while place.execute("select 1 from pg_stat_activity where query = 'select pg_sleep(30)'"):
                await asyncio.sleep(0.02)
