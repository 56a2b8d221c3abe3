"""Prepared statements: who shares them, what DDL does to them, how many there are, and how they are planned."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rowgate.postgres import statements
from rowgate.postgres.connection import Connection
from rowgate.postgres.database import Database
from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import PlanMode
from tests.integration.postgres_path.place import ANA, BEN, Place, asking, cell, opened, user

pytestmark = pytest.mark.anyio

SERVER_SIDE = "select count(*) from pg_prepared_statements where statement like $1"


@pytest.fixture
async def one(place: Place, anyio_backend: str) -> Any:
    """A database with a single connection, so that every request meets the statements of the one before."""
    async with opened(place, pool_size=1) as database:
        yield database


def connection(database: Database) -> Connection:
    (only,) = database._public._live
    return only


async def test_a_statement_is_prepared_once(one: Database) -> None:
    for _ in range(5):
        await one.run(ANA, asking("select 'once' where $1 = 'x'", "y"))
    assert cell(await one.run(ANA, asking(SERVER_SIDE, "select 'once'%"))) == b"1"


async def test_each_role_and_search_path_has_a_statement_of_its_own(one: Database, place: Place) -> None:
    place.execute("create schema if not exists other; grant usage on schema other to anon, authenticated")
    sql = "select 'mine' from notes limit 1"
    for principal in (ANA, BEN, user("x", "anon")):
        await one.run(principal, asking(sql))
    await one.run(ANA, asking(sql, search_path='"other", "public"'))
    assert cell(await one.run(ANA, asking(SERVER_SIDE, "select 'mine'%"))) == b"3"


async def test_one_statement_by_two_roles_obeys_each_roles_policies(one: Database, place: Place) -> None:
    place.execute("insert into notes (owner, body) values ('ana', 'two roles')")
    sql = "select count(*) from notes where body = 'two roles'"
    for _ in range(7):  # past the five executions after which Postgres considers a generic plan
        assert cell(await one.run(ANA, asking(sql))) == b"1"
        assert cell(await one.run(BEN, asking(sql))) == b"0"
        assert cell(await one.run(user("ana", "anon"), asking(sql))) == b"0"


async def test_the_same_name_in_two_search_paths_is_two_tables(one: Database, place: Place) -> None:
    place.execute(
        "create schema if not exists a; create schema if not exists b; create table a.t as select 'a' as v; "
        "create table b.t as select 'b' as v; grant usage on schema a, b to authenticated; "
        "grant select on a.t, b.t to authenticated"
    )
    for _ in range(3):
        assert cell(await one.run(ANA, asking("select v from t", search_path='"a"'))) == b"a"
        assert cell(await one.run(ANA, asking("select v from t", search_path='"b"'))) == b"b"


async def test_a_statement_whose_parse_failed_is_not_taken_for_prepared(one: Database, place: Place) -> None:
    sql = "select * from later"
    with pytest.raises(DatabaseError) as caught:
        await one.run(ANA, asking(sql))
    assert caught.value.sqlstate == "42P01"
    assert not [key for key in connection(one).statements._by_key if key[2] == sql]
    place.execute("create table later as select 1 as n; grant select on later to authenticated")
    assert cell(await one.run(ANA, asking(sql))) == b"1"


async def test_a_statement_whose_parse_was_skipped_is_not_taken_for_prepared(one: Database) -> None:
    before = asking("select 1/0").statement
    with pytest.raises(DatabaseError):
        await one.run(ANA, asking("select 'skipped'", before=before))
    assert not [key for key in connection(one).statements._by_key if key[2] == "select 'skipped'"]
    assert cell(await one.run(ANA, asking("select 'skipped'"))) == b"skipped"


RECREATE = """
drop table shape;
create table shape (id int, v text, w text);
insert into shape values (1, 'v', 'w');
grant all on shape to authenticated
"""
DDL = {
    "add a column": ("alter table shape add column extra text default 'new'", b"2"),
    "drop and recreate": (RECREATE, b"3"),
    "another type of result": ("alter table shape alter column id type text", b"1"),
}


@pytest.mark.parametrize("change", DDL)
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
async def test_a_raw_result_survives_ddl(one: Database, place: Place, change: str, write: bool) -> None:
    place.execute(
        "drop table if exists shape; create table shape (id int); insert into shape values (1); "
        "grant all on shape to authenticated"
    )
    sql = "update shape set id = id returning *" if write else "select * from shape"
    before = await one.run(ANA, asking(sql, write=write))
    ddl, columns = DDL[change]
    place.execute(ddl)
    after = await one.run(ANA, asking(sql, write=write))
    assert (len(before.columns), len(after.columns)) == (1, int(columns))
    assert len(after.rows[0]) == len(after.columns)


async def test_a_parameter_whose_column_changed_its_type_is_resolved_again(one: Database, place: Place) -> None:
    place.execute(
        "drop table if exists shape; create table shape (id int); insert into shape values (1); "
        "grant all on shape to authenticated"
    )
    sql = "select count(*) from shape where id = $1"
    assert cell(await one.run(ANA, asking(sql, "1"))) == b"1"
    place.execute("alter table shape alter column id type text")
    assert cell(await one.run(ANA, asking(sql, "1"))) == b"1"
    # An int4 parameter cannot hold this; after the catalog's reload it is a text parameter.
    place.execute("alter table shape alter column id type int using id::int")
    one.forget_statements()
    assert cell(await one.run(ANA, asking(sql, "1"))) == b"1"
    place.execute("alter table shape alter column id type text")
    one.forget_statements()
    assert cell(await one.run(ANA, asking(sql, "not a number"))) == b"0"


async def test_a_renamed_column_is_the_requests_error(one: Database, place: Place) -> None:
    place.execute(
        "drop table if exists shape; create table shape (id int); insert into shape values (1); "
        "grant all on shape to authenticated"
    )
    assert cell(await one.run(ANA, asking("select shape.id from shape"))) == b"1"
    place.execute("alter table shape rename column id to number")
    with pytest.raises(DatabaseError) as caught:
        await one.run(ANA, asking("select shape.id from shape"))
    assert caught.value.sqlstate == "42703"


async def test_a_write_is_run_once_although_its_statement_was_gone(one: Database, place: Place) -> None:
    place.execute("create table counted (n int); grant insert, select on counted to authenticated")
    sql = "insert into counted values (1)"
    await one.run(ANA, asking(sql, write=True))
    # The server forgets everything it has prepared, as behind a pooler that switched backends.
    await one.run(ANA, asking("deallocate all", write=True))
    result = await one.run(ANA, asking(sql, write=True))
    assert result.affected == 1
    assert place.execute("select count(*) from counted") == [(2,)]


async def test_the_least_recently_used_statement_is_closed(one: Database) -> None:
    connection(one).statements = statements.PreparedStatements(capacity=8)
    for number in range(60):
        await one.run(ANA, asking(f"select 'evict' || {number}"))
        assert cell(await one.run(ANA, asking("select 'kept' where true"))) == b"kept"
    assert len(connection(one).statements) == 8
    prepared = int(cell(await one.run(ANA, asking("select count(*) from pg_prepared_statements"))) or b"")
    assert prepared <= 8 + 16 + 1  # those in use and one batch that waits to be closed
    assert cell(await one.run(ANA, asking(SERVER_SIDE, "select 'kept'%"))) == b"1"


async def test_two_at_once_may_prepare_the_same_statement_on_one_connection(one: Database) -> None:
    warm = asking("select 'warm'")
    for _ in range(3):
        await one.run(ANA, warm)
    # Known and fast, but never prepared for these roles on this connection: all of them share it at once.
    for principal in (ANA, user("x", "anon")):
        one._public.history.record((principal.role, '"public"', "select 'together'"), 0.0001)
    together = asking("select 'together'")
    answers = await asyncio.gather(*(one.run(who, together) for who in (ANA, user("x", "anon")) * 4))
    assert {cell(answer) for answer in answers} == {b"together"}
    assert len([key for key in connection(one).statements._by_key if key[2] == "select 'together'"]) == 2


async def test_custom_plans_avoid_the_skewed_column_that_a_generic_plan_walks(one: Database, place: Place) -> None:
    place.execute(
        "create table jobs (id int primary key, status text not null); "
        "insert into jobs select n, 'done' from generate_series(1, 200000) n; "
        "insert into jobs select 200000 + n, 'open' from generate_series(1, 20) n; "
        "create index on jobs (status); analyze jobs; grant select on jobs to authenticated"
    )
    sql = "select id from jobs where status = $1 order by id limit 10"
    plans = (
        "select generic_plans::text || '/' || custom_plans::text from pg_prepared_statements "
        "where statement = 'select id from jobs where status = $1 order by id limit 10'"
    )
    for _ in range(8):
        await one.run(ANA, asking(sql, "done"))
    generic, _ = (cell(await one.run(ANA, asking(plans))) or b"").split(b"/")
    assert int(generic) > 0, "the trap: Postgres went over to the plan that walks the primary key"
    one.forget_statements()
    for status in ("done",) * 8 + ("open",):
        await one.run(ANA, asking(sql, status, plan=PlanMode.CUSTOM))
    rows = await one.run(ANA, asking(plans))
    assert b"0/9" in {row[0] for row in rows.rows}
