"""The context statement: order, parameters, and what may never be set from outside."""

from __future__ import annotations

import re

import pytest

from rowgate.postgres.context import RESERVED_SETTINGS, context_command, context_sql, refuse_nul, statement_timeout
from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import Access, PlanMode, RequestContext, Statement, Transaction

CLAIMS = b'{"sub":"user_1"}'


def transaction(
    *settings: tuple[str, str], access: Access = Access.READ_ONLY, plan: PlanMode = PlanMode.AUTO, path: str = "/todos"
) -> Transaction:
    context = RequestContext("GET", path, '"public"', b'{"h":"1"}', b'{"c":"2"}', settings)
    return Transaction(context, Statement("select 1", (), access, plan))


def names(sql: str) -> list[str]:
    """The setting of each call, from left to right; a parameter stands as itself."""
    return re.findall(r"set_config\('?([\w.$]+)'?,", sql)


def test_read_only_is_the_very_first_setting_and_the_role_the_next() -> None:
    assert names(context_sql(True, 1)) == [
        "transaction_read_only",
        "role",
        "search_path",
        "request.jwt.claims",
        "request.method",
        "request.path",
        "request.headers",
        "request.cookies",
        "statement_timeout",
        "response.headers",
        "response.status",
        "$9",
    ]


def test_a_roles_settings_come_before_the_role_with_the_rights_of_the_login() -> None:
    assert names(context_sql(True, 1, 2))[:5] == ["transaction_read_only", "$9", "$11", "role", "search_path"]
    assert names(context_sql(True, 1, 2))[-1] == "$13"
    context = RequestContext("GET", "/", '"public"', settings=(("app.a", "1"),), role_settings=(("work_mem", "8MB"),))
    command = context_command("anon", b"{}", Transaction(context, Statement("select 1")), 0)
    assert command.parameters[-4:] == [b"work_mem", b"8MB", b"app.a", b"1"]
    assert command.key is not None
    assert command.key != context_command("anon", b"{}", transaction(("app.a", "1")), 0).key


@pytest.mark.parametrize("name", ["role", "Search_Path", "row_security"])
def test_a_role_cannot_be_given_what_belongs_to_the_request(name: str) -> None:
    context = RequestContext("GET", "/", '"public"', role_settings=((name, "x"),))
    with pytest.raises(DatabaseError) as caught:
        context_command("anon", b"{}", Transaction(context, Statement("select 1")), 0)
    assert caught.value.sqlstate == "22023"


@pytest.mark.parametrize(("own", "time"), [("1s", b"1s"), ("1min", b"2000"), ("0", b"2000")])
def test_a_roles_own_time_takes_the_place_of_the_ceiling_within_it(own: str, time: bytes) -> None:
    context = RequestContext("GET", "/", '"public"', role_settings=(("statement_timeout", own),))
    command = context_command("anon", b"{}", Transaction(context, Statement("select 1")), 2000)
    assert command.parameters[7] == time
    assert len(command.parameters) == 8
    assert statement_timeout(context, 2000) == (1000 if own == "1s" else 2000)


def test_a_functions_time_goes_before_its_roles() -> None:
    context = RequestContext(
        "GET",
        "/",
        '"public"',
        settings=(("statement_timeout", "1500"),),
        role_settings=(("statement_timeout", "1s"),),
    )
    command = context_command("anon", b"{}", Transaction(context, Statement("select 1")), 2000)
    assert (command.parameters[7], command.parameters[-1]) == (b"1s", b"1500")
    assert statement_timeout(context, 2000) == 1500


def test_a_write_says_nothing_of_read_only() -> None:
    assert names(context_sql(False, 0))[0] == "role"


def test_every_call_is_local_to_the_transaction_and_bound_to_pg_catalog() -> None:
    sql = context_sql(True, 3)
    assert sql.count("set_config(") == sql.count("pg_catalog.set_config(") == sql.count(", true)")
    assert "num_nulls" in sql
    assert sql.count("num_nulls(") == sql.count("pg_catalog.num_nulls(")


def test_values_are_parameters_in_the_order_of_the_text() -> None:
    command = context_command("authenticated", CLAIMS, transaction(("app.a", "x'; drop table t; --")), 60_000)
    assert command.parameters == [
        b"authenticated",
        b'"public"',
        CLAIMS,
        b"GET",
        b"/todos",
        b'{"h":"1"}',
        b'{"c":"2"}',
        b"60000",
        b"app.a",
        b"x'; drop table t; --",
    ]
    assert "drop" not in command.sql


def test_one_text_serves_every_request_of_a_shape() -> None:
    one = context_command("anon", b"{}", transaction(("a.b", "1")), 1000)
    other = context_command("authenticated", CLAIMS, transaction(("c.d", "2"), path="/lists"), 1000)
    assert one.key == other.key
    assert one.key != context_command("anon", b"{}", transaction(), 1000).key
    assert one.key != context_command("anon", b"{}", transaction(("a.b", "1"), access=Access.READ_WRITE), 1000).key


def test_a_plan_mode_is_set_only_where_it_is_asked_for() -> None:
    assert b"plan_cache_mode" not in context_command("anon", b"{}", transaction(), 0).parameters
    parameters = context_command("anon", b"{}", transaction(plan=PlanMode.CUSTOM), 0).parameters
    assert parameters[-2:] == [b"plan_cache_mode", b"force_custom_plan"]


def test_more_settings_than_a_function_takes_are_nested() -> None:
    sql = context_sql(True, 250)
    assert names(sql)[0] == "transaction_read_only"
    assert names(sql)[-1] == f"${8 + 2 * 250 - 1}"
    # Postgres counts the arguments of one call; a nested call counts as one.
    assert sql.count("num_nulls(") == 3


@pytest.mark.parametrize("name", [*sorted(RESERVED_SETTINGS), "Role", "ROW_SECURITY", "Request.JWT.Claims"])
def test_what_belongs_to_the_request_cannot_be_set_from_outside(name: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        context_command("anon", b"{}", transaction((name, "x")), 0)
    assert caught.value.sqlstate == "22023"
    assert name in caught.value.message


def test_the_role_none_is_refused_because_it_means_the_login() -> None:
    with pytest.raises(DatabaseError):
        context_command("none", b"{}", transaction(), 0)


@pytest.mark.parametrize("where", ["role", "path", "setting", "claims"])
def test_a_nul_byte_anywhere_is_refused(where: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        context_command(
            "an\x00on" if where == "role" else "anon",
            b"{}\x00" if where == "claims" else b"{}",
            transaction(
                *((("app.a", "x\x00"),) if where == "setting" else ()), path="/\x00" if where == "path" else "/"
            ),
            0,
        )
    assert caught.value.sqlstate == "22021"


def test_a_parameter_with_a_nul_byte_is_refused() -> None:
    refuse_nul((b"fine", None, b""))
    with pytest.raises(DatabaseError):
        refuse_nul((b"fine", b"cut\x00off"))


def test_a_lone_surrogate_is_left_for_postgres_to_refuse() -> None:
    assert b"/\xed\xa0\x80" in context_command("anon", b"{}", transaction(path="/\ud800"), 0).parameters


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("1s", b"1s"),
        ("900", b"900"),
        ("1.5 s", b"1.5 s"),
        ("2min", b"2000"),
        ("0", b"2000"),
        ("1d", b"2000"),
        # Ways to write a number that Postgres knows as well; the ceiling stands for all of them.
        ("1e9", b"2000"),
        ("0x7fffffff", b"2000"),
        ("+0", b"2000"),
        ("-0", b"2000"),
        ("0.4us", b"2000"),
        ("017777777777", b"2000"),
        ("nonsense", b"2000"),
    ],
)
def test_a_role_may_have_less_time_than_the_ceiling_and_never_more(wanted: str, given: bytes) -> None:
    asked = transaction(("statement_timeout", wanted))
    assert context_command("anon", b"{}", asked, 2000).parameters[-1] == given


def test_without_a_ceiling_a_role_keeps_its_own_time() -> None:
    asked = transaction(("Statement_Timeout", "2min"))
    assert context_command("anon", b"{}", asked, 0).parameters[-1] == b"2min"
    assert statement_timeout(asked.context, 0) == 120_000
    assert statement_timeout(asked.context, 1000) == 1000
    assert statement_timeout(transaction().context, 1000) == 1000


@pytest.mark.parametrize(
    ("limit", "ceiling", "given"),
    [(500, 2000, b"500"), (5000, 2000, b"2000"), (0, 2000, b"2000"), (500, 0, b"500"), (0, 0, b"0")],
)
def test_a_request_may_have_a_lower_limit_of_its_own(limit: int, ceiling: int, given: bytes) -> None:
    context = RequestContext("POST", "/", '"public"', time_limit=limit)
    command = context_command("anon", b"{}", Transaction(context, Statement("select 1")), ceiling)
    assert command.parameters[-1] == given
    assert statement_timeout(context, ceiling) == int(given)


def test_a_role_keeps_less_time_than_the_requests_own_limit() -> None:
    context = RequestContext("POST", "/", '"public"', role_settings=(("statement_timeout", "100ms"),), time_limit=500)
    command = context_command("anon", b"{}", Transaction(context, Statement("select 1")), 2000)
    assert command.parameters[7] == b"100ms"
