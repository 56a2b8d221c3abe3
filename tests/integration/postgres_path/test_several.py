"""Several main statements in one transaction: one flush, one Sync, a result for each, and all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError, OutcomeUnknown, Unavailable
from rowgate.postgres.statement import Access, End, Isolation, Result, Statement
from rowgate.project.settings import DatabaseSettings
from tests.integration.postgres_path.place import ANA, BEN, Place, asking, cell, opened, running
from tests.integration.postgres_path.test_prepared import connection
from tests.integration.postgres_path.wire import Wire

pytestmark = pytest.mark.anyio

INSERT = "insert into notes (owner, body) values ('ana', $1) returning body"
SEEN = "select count(*) from notes where body = $1"
HOWEVER = pytest.mark.parametrize("isolation", [None, Isolation.SERIALIZABLE], ids=["implicit", "explicit"])


def then(sql: str, *parameters: str, access: Access = Access.READ_WRITE) -> Statement:
    """A further statement of a write."""
    return Statement(sql, tuple(value.encode() for value in parameters), access)


def cells(results: tuple[Result, ...]) -> list[bytes | None]:
    return [cell(result) for result in results]


@pytest.fixture
async def one(place: Place, anyio_backend: str) -> AsyncIterator[Database]:
    async with opened(place, pool_size=1) as database:
        yield database


@HOWEVER
async def test_each_statement_has_its_result_and_sees_what_came_before(
    one: Database, isolation: Isolation | None
) -> None:
    body = f"in order {isolation}"
    asked = asking(INSERT, body, write=True, isolation=isolation)
    further = (then(SEEN, body), then(INSERT, body), then(SEEN, body))
    for done in (0, 2):  # the second time all of them are prepared
        results = await one.run_all(ANA, asked, further)
        assert cells(results) == [body.encode(), b"%d" % (done + 1), body.encode(), b"%d" % (done + 2)]
        assert [result.command_tag for result in results] == ["INSERT 0 1", "SELECT 1"] * 2


async def test_one_statement_alone_is_an_ordinary_transaction(one: Database) -> None:
    assert cells(await one.run_all(ANA, asking("select 'alone'"), ())) == [b"alone"]


async def test_results_are_those_of_the_main_statements_alone(one: Database) -> None:
    asked = asking(
        "select current_setting('app.seen')", before=Statement("select set_config('app.seen', 'first', true)")
    )
    further = (Statement("select current_user"), Statement("select current_setting('transaction_read_only')"))
    assert cells(await one.run_all(BEN, asked, further)) == [b"first", b"authenticated", b"on"]


async def test_all_of_it_is_one_transaction(one: Database) -> None:
    now = "select txid_current()"
    results = await one.run_all(ANA, asking(now, write=True), (then(now), then(now)))
    assert len(set(cells(results))) == 1


@HOWEVER
@pytest.mark.parametrize("failing", [0, 1, 2])
async def test_an_error_in_any_of_them_undoes_all(
    one: Database, place: Place, failing: int, isolation: Isolation | None
) -> None:
    statements = [then(INSERT, f"undone {failing}"), then(INSERT, f"undone {failing}"), then(INSERT, "x")]
    statements[failing] = then("select 1 / $1::int", "0")
    first, *further = statements
    parameters = [value.decode() for value in first.parameters if value is not None]
    pid = cell(await one.run(ANA, asking("select pg_backend_pid()")))
    with pytest.raises(DatabaseError) as caught:
        await one.run_all(ANA, asking(first.sql, *parameters, write=True, isolation=isolation), further)
    assert caught.value.sqlstate == "22012"
    assert place.execute("select count(*) from notes where body = %s", f"undone {failing}") == [(0,)]
    assert cell(await one.run(BEN, asking("select pg_backend_pid()"))) == pid


@HOWEVER
async def test_a_deferred_constraint_of_the_first_fails_behind_the_last(
    one: Database, place: Place, isolation: Isolation | None
) -> None:
    asked = asking("insert into children values (7) returning parent", write=True, isolation=isolation)
    with pytest.raises(DatabaseError) as caught:
        await one.run_all(ANA, asked, (then(INSERT, "behind a deferred constraint"),))
    assert caught.value.sqlstate == "23503"
    assert place.execute("select count(*) from notes where body = 'behind a deferred constraint'") == [(0,)]
    met = asking("insert into children values (8) returning parent", write=True, isolation=isolation)
    results = await one.run_all(ANA, met, (then("insert into parents values (8) on conflict do nothing"),))
    assert cell(results[0]) == b"8"
    place.execute("delete from children; delete from parents")


async def test_nothing_is_answered_before_the_sync_although_results_are_in(place: Place) -> None:
    wire = Wire(place.public)
    await wire.up()
    database = Database(wire.through(place.public), None, DatabaseSettings(pool_size=1))
    await database.open()
    wire.slow.set()
    asked = asking("insert into children values (7) returning parent", write=True)
    with pytest.raises(DatabaseError) as caught:
        await database.run_all(ANA, asked, (then("select 'in'"), then("select 'in too'")))
    assert caught.value.sqlstate == "23503"
    await database.close()
    await wire.down()


async def test_what_is_to_be_undone_is_answered_and_undone(one: Database, place: Place) -> None:
    asked = asking(INSERT, "tried", write=True, end=End.ROLLBACK)
    assert cells(await one.run_all(ANA, asked, (then(SEEN, "tried"),))) == [b"tried", b"1"]
    assert place.execute("select count(*) from notes where body = 'tried'") == [(0,)]


async def test_statements_are_read_only_where_the_transaction_is(one: Database, place: Place) -> None:
    insert = "insert into notes (owner, body) values ('ana', 'smuggled')"
    with pytest.raises(DatabaseError) as caught:
        await one.run_all(ANA, asking("select 1"), (then(insert, access=Access.READ_ONLY),))
    assert caught.value.sqlstate == "25006"
    with pytest.raises(ValueError, match="one access mode"):
        await one.run_all(ANA, asking("select 1"), (then(insert),))
    with pytest.raises(ValueError, match="one result"):
        await one.run_all(ANA, asking(insert, write=True, check=lambda result: None), (then(insert),))
    assert place.execute("select count(*) from notes where body = 'smuggled'") == [(0,)]


async def test_a_nul_byte_in_a_later_statement_is_refused_before_anything_is_sent(one: Database, place: Place) -> None:
    with pytest.raises(DatabaseError) as caught:
        await one.run_all(ANA, asking(INSERT, "before the NUL", write=True), (then("select $1::text", "ana\x00rest"),))
    assert caught.value.sqlstate == "22021"
    assert place.execute("select count(*) from notes where body = 'before the NUL'") == [(0,)]


async def test_several_are_never_shared_nor_told_as_fast(one: Database) -> None:
    for _ in range(3):
        await one.run_all(ANA, asking("select 'early'"), (Statement("select 'late'"),))
    # Their time is not that of the last of them, which alone may be quick.
    assert one._public.history.of(("authenticated", '"public"', "select 'late'")) is None
    slow = asyncio.create_task(one.run_all(ANA, asking("select pg_sleep(0.2)"), (Statement("select 'late'"),)))
    await asyncio.sleep(0.05)
    (only,) = one._public._live
    quick = asyncio.create_task(one.run(ANA, asking("select 'quick'")))
    await asyncio.sleep(0.05)
    assert len(only.flights) == 1
    assert cells(await slow)[1] == b"late"
    assert cell(await quick) == b"quick"


async def test_a_write_whose_backend_dies_between_them_has_an_unknown_outcome(place: Place, database: Database) -> None:
    further = (then("select 'several' from pg_sleep(30)"),)
    task = asyncio.create_task(database.run_all(ANA, asking(INSERT, "half done", write=True), further))
    pid = await running(place, "select 'several'%")
    place.execute("select pg_terminate_backend(%s)", pid)
    with pytest.raises(OutcomeUnknown):
        await task
    assert place.execute("select count(*) from notes where body = 'half done'") == [(0,)]


async def test_an_explicit_one_that_died_before_its_commit_was_sent_is_run_again(
    place: Place, database: Database
) -> None:
    asked = asking(INSERT, "both again", write=True, isolation=Isolation.SERIALIZABLE)
    further = (then("select 'explicit' from pg_sleep(0.3)"),)
    task = asyncio.create_task(database.run_all(ANA, asked, further))
    pid = await running(place, "select 'explicit'%")
    place.execute("select pg_terminate_backend(%s)", pid)
    assert cells(await task) == [b"both again", b"explicit"]
    assert place.execute("select count(*) from notes where body = 'both again'") == [(1,)]


async def test_reads_whose_backend_died_are_run_again(place: Place, database: Database) -> None:
    further = (Statement("select 'reads' from pg_sleep(0.3)"),)
    task = asyncio.create_task(database.run_all(ANA, asking("select 'both'"), further))
    pid = await running(place, "select 'reads'%")
    place.execute("select pg_terminate_backend(%s)", pid)
    assert cells(await task) == [b"both", b"reads"]


async def test_writes_nobody_waits_for_are_rolled_back(one: Database) -> None:
    further = (then("select 'given up' from pg_sleep(30)"),)
    task = asyncio.create_task(one.run_all(ANA, asking(INSERT, "given up", write=True), further))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        assert cell(await one.run(ANA, asking(SEEN, "given up"))) == b"0"


async def test_postgres_away_is_told_as_for_one(place: Place) -> None:
    database = Database("host=127.0.0.1 port=1 dbname=x user=x", None, DatabaseSettings(pool_size=1))
    await database.open()
    with pytest.raises(Unavailable):
        await database.run_all(ANA, asking(INSERT, "away", write=True), (then("select 1"),))
    await database.close(drain=0)


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
async def test_one_statement_may_stand_in_it_twice(place: Place, named: bool) -> None:
    async with opened(place, pool_size=1, prepared_statements=named) as database:
        for _ in range(3):
            asked = asking("select $1::text", "a")
            results = await database.run_all(ANA, asked, (Statement("select $1::text", (b"b",)),) * 2)
            assert cells(results) == [b"a", b"b", b"b"]


async def test_all_outdated_statements_are_prepared_again_at_once(one: Database, place: Place) -> None:
    # Each of them fails only where those before it did not, and it is run again once.
    place.execute(
        "drop table if exists worn; create table worn (id int, n int); insert into worn values (1, 0); "
        "grant all on worn to authenticated"
    )
    asked = asking("update worn set n = n + 1 returning *", write=True)
    further = (then("select * from worn"), then("update worn set n = n + 10 returning *"))
    await one.run_all(ANA, asked, further)
    place.execute("alter table worn add column extra text")
    results = await one.run_all(ANA, asked, further)
    assert [len(result.columns) for result in results] == [3, 3, 3]
    assert place.execute("select n from worn") == [(22,)]


async def test_statements_that_were_gone_are_run_once(one: Database, place: Place) -> None:
    place.execute("drop table if exists tally; create table tally (n int); grant insert on tally to authenticated")
    asked = asking("insert into tally values (1)", write=True)
    further = (then("insert into tally values (2)"),)
    await one.run_all(ANA, asked, further)
    await one.run(ANA, asking("deallocate all", write=True))
    assert [result.affected for result in await one.run_all(ANA, asked, further)] == [1, 1]
    assert place.execute("select array_agg(n order by n) from tally") == [([1, 1, 2, 2],)]


async def test_a_statement_behind_a_failing_one_is_not_taken_for_prepared(one: Database) -> None:
    with pytest.raises(DatabaseError):
        await one.run_all(ANA, asking("select 1/0"), (Statement("select 'behind'"),))
    assert not [key for key in connection(one).statements._by_key if key[2] == "select 'behind'"]
    assert cell(await one.run(ANA, asking("select 'behind'"))) == b"behind"


async def test_a_large_parameter_of_the_first_retires_the_connection(one: Database) -> None:
    pid = asking("select pg_backend_pid()")
    first = cell(await one.run(ANA, pid))
    asked = asking("select length($1::text)", b"x" * 40_000_000)
    assert cells(await one.run_all(ANA, asked, (Statement("select 'small'"),))) == [b"40000000", b"small"]
    assert cell(await one.run(ANA, pid)) != first
