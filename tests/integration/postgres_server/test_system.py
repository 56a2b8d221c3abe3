"""The system schema: what policies call is there, nobody's objects are touched, and nothing applied ever changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rowgate.errors import RowgateError
from rowgate.postgres.logins import prepare
from rowgate.postgres.system import install, system_files
from rowgate.project.settings import Secrets

pytestmark = pytest.mark.anyio
MakeRole = Callable[..., str]
CLAIMS = {
    "sub": "6b0c5a3e-0d70-4e3c-9d3e-5b5b3c1d2e3f",
    "role": "authenticated",
    "email": "ada@example.com",
    "n": {"a": 1},
}


@pytest.fixture
async def prepared(database_url: str, secrets: Secrets) -> str:
    await prepare(database_url, secrets)
    return database_url


async def test_policies_can_read_who_is_asking(prepared: str, admin: psycopg.Connection) -> None:
    assert (await install(prepared)).applied == tuple(file.version for file in system_files())
    admin.execute("set role authenticated")
    admin.execute("select set_config('request.jwt.claims', %s, false)", (json.dumps(CLAIMS),))
    row = admin.execute("select auth.uid()::text, auth.role(), auth.email(), auth.jwt()").fetchone()
    assert row == (CLAIMS["sub"], "authenticated", "ada@example.com", CLAIMS)


async def test_without_a_token_the_functions_are_null(prepared: str, admin: psycopg.Connection) -> None:
    await install(prepared)
    everything = "select auth.uid(), auth.role(), auth.email(), auth.jwt()"
    assert admin.execute(everything).fetchone() == (None,) * 4
    admin.execute("select set_config('request.jwt.claims', '', false)")  # what an ended transaction leaves behind
    assert admin.execute(everything).fetchone() == (None,) * 4
    stable = admin.execute("select distinct provolatile from pg_proc where pronamespace = 'auth'::regnamespace")
    assert stable.fetchall() == [("s",)]


async def test_one_claim_per_setting_goes_before_the_document(prepared: str, admin: psycopg.Connection) -> None:
    await install(prepared)
    admin.execute("select set_config('request.jwt.claims', %s, false)", (json.dumps(CLAIMS),))
    admin.execute("select set_config('request.jwt.claim.role', 'anon', false)")
    assert admin.execute("select auth.role(), auth.email()").fetchone() == ("anon", "ada@example.com")


async def test_a_text_subject_fails_in_uid_as_upstream(prepared: str, admin: psycopg.Connection) -> None:
    await install(prepared)
    admin.execute("""select set_config('request.jwt.claims', '{"sub": "user_2x"}', false)""")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        admin.execute("select auth.uid()")
    assert admin.execute("select auth.jwt() ->> 'sub'").fetchone() == ("user_2x",)


async def test_what_exists_is_left_as_it_is(prepared: str, admin: psycopg.Connection) -> None:
    admin.execute("create schema auth")
    admin.execute("create function auth.jwt() returns jsonb language sql as $$ select '{\"theirs\": true}'::jsonb $$")
    await install(prepared)
    assert admin.execute("select auth.jwt()").fetchone() == ({"theirs": True},)
    assert admin.execute("select auth.role()").fetchone() == (None,)


async def test_new_tables_of_a_new_database_are_open_to_the_three_roles(
    prepared: str, admin: psycopg.Connection
) -> None:
    await install(prepared)
    admin.execute("create table todos (id serial)")
    for role_name in ("anon", "authenticated", "service_role"):
        row = admin.execute(
            "select has_table_privilege(%s, 'todos', 'select,insert,update,delete'),"
            " has_sequence_privilege(%s, 'todos_id_seq', 'usage')",
            (role_name, role_name),
        ).fetchone()
        assert row == (True, True)


async def test_a_filled_database_is_not_opened(prepared: str, admin: psycopg.Connection) -> None:
    admin.execute("create table payroll (id int)")
    installed = await install(prepared)
    assert 2 not in installed.applied
    assert any("not opened to anon" in sentence for sentence in installed.left_out)
    admin.execute("create table later (id int)")
    for table in ("payroll", "later"):
        assert admin.execute("select has_table_privilege('anon', %s, 'select')", (table,)).fetchone() == (False,)


async def test_ddl_announces_itself_and_the_rest_does_not(prepared: str, admin: psycopg.Connection) -> None:
    await install(prepared)
    admin.execute("create table seen (id int)")
    told = {
        "create table a (id int)": True,
        "create policy p on seen using (true)": True,
        "create function f() returns int language sql as 'select 1'": True,
        "grant select on seen to anon": True,
        "create temp table t (id int)": False,
        "drop table t": False,
        "insert into seen values (1)": False,
        "drop table seen": True,
    }
    with psycopg.connect(prepared, autocommit=True) as ear:
        ear.execute("listen pgrst")
        for statement, expected in told.items():
            admin.execute(statement)
            admin.execute("select pg_notify('pgrst', 'end')")
            heard = [note.payload for note in ear.notifies(timeout=5, stop_after=2 if expected else 1)]
            assert heard == (["reload schema", "end"] if expected else ["end"]), statement


async def test_running_it_again_applies_nothing(prepared: str) -> None:
    await install(prepared)
    again = await install(prepared)
    assert (again.applied, again.left_out) == ((), ())


async def test_an_edited_file_is_detected(prepared: str, admin: psycopg.Connection) -> None:
    await install(prepared)
    files = system_files()
    edited = (replace(files[0], checksum="0" * 64), *files[1:])
    with pytest.raises(RowgateError, match=r"0001_auth_functions\.sql was applied with other contents"):
        await install(prepared, edited)
    with pytest.raises(RowgateError, match="newer Rowgate"):
        await install(prepared, files[:-1])


async def test_a_failing_file_changes_nothing_at_all(prepared: str, admin: psycopg.Connection) -> None:
    broken = replace(
        system_files()[0], version=9999, name="broken", sql="create table public.half (id int); select 1/0"
    )
    with pytest.raises(RowgateError, match=r"9999_broken\.sql failed: division by zero"):
        await install(prepared, (*system_files(), broken))
    assert admin.execute("select to_regclass('public.half'), to_regnamespace('auth')").fetchone() == (None, None)


async def test_an_owner_without_superuser_is_told_about_event_triggers(
    prepared: str, admin: psycopg.Connection, role: MakeRole
) -> None:
    owner = role("owner", "login password 'owner'")
    admin.execute(f"alter database {admin.info.dbname} owner to {owner}")
    installed = await install(make_conninfo(prepared, user=owner, password="owner"))
    assert installed.applied == (1, 2, 4)
    (sentence,) = installed.left_out
    assert "NOTIFY pgrst, 'reload schema'" in sentence
    assert (await install(prepared)).applied == (3,)  # tried again, by one who may


async def test_an_owner_who_may_create_nothing_is_told_everything(
    prepared: str, admin: psycopg.Connection, role: MakeRole
) -> None:
    guest = role("guest", "login password 'guest'")
    installed = await install(make_conninfo(prepared, user=guest, password="guest"))
    assert installed.applied == ()
    assert len(installed.left_out) == len(system_files())


async def test_clients_can_reach_nothing_of_ours(prepared: str, admin: psycopg.Connection) -> None:
    await install(prepared)
    for role_name in ("anon", "authenticated", "service_role", "rowgate_public", "rowgate_service"):
        for schema in ("rowgate", "supabase_migrations"):
            allowed = admin.execute("select has_schema_privilege(%s, %s, 'usage')", (role_name, schema)).fetchone()
            assert allowed == (False,)
