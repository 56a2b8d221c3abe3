"""Requests that are given up: they stop in Postgres, and their end is nobody else's business."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest

from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import Isolation, Result
from tests.integration.postgres_path.place import ANA, BEN, Place, asking, cell, opened, running, watch

pytestmark = pytest.mark.anyio

NAP = "select $1 || pg_sleep($2::float)"
NAP_KEY = ("authenticated", '"public"', NAP)


async def give_up(task: asyncio.Task[Result]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_request_nobody_waits_for_is_cancelled_in_postgres(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        task = asyncio.create_task(database.run(ANA, asking("select 'given up', pg_sleep(30)")))
        await running(place, "select 'given up'%")
        await give_up(task)
        # One connection only: this answer proves that the sleep was cancelled, and is not the sleep's.
        async with asyncio.timeout(5):
            assert cell(await database.run(BEN, asking("select 'next'"))) == b"next"
        assert database.stats().public.opened_total == 1


async def test_a_write_nobody_waits_for_is_rolled_back(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        sql = (
            "with w as (insert into notes (owner, body) values ('ana', 'half') returning 1) select pg_sleep(30) from w"
        )
        for isolation in (None, Isolation.SERIALIZABLE):
            task = asyncio.create_task(database.run(ANA, asking(sql, write=True, isolation=isolation)))
            await running(place, "with w as%")
            await give_up(task)
            async with asyncio.timeout(5):
                assert cell(await database.run(ANA, asking("select count(*) from notes where body = 'half'"))) == b"0"


async def share(database: Database) -> None:
    """Make naps known as fast, so that they share the only connection."""
    database._public.history.record(NAP_KEY, 0.0001)


@pytest.mark.parametrize("given_up", [0, 1, 2], ids=["the first", "the middle one", "the last"])
async def test_a_cancel_never_hits_a_neighbour(place: Place, given_up: int) -> None:
    async with opened(place, pool_size=1) as database:
        await share(database)
        hits = watch(database)
        tasks = [asyncio.create_task(database.run(ANA, asking(NAP, f"n{n}", "0.1"))) for n in range(3)]
        await asyncio.sleep(0)
        (connection,) = database._public._live
        assert len(connection.flights) == 3
        await give_up(tasks.pop(given_up))
        left = [f"n{n}".encode() for n in range(3) if n != given_up]
        async with asyncio.timeout(5):
            assert [cell(await task) for task in tasks] == left
            assert cell(await database.run(BEN, asking("select 'after'"))) == b"after"
        assert hits == []


async def test_nothing_is_fed_to_a_connection_that_waits_to_cancel(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        await share(database)
        first = asyncio.create_task(database.run(ANA, asking(NAP, "first", "1")))
        second = asyncio.create_task(database.run(ANA, asking(NAP, "second", "30")))
        await asyncio.sleep(0)
        await give_up(second)
        database._public.history.record(NAP_KEY, 0.0001)
        third = asyncio.create_task(database.run(ANA, asking(NAP, "third", "0")))
        await asyncio.sleep(0)
        assert database.stats().public.waiting == 1
        async with asyncio.timeout(5):
            assert cell(await first) == b"first"
            assert cell(await third) == b"third"


async def test_a_read_that_was_given_up_for_its_slowness_is_not_shared_again(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        await share(database)
        task = asyncio.create_task(database.run(ANA, asking(NAP, "slow", "30")))
        await running(place, "select $1 || pg_sleep%")
        await give_up(task)
        async with asyncio.timeout(5):
            await database.run(ANA, asking("select 1"))
        times = database._public.history.of(NAP_KEY)
        assert times is None or not times.fast


async def test_a_read_hit_by_a_foreign_cancel_is_run_again(place: Place, database: Database) -> None:
    task = asyncio.create_task(database.run(ANA, asking("select 'hit' from pg_sleep(0.3)")))
    pid = await running(place, "select 'hit'%")
    place.execute("select pg_cancel_backend(%s)", pid)
    assert cell(await task) == b"hit"


async def test_a_read_hit_twice_is_reported(place: Place, database: Database) -> None:
    task = asyncio.create_task(database.run(ANA, asking("select 'hit twice' from pg_sleep(30)")))
    everyone = "select pg_cancel_backend(pid) from pg_stat_activity where query like 'select ''hit twice''%'"
    async with asyncio.timeout(5):
        while not task.done():
            await asyncio.to_thread(place.execute, everyone)
    with pytest.raises(DatabaseError) as caught:
        await task
    assert caught.value.sqlstate == "57014"


async def test_a_write_hit_by_a_foreign_cancel_is_an_error_and_rolled_back(place: Place, database: Database) -> None:
    sql = "with w as (insert into notes (owner, body) values ('ana', 'hit') returning 1) select pg_sleep(30) from w"
    task = asyncio.create_task(database.run(ANA, asking(sql, write=True)))
    pid = await running(place, "with w as%")
    place.execute("select pg_cancel_backend(%s)", pid)
    with pytest.raises(DatabaseError) as caught:
        await task
    assert caught.value.sqlstate == "57014"
    assert place.execute("select count(*) from notes where body = 'hit'") == [(0,)]


async def test_a_storm_of_given_up_requests_harms_nobody(place: Place) -> None:
    dice = random.Random(7)
    async with opened(place, pool_size=2) as database:
        await share(database)
        hits = watch(database)

        async def patient(number: int) -> None:
            await asyncio.sleep(dice.random() * 0.3)
            asked = asking(NAP, f"patient {number}", "0.002", write=number % 5 == 0)
            assert cell(await database.run(ANA, asked)) == f"patient {number}".encode()

        async def fickle(number: int) -> None:
            await asyncio.sleep(dice.random() * 0.3)
            task = asyncio.create_task(database.run(BEN, asking(NAP, f"fickle {number}", "0.005")))
            await asyncio.sleep(dice.random() * 0.01)
            await give_up(task)

        async with asyncio.timeout(20), asyncio.TaskGroup() as everyone:
            for number in range(80):
                everyone.create_task(patient(number))
                everyone.create_task(fickle(number))
        assert cell(await database.run(BEN, asking("select 'calm'"))) == b"calm"
        assert hits == []
