"""Migrations: each file happens or does not, is recorded as upstream records it, and an error names file and line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from rowgate.errors import RowgateError
from rowgate.postgres.migrations import list_migrations, resolve_seeds, up

# The version makes no difference here, so one is enough.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("cluster_url", ["wheel"], indirect=True, scope="session")]


@pytest.fixture
def supabase(tmp_path: Path) -> Path:
    """A project's supabase folder with an empty migrations folder."""
    (tmp_path / "supabase" / "migrations").mkdir(parents=True)
    return tmp_path / "supabase"


def write(supabase: Path, name: str, sql: str) -> Path:
    path = supabase / "migrations" / name
    path.write_text(sql)
    return path


async def test_pending_files_are_applied_in_order_and_recorded(
    database_url: str, admin: psycopg.Connection, supabase: Path
) -> None:
    write(
        supabase, "20240102000000_rows.sql", "insert into todos values (1);\n-- done\ninsert into todos values (2);\n"
    )
    write(supabase, "20240101000000_todos.sql", "create table todos (id int);")
    write(supabase, "notes.sql", "this is no migration")
    folder = supabase / "migrations"

    applied = await up(database_url, folder)

    assert [file.version for file in applied.migrations] == ["20240101000000", "20240102000000"]
    assert admin.execute("select version, name, statements from supabase_migrations.schema_migrations").fetchall() == [
        ("20240101000000", "todos", ["create table todos (id int)"]),
        ("20240102000000", "rows", ["insert into todos values (1)", "-- done\ninsert into todos values (2)"]),
    ]
    assert (await up(database_url, folder)).migrations == ()


async def test_the_list_shows_where_each_version_is(
    database_url: str, admin: psycopg.Connection, supabase: Path
) -> None:
    folder = supabase / "migrations"
    write(supabase, "1_one.sql", "select 1")
    assert [(state.version, state.applied) for state in await list_migrations(database_url, folder)] == [("1", False)]
    await up(database_url, folder)
    admin.execute("insert into supabase_migrations.schema_migrations (version) values ('2')")
    write(supabase, "10_ten.sql", "select 10")
    states = [
        (state.version, state.name, state.local, state.applied) for state in await list_migrations(database_url, folder)
    ]
    assert states == [("1", "one", True, True), ("2", "", False, True), ("10", "ten", True, False)]
    assert "lacks: 2" in (await up(database_url, folder)).warnings[0]


@pytest.mark.parametrize(
    ("sql", "line", "message"),
    [
        ("create table a (id int);\n\ncreate tabel b ();", 3, 'syntax error at or near "tabel"'),
        ("create table a (id int);\nselect *\nfrom missing;", 3, 'relation "missing" does not exist'),
        ("select 'é—';\n-- why\nselect 1/0;\n", 3, "division by zero"),
        (
            "create table a (id int primary key);\ninsert into a values (1);\n/* x\n*/ insert into a values (1);",
            4,
            "duplicate key",
        ),
    ],
)
async def test_a_failure_names_file_line_and_message_and_leaves_nothing(
    database_url: str, admin: psycopg.Connection, supabase: Path, sql: str, line: int, message: str
) -> None:
    write(supabase, "1_good.sql", "create table good (id int)")
    write(supabase, "2_bad.sql", sql)
    with pytest.raises(RowgateError, match=rf"migrations/2_bad\.sql, line {line}: .*{message}") as caught:
        await up(database_url, supabase / "migrations")
    assert "Nothing of this file was applied" in str(caught.value.hint)
    assert admin.execute("select to_regclass('good') is not null, to_regclass('a')").fetchone() == (True, None)
    assert admin.execute("select array_agg(version) from supabase_migrations.schema_migrations").fetchone() == (["1"],)


async def test_a_deferred_constraint_fails_with_its_file(
    database_url: str, admin: psycopg.Connection, supabase: Path
) -> None:
    write(
        supabase,
        "1_late.sql",
        "create table p (id int primary key);"
        "create table c (p int references p deferrable initially deferred); insert into c values (1);",
    )
    with pytest.raises(RowgateError, match=r"1_late\.sql: .*violates foreign key"):
        await up(database_url, supabase / "migrations")
    assert admin.execute("select to_regclass('p')").fetchone() == (None,)


async def test_settings_and_roles_of_one_file_do_not_reach_the_next(
    database_url: str, admin: psycopg.Connection, supabase: Path
) -> None:
    write(supabase, "1_dump.sql", "select set_config('search_path', '', false); set role pg_monitor;")
    write(supabase, "2_next.sql", "create table here (id int)")
    await up(database_url, supabase / "migrations")
    assert admin.execute("select relowner::regrole::text from pg_class where relname = 'here'").fetchone() == (
        "postgres",
    )


async def test_a_migration_older_than_the_newest_is_refused_until_asked_for(
    database_url: str, admin: psycopg.Connection, supabase: Path
) -> None:
    folder = supabase / "migrations"
    write(supabase, "2_two.sql", "select 2")
    await up(database_url, folder)
    write(supabase, "1_one.sql", "create table late (id int)")
    with pytest.raises(RowgateError, match=r"1_one\.sql is older than 2") as caught:
        await up(database_url, folder)
    assert "--include-all" in str(caught.value.hint)
    assert [file.version for file in (await up(database_url, folder, include_all=True)).migrations] == ["1"]


async def test_a_version_used_twice_is_refused(database_url: str, supabase: Path) -> None:
    write(supabase, "1_one.sql", "select 1")
    write(supabase, "1_uno.sql", "select 1")
    with pytest.raises(RowgateError, match=r"Two migrations have the version 1: 1_one\.sql and 1_uno\.sql"):
        await up(database_url, supabase / "migrations")


async def test_a_locked_table_stops_the_file_and_says_so(
    database_url: str, admin: psycopg.Connection, supabase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rowgate.postgres.migrations.LOCK_TIMEOUT", "100ms")
    admin.execute("create table busy (id int)")
    write(supabase, "1_wait.sql", "alter table busy add column more int")
    with psycopg.connect(database_url) as holder:
        holder.execute("lock table busy in access share mode")
        with pytest.raises(RowgateError, match=r"1_wait\.sql, line 1: .*lock timeout") as caught:
            await up(database_url, supabase / "migrations")
    assert "Another session holds a table" in str(caught.value.hint)


async def test_two_at_once_apply_each_file_once(database_url: str, admin: psycopg.Connection, supabase: Path) -> None:
    write(supabase, "1_slow.sql", "create table once (id int); select pg_sleep(0.3)")
    both = await asyncio.gather(*(up(database_url, supabase / "migrations") for _ in range(2)))
    assert sorted(len(applied.migrations) for applied in both) == [0, 1]


async def test_seeds_run_once_and_a_changed_one_is_told(
    database_url: str, admin: psycopg.Connection, supabase: Path
) -> None:
    write(supabase, "1_todos.sql", "create table todos (id int)")
    seed = supabase / "seed.sql"
    seed.write_text("insert into todos values (1);")
    seeds = resolve_seeds(supabase)
    assert seeds == (seed,)
    assert (await up(database_url, supabase / "migrations", seeds)).seeds == (seed,)
    assert (await up(database_url, supabase / "migrations", seeds)).seeds == ()
    seed.write_text("insert into todos values (2);")
    again = await up(database_url, supabase / "migrations", seeds)
    assert again.seeds == ()
    assert again.warnings == (
        "The seed file supabase/seed.sql has changed since it was applied; it was not run again.",
    )
    assert (await up(database_url, supabase / "migrations", seeds)).warnings == ()
    assert admin.execute("select array_agg(id) from todos").fetchone() == ([1],)
    assert admin.execute("select path from supabase_migrations.seed_files").fetchall() == [("supabase/seed.sql",)]


async def test_copy_with_data_is_refused_with_a_way_out(database_url: str, supabase: Path) -> None:
    write(supabase, "1_copy.sql", "create table t (id int); copy t from stdin;\n1\n\\.\n")
    with pytest.raises(RowgateError, match=r"1_copy\.sql, line 1: COPY with data") as caught:
        await up(database_url, supabase / "migrations")
    assert "--inserts" in str(caught.value.hint)


async def test_applying_tells_the_catalog_also_without_an_event_trigger(database_url: str, supabase: Path) -> None:
    write(supabase, "1_todos.sql", "create table todos (id int)")
    with psycopg.connect(database_url, autocommit=True) as ear:
        ear.execute("listen pgrst")
        await up(database_url, supabase / "migrations")
        assert [note.payload for note in ear.notifies(timeout=5, stop_after=1)] == ["reload schema"]
