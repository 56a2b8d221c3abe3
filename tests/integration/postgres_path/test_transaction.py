"""One request is one transaction: what it may see, what it leaves behind, and when it is answered."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rowgate.postgres.database import Database, ServiceUnavailableHere
from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import End, Isolation, Result, Statement
from rowgate.project.settings import DatabaseSettings
from tests.integration.postgres_path.place import ANA, BEN, SECRET_KEY, Place, asking, cell, opened, user, watch

pytestmark = pytest.mark.anyio

WHO = (
    "select concat_ws('|', current_user, current_setting('request.jwt.claims', true)::json ->> 'sub', "
    "current_setting('request.method', true), current_setting('request.path', true), "
    "current_setting('request.headers', true), current_setting('request.cookies', true), "
    "current_setting('search_path'), current_setting('transaction_read_only'), current_setting('statement_timeout'))"
)


async def test_the_context_reaches_sql(database: Database) -> None:
    seen = cell(await database.run(ANA, asking(WHO)))
    assert seen == b'authenticated|ana|GET|/here|{"accept":"*/*"}|{}|"public"|on|1min'


async def test_a_write_is_not_read_only(database: Database) -> None:
    assert b"|off|" in (cell(await database.run(ANA, asking(WHO, write=True))) or b"")


async def test_further_settings_apply_after_the_role(database: Database) -> None:
    asked = asking(
        "select current_setting('app.team') || current_setting('TimeZone')",
        settings=(("app.team", "blue "), ("timezone", "Asia/Tokyo")),
    )
    assert cell(await database.run(ANA, asked)) == b"blue Asia/Tokyo"


async def test_a_superuser_setting_of_a_role_fails_because_the_role_comes_first(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("select 1", settings=(("log_statement", "none"),)))
    assert caught.value.sqlstate == "42501"


async def test_an_implicit_transaction_leaves_nothing_behind(place: Place) -> None:
    # A connection of its own, looked at through the same connection as the login role sees it afterwards.
    async with opened(place, pool_size=1) as database:
        await database.run(ANA, asking("select 1", settings=(("app.team", "blue"),)))
        (connection,) = database._public._idle
        left = connection._pg
        connection._loop.remove_reader(left.socket)
        left.exit_pipeline_mode()
        result = left.exec_(
            b"select current_user, current_setting('request.jwt.claims', true), current_setting('app.team', true), "
            b"current_setting('transaction_read_only'), current_setting('search_path')"
        )
        values = [result.get_value(0, column) for column in range(result.nfields)]
    assert values == [b"rowgate_path_public", b"", b"", b"off", b'"$user", public']


async def test_rows_belong_to_the_claims_that_asked(database: Database) -> None:
    insert = "insert into notes (owner, body) values ($1, $2)"
    await database.run(ANA, asking(insert, "ana", "of ana", write=True))
    await database.run(BEN, asking(insert, "ben", "of ben", write=True))
    mine = "select coalesce(json_agg(distinct owner), '[]') from notes"
    assert cell(await database.run(ANA, asking(mine))) == b'["ana"]'
    assert cell(await database.run(BEN, asking(mine))) == b'["ben"]'
    assert cell(await database.run(user("x", "anon"), asking(mine))) == b"[]"
    assert cell(await database.run(SECRET_KEY, asking(mine))) == b'["ana", "ben"]'


async def test_read_only_comes_before_everything(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("insert into notes (owner) values ('ana')"))
    assert caught.value.sqlstate == "25006"


async def test_read_only_cannot_be_switched_off_from_inside(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("select set_config('transaction_read_only', 'off', true)"))
    assert caught.value.sqlstate == "25001"


async def test_a_statement_before_cannot_write_in_a_read(database: Database) -> None:
    asked = asking("select 1", before=Statement("insert into notes (owner) values ('ana')"))
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asked)
    assert caught.value.sqlstate == "25006"


async def test_the_statement_before_runs_first_and_its_error_stops_the_main_one(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        asked = asking(
            "select current_setting('app.seen')", before=Statement("select set_config('app.seen', 'y', true)")
        )
        assert cell(await database.run(ANA, asked)) == b"y"
        with pytest.raises(DatabaseError) as caught:
            await database.run(ANA, asking("select nextval('ticks')", write=True, before=Statement("select 1/0")))
        assert caught.value.sqlstate == "22012"
    assert place.execute("select is_called from ticks") == [(False,)]


async def test_after_an_error_the_same_connection_serves_the_next_request(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        pid = cell(await database.run(ANA, asking("select pg_backend_pid()")))
        for sql in ("select 1/0", "select nonsense", "select $1::int", "syntax error"):
            parameters = ("x",) if "$1" in sql else ()
            with pytest.raises(DatabaseError):
                await database.run(ANA, asking(sql, *parameters))
            assert cell(await database.run(BEN, asking("select pg_backend_pid()"))) == pid


async def test_an_error_carries_every_field(database: Database, place: Place) -> None:
    place.execute(
        "create table if not exists stock (n int constraint positive check (n > 0)); "
        "grant select, insert on stock to authenticated"
    )
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("insert into stock values ($1)", "-1", write=True))
    error = caught.value
    assert (error.sqlstate, error.schema, error.table, error.constraint) == ("23514", "public", "stock", "positive")
    assert error.detail == "Failing row contains (-1)."
    assert error.severity == "ERROR"


async def test_a_deferred_constraint_fails_before_the_answer(database: Database, place: Place) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("insert into children values (7) returning parent", write=True))
    assert caught.value.sqlstate == "23503"
    assert place.execute("select count(*) from children") == [(0,)]
    assert cell(await database.run(ANA, asking("select 1"))) == b"1"


async def test_a_deferred_constraint_fails_at_an_explicit_commit_too(database: Database) -> None:
    asked = asking("insert into children values (7)", write=True, isolation=Isolation.SERIALIZABLE)
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asked)
    assert caught.value.sqlstate == "23503"


@pytest.mark.parametrize(
    "climb",
    [
        "set role service_role",
        "set session authorization service_role",
        "reset role",
        "select set_config('role', 'service_role', true)",
        "select set_config('role', 'service_role', false)",
    ],
)
async def test_a_function_cannot_climb(database: Database, place: Place, climb: str) -> None:
    place.execute(
        "create or replace function climb(how text) returns text language plpgsql as $f$ begin execute how; "
        "return (select count(*) from notes) || ' as ' || current_user; end $f$"
    )
    place.execute("insert into notes (owner) values ('somebody else')")
    try:
        outcome = cell(await database.run(ANA, asking("select climb($1)", climb, write=True)))
    except DatabaseError as error:
        assert error.sqlstate == "42501"  # noqa: PT017  # one of the ways down is no error at all
    else:
        # RESET ROLE leads down to the login role, which may read nothing.
        assert outcome is None or not outcome.endswith(b"service_role")
    assert cell(await database.run(BEN, asking("select current_user"))) == b"authenticated"


async def test_commit_inside_a_procedure_lands_at_a_login_that_may_do_nothing(database: Database, place: Place) -> None:
    place.execute(
        "create or replace procedure leave() language plpgsql as $f$ begin commit; perform count(*) from notes; end $f$"
    )
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("call leave()", write=True))
    assert caught.value.sqlstate in ("42501", "2D000")
    assert cell(await database.run(ANA, asking("select current_user"))) == b"authenticated"


async def test_set_role_cannot_be_smuggled_in_as_a_setting(database: Database) -> None:
    for name in ("role", "ROLE", "request.jwt.claims", "row_security", "session_authorization"):
        with pytest.raises(DatabaseError) as caught:
            await database.run(ANA, asking("select 1", settings=((name, "anon"),)))
        assert caught.value.sqlstate == "22023"


async def test_a_nul_byte_is_refused_and_not_cut_off(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("select $1::text", b"ana\x00rest"))
    assert caught.value.sqlstate == "22021"


async def test_a_flight_that_could_not_be_written_down_never_runs_with_the_next(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        broken = asking("select $1 || nextval('ticks')", write=True)
        # Refused by libpq's front, after the context has been queued and before the Sync has.
        broken = replace(broken, statement=replace(broken.statement, parameters=(["no", "bytes"],)))  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            await database.run(ANA, broken)
        assert cell(await database.run(BEN, asking("select current_user"))) == b"authenticated"
        with pytest.raises(ValueError, match="NUL"):
            await database.run(ANA, asking("select 1\x00 from nowhere"))
        assert database.stats().public.open == 1


async def test_a_role_that_does_not_exist_is_postgres_error(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(user("ana", "no_such_role"), asking("select 1"))
    assert caught.value.sqlstate == "22023"


async def test_a_role_the_login_may_not_take_is_refused(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(user("ana", "service_role"), asking("select 1"))
    assert caught.value.sqlstate == "42501"


async def test_a_secret_key_without_a_service_login_is_refused(place: Place) -> None:
    database = Database(place.public, None, DatabaseSettings(pool_size=1))
    await database.open()
    try:
        with pytest.raises(ServiceUnavailableHere):
            await database.run(SECRET_KEY, asking("select 1"))
    finally:
        await database.close()


async def test_end_rollback_keeps_nothing(database: Database, place: Place) -> None:
    asked = asking(
        "insert into notes (owner, body) values ('ana', 'undone') returning body", write=True, end=End.ROLLBACK
    )
    assert cell(await database.run(ANA, asked)) == b"undone"
    assert place.execute("select count(*) from notes where body = 'undone'") == [(0,)]


async def test_a_write_that_is_to_be_undone_still_meets_its_deferred_constraints(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.run(ANA, asking("insert into children values (9)", write=True, end=End.ROLLBACK))
    assert caught.value.sqlstate == "23503"
    assert cell(await database.run(ANA, asking("select 1"))) == b"1"


async def test_what_check_raises_comes_back_after_a_rollback(place: Place) -> None:
    class TooMany(Exception):
        pass

    def refuse(result: Result) -> None:
        assert result.affected == 1
        raise TooMany

    async with opened(place, pool_size=1) as database:
        insert = "insert into notes (owner, body) values ('ana', 'refused')"
        with pytest.raises(TooMany):
            await database.run(ANA, asking(insert, write=True, check=refuse))
        assert cell(await database.run(ANA, asking("select count(*) from notes where body = 'refused'"))) == b"0"
        # and what passes its check is committed
        await database.run(ANA, asking(insert.replace("refused", "kept"), write=True, check=lambda result: None))
    assert place.execute("select count(*) from notes where body = 'kept'") == [(1,)]


@pytest.mark.parametrize("isolation", list(Isolation))
async def test_isolation_levels_reach_the_transaction(database: Database, isolation: Isolation) -> None:
    for write in (False, True):
        asked = asking("select current_setting('transaction_isolation')", write=write, isolation=isolation)
        assert cell(await database.run(ANA, asked)) == isolation.value.encode()


async def test_an_error_in_an_explicit_transaction_leaves_a_clean_connection(place: Place) -> None:
    async with opened(place, pool_size=1) as database:
        pid = cell(await database.run(ANA, asking("select pg_backend_pid()")))
        with pytest.raises(DatabaseError) as caught:
            await database.run(ANA, asking("select 1/0", isolation=Isolation.SERIALIZABLE))
        assert caught.value.sqlstate == "22012"
        assert cell(await database.run(ANA, asking("select pg_backend_pid()"))) == pid
        assert b"|off|" in (cell(await database.run(ANA, asking(WHO, write=True))) or b"")


async def test_statement_timeout_is_a_ceiling_a_role_can_only_lower(place: Place) -> None:
    shown = "select current_setting('statement_timeout')"
    async with opened(place, statement_timeout=2.0) as database:
        for wanted, given in (("1s", b"1s"), ("1min", b"2s"), ("0", b"2s"), ("500", b"500ms")):
            asked = asking(shown, settings=(("statement_timeout", wanted),))
            assert cell(await database.run(ANA, asked)) == given


async def test_a_slow_statement_is_ended_once_and_not_run_again(place: Place) -> None:
    async with opened(place, statement_timeout=0.1) as database:
        hits = watch(database)
        slow = asking("select pg_sleep(5)")
        with pytest.raises(DatabaseError) as caught:
            await database.run(ANA, slow)
        assert caught.value.sqlstate == "57014"
        assert hits == ["57014"]


@pytest.mark.parametrize("isolation", [None, Isolation.SERIALIZABLE])
async def test_an_error_says_whether_the_request_itself_had_begun(
    database: Database, isolation: Isolation | None
) -> None:
    refusing = Statement("select 1 / 0")
    cases = {
        "the role": (asking("select 1"), user("ana", "nobody_at_all"), True),
        "a setting": (asking("select 1", settings=(("log_statement", "none"),)), ANA, True),
        "the statement before": (asking("select 1", before=refusing), ANA, True),
        "the statement": (asking("select 1 / 0", before=Statement("select 1")), ANA, False),
    }
    for name, (asked, who, early) in cases.items():
        with pytest.raises(DatabaseError) as caught:
            await database.run(who, replace(asked, isolation=isolation))
        assert (name, caught.value.early) == (name, early)
    with pytest.raises(DatabaseError) as caught:
        await database.run_all(
            ANA, replace(asking("select 1", before=Statement("select 1")), isolation=isolation), [refusing]
        )
    assert not caught.value.early
    with pytest.raises(DatabaseError) as caught:
        await database.run_all(
            ANA, replace(asking("select 1", before=refusing), isolation=isolation), [Statement("select 1")]
        )
    assert caught.value.early
