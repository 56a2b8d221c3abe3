"""Postgres goes away: what a request is told, and how the pool comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError, OutcomeUnknown, PostgresError, Unavailable
from rowgate.postgres.statement import Isolation
from rowgate.project.settings import DatabaseSettings
from tests.integration.postgres_path.place import ANA, Place, asking, cell, opened, running
from tests.integration.postgres_path.wire import Wire

pytestmark = pytest.mark.anyio

INSERT = "insert into notes (owner, body) values ('ana', $1) returning body"
SLOW_INSERT = "with w as (insert into notes (owner, body) values ('ana', $1) returning 1) select pg_sleep(30) from w"


@pytest.fixture
async def wire(place: Place, anyio_backend: str) -> AsyncIterator[Wire]:
    made = Wire(place.public)
    await made.reserve()
    yield made
    await made.down()


async def eventually(database: Database) -> bytes | None:
    """The answer once Postgres is back; until then nothing but Unavailable is accepted."""
    async with asyncio.timeout(5):
        while True:
            with suppress(Unavailable):
                return cell(await database.run(ANA, asking("select 'back'")))
            await asyncio.sleep(0.02)


async def test_a_read_whose_backend_dies_is_run_again(place: Place, database: Database) -> None:
    task = asyncio.create_task(database.run(ANA, asking("select 'read' from pg_sleep(0.3)")))
    pid = await running(place, "select 'read'%")
    place.execute("select pg_terminate_backend(%s)", pid)
    assert cell(await task) == b"read"
    assert database.stats().public.lost_total == 1


async def test_a_write_whose_backend_dies_has_an_unknown_outcome(place: Place, database: Database) -> None:
    task = asyncio.create_task(database.run(ANA, asking(SLOW_INSERT, "dies", write=True)))
    pid = await running(place, "with w as%")
    place.execute("select pg_terminate_backend(%s)", pid)
    with pytest.raises(OutcomeUnknown):
        await task
    assert place.execute("select count(*) from notes where body = 'dies'") == [(0,)]
    assert cell(await database.run(ANA, asking("select 1"))) == b"1"


async def test_a_write_that_died_before_its_commit_was_sent_is_run_again(place: Place, database: Database) -> None:
    sql = "with w as (insert into notes (owner, body) values ('ana', $1) returning 1) select pg_sleep(0.3) from w"
    task = asyncio.create_task(database.run(ANA, asking(sql, "again", write=True, isolation=Isolation.SERIALIZABLE)))
    pid = await running(place, "with w as%")
    place.execute("select pg_terminate_backend(%s)", pid)
    assert (await task).affected == 1
    assert place.execute("select count(*) from notes where body = 'again'") == [(1,)]


@pytest.mark.parametrize("isolation", [None, Isolation.SERIALIZABLE], ids=["implicit", "explicit"])
async def test_a_committed_write_whose_acknowledgement_is_lost_has_an_unknown_outcome(
    place: Place, wire: Wire, isolation: Isolation | None
) -> None:
    await wire.up()
    database = Database(wire.through(place.public), None, DatabaseSettings(pool_size=1))
    await database.open()
    body = f"unacknowledged {isolation}"

    def deafen(result: object) -> None:
        wire.deaf.set()

    if isolation is None:
        wire.deaf.set()
    asked = asking(INSERT, body, write=True, isolation=isolation, check=deafen if isolation else None)
    task = asyncio.create_task(database.run(ANA, asked))
    async with asyncio.timeout(5):
        while place.execute("select count(*) from notes where body = %s", body) != [(1,)]:
            await asyncio.sleep(0.01)
    await wire.cut()
    with pytest.raises(OutcomeUnknown):
        await task
    assert place.execute("select count(*) from notes where body = %s", body) == [(1,)]
    await database.close(drain=0)


async def test_a_write_that_never_left_completely_is_known_not_to_have_happened(place: Place, wire: Wire) -> None:
    await wire.up()
    database = Database(wire.through(place.public), None, DatabaseSettings(pool_size=1))
    await database.open()
    wire.dammed.set()
    wire_is_full = asking("select length($1)", b"x" * 30_000_000, write=True)
    task = asyncio.create_task(database.run(ANA, wire_is_full))
    await asyncio.sleep(0.1)
    await wire.down()
    with pytest.raises(Unavailable):
        await task
    await database.close(drain=0)


async def test_nothing_is_answered_between_the_result_and_the_sync(place: Place, wire: Wire) -> None:
    # Byte by byte, the event loop gets many a turn between the main result and the deferred constraint's error.
    await wire.up()
    database = Database(wire.through(place.public), None, DatabaseSettings(pool_size=1))
    await database.open()
    wire.slow.set()
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("insert into children values (7) returning parent", write=True))
    assert caught.value.sqlstate == "23503"
    await database.close()


async def test_postgres_away_at_start_is_no_failure(place: Place, wire: Wire) -> None:
    database = Database(wire.through(place.public), None, DatabaseSettings(pool_size=2))
    async with asyncio.timeout(2):
        await database.open()
    for write in (False, True):
        with pytest.raises(Unavailable) as caught:
            await database.run(ANA, asking("select 1", write=write))
        assert caught.value.retry_after >= 1
        assert "127.0.0.1" not in str(caught.value)
    assert "refused" in (database.stats().public.failure or "")
    told = asyncio.create_task(database.run(ANA, asking("select 1")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told.done(), "what is known to be down is told at once, not after another attempt"
    with pytest.raises(Unavailable):
        await told
    await wire.up()
    async with asyncio.timeout(5):  # it comes back without being asked
        while not database.stats().public.open:
            await asyncio.sleep(0.02)
    assert await eventually(database) == b"back"
    assert database.stats().public.failure is None
    await database.close()


async def test_requests_during_a_restart_get_a_clear_answer_and_then_work_again(place: Place, wire: Wire) -> None:
    await wire.up()
    database = Database(wire.through(place.public), None, DatabaseSettings(pool_size=3))
    await database.open()
    answers: list[object] = []
    stop = asyncio.Event()

    async def client(number: int) -> None:
        while not stop.is_set():
            try:
                answers.append(cell(await database.run(ANA, asking("select 'ok'", write=number % 2 == 0))))
            except PostgresError as error:
                answers.append(type(error))
            await asyncio.sleep(0.005)

    async with asyncio.timeout(10), asyncio.TaskGroup() as clients:
        for number in range(6):
            clients.create_task(client(number))
        await asyncio.sleep(0.1)
        await wire.down()
        await asyncio.sleep(0.2)
        await wire.up()
        assert await eventually(database) == b"back"
        stop.set()
    assert set(answers) <= {b"ok", Unavailable, OutcomeUnknown}
    assert Unavailable in answers
    await database.close()


async def test_idle_connections_that_died_harm_no_write(place: Place) -> None:
    async with opened(place, pool_size=3) as database:
        await asyncio.gather(*(database.run(ANA, asking(f"select {n}, pg_sleep(0.05)")) for n in range(3)))
        assert database.stats().public.idle == 3
        # The event loop gets no turn between their death and the write: only looking at the socket tells.
        killed = place.execute(
            "select pg_terminate_backend(pid, 1000) from pg_stat_activity where usename = 'rowgate_path_public' "
            "and datname = current_database()"
        )
        assert killed == [(True,)] * 3
        assert cell(await database.run(ANA, asking(INSERT, "alive", write=True))) == b"alive"


async def test_a_wrong_password_is_unavailable_and_never_shown(place: Place) -> None:
    wrong = place.public.replace(":public@", ":hunter2@")
    database = Database(wrong, None, replace(DatabaseSettings(), pool_size=1))
    await database.open()
    with pytest.raises(Unavailable) as caught:
        await database.run(ANA, asking("select 1"))
    assert "hunter2" not in f"{caught.value} {database.stats()} {database!r}"
    await database.close()


async def test_a_function_of_the_login_that_ends_its_own_backend_is_no_crash(database: Database) -> None:
    # The repetition dies in the same way: then it is told, not tried for ever.
    with pytest.raises((Unavailable, DatabaseError)):
        await database.run(ANA, asking("select pg_terminate_backend(pg_backend_pid())"))
    assert cell(await database.run(ANA, asking("select 1"))) == b"1"
