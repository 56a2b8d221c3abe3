"""The login roles: nothing a request calls can climb, nothing is inherited, and what is missing is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rowgate.errors import ConfigurationError, RowgateError
from rowgate.postgres import logins
from rowgate.postgres.logins import prepare
from rowgate.postgres.quoting import literal
from rowgate.project.settings import Secrets

pytestmark = pytest.mark.anyio
MakeRole = Callable[..., str]


def as_login(url: str, name: str, password: str) -> str:
    return make_conninfo(url, user=name, password=password)


async def test_serves_under_two_logins_that_inherit_and_own_nothing(
    database_url: str, admin: psycopg.Connection, secrets: Secrets
) -> None:
    serving = await prepare(database_url, secrets)

    assert serving.left_out == ()
    assert serving.owner_url == database_url
    assert serving.server_version == admin.info.server_version
    assert conninfo_to_dict(serving.public_conninfo)["user"] == serving.public_login == "rowgate_public"
    assert serving.service_conninfo is not None
    with psycopg.connect(serving.service_conninfo) as connection:
        connection.execute("set role service_role")
    for login, role in (
        ("rowgate_public", "anon"),
        ("rowgate_public", "authenticated"),
        ("rowgate_service", "service_role"),
    ):
        assert admin.execute("select pg_has_role(%s, %s, 'USAGE')", (login, role)).fetchone() == (False,)
        assert admin.execute("select pg_has_role(%s, %s, 'MEMBER')", (login, role)).fetchone() == (True,)
    assert admin.execute("select pg_has_role('rowgate_public', 'service_role', 'MEMBER')").fetchone() == (False,)


async def test_the_authenticator_that_migrations_name_is_there_and_may_nothing(
    database_url: str, admin: psycopg.Connection, secrets: Secrets
) -> None:
    await prepare(database_url, secrets)
    found = admin.execute(
        "select rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreaterole,"
        " (select count(*) from pg_auth_members where member = r.oid)"
        " from pg_roles r where rolname = 'authenticator'"
    ).fetchone()
    assert found == (False, False, False, False, False, 0)


async def test_running_it_again_changes_nothing(database_url: str, secrets: Secrets) -> None:
    first = await prepare(database_url, secrets)
    second = await prepare(database_url, secrets)
    assert (second.left_out, second.warnings) == (first.left_out, first.warnings)


@pytest.mark.parametrize(
    "climb",
    [
        "set role service_role",
        "set session authorization postgres",
        "set role postgres",
        "reset role; set role service_role",
    ],
)
async def test_a_function_called_in_a_request_cannot_climb(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, climb: str
) -> None:
    serving = await prepare(database_url, secrets)
    admin.execute(
        "create table hidden (id int); insert into hidden values (1); alter table hidden enable row level security"
    )
    admin.execute("grant select on hidden to public")
    statements = "; ".join(f"execute {literal(part.strip())}" for part in climb.split(";"))
    admin.execute(
        f"create function climb() returns bigint language plpgsql as $$ declare n bigint; begin {statements};"
        " select count(*) into n from hidden; return n; end $$"
    )
    with psycopg.connect(serving.public_conninfo) as connection:
        connection.execute("set local role anon")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select climb()")


async def test_a_login_without_its_role_reads_nothing(
    database_url: str, admin: psycopg.Connection, secrets: Secrets
) -> None:
    serving = await prepare(database_url, secrets)
    admin.execute("create table notes (id int)")
    admin.execute("grant select on notes to anon, authenticated, service_role")
    for conninfo in (serving.public_conninfo, serving.service_conninfo):
        assert conninfo is not None
        with psycopg.connect(conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from notes")


async def test_a_membership_that_climbs_is_revoked_and_told(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, role: MakeRole
) -> None:
    await prepare(database_url, secrets)
    bypass = role("bypass", "bypassrls")
    door = role("door")  # harmless itself, but a member of the one that is not
    admin.execute(f"grant {bypass} to {door}")
    admin.execute(f"grant {door} to rowgate_public")
    serving = await prepare(database_url, secrets)
    assert f"rowgate_public was a member of {door}, which is a member of {bypass}, which has BYPASSRLS: revoked." in (
        serving.warnings
    )
    with psycopg.connect(serving.public_conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"set role {bypass}")


async def test_a_listed_role_with_a_way_up_is_never_granted(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, role: MakeRole
) -> None:
    bypass, door = role("bypass", "bypassrls"), role("door")
    admin.execute(f"grant {bypass} to {door}")
    serving = await prepare(database_url, secrets, roles=(door,))
    assert f"No token can become {door}: it is a member of {bypass}, which has BYPASSRLS." in serving.warnings
    with psycopg.connect(serving.public_conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"set role {door}")


async def test_an_error_of_a_request_leaves_no_value_in_the_log(database_url: str, secrets: Secrets) -> None:
    serving = await prepare(database_url, secrets)
    assert serving.service_conninfo is not None
    for conninfo in (serving.public_conninfo, serving.service_conninfo):
        with psycopg.connect(conninfo) as connection:
            assert connection.execute("show log_min_messages").fetchone() == ("fatal",)


async def test_roles_of_issuers_are_granted_when_they_are_harmless(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, role: MakeRole
) -> None:
    good, bypass = role("good"), role("bypass", "bypassrls")
    serving = await prepare(database_url, secrets, roles=(good, bypass, "missing_role"))
    with psycopg.connect(serving.public_conninfo) as connection:
        connection.execute(f"set role {good}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"set role {bypass}")
    assert f"No token can become {bypass}: it has BYPASSRLS." in serving.warnings
    assert "The role missing_role does not exist. Once it does, it is served within seconds." in serving.warnings


@pytest.mark.since_16("PostgreSQL 15 decides inheritance by the login's own attribute, which is set at every start")
async def test_an_inherited_role_stops_the_start(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, monkeypatch: pytest.MonkeyPatch, role: MakeRole
) -> None:
    await prepare(database_url, secrets)
    served, granter = role("served"), role("granter")
    admin.execute(f"grant {served} to {granter} with admin option")
    admin.execute(f"set role {granter}; grant {served} to rowgate_public with inherit true; reset role")
    with pytest.raises(RowgateError, match=f"rowgate_public inherits the privileges of {served}") as caught:
        await prepare(database_url, secrets, roles=(served,))
    assert "REVOKE INHERIT OPTION FOR" in str(caught.value.hint)


async def test_attributes_somebody_gave_a_login_are_taken_back(
    database_url: str, admin: psycopg.Connection, secrets: Secrets
) -> None:
    await prepare(database_url, secrets)
    admin.execute("alter role rowgate_public createrole inherit")
    await prepare(database_url, secrets)
    row = admin.execute("select rolcreaterole, rolinherit from pg_roles where rolname = 'rowgate_public'").fetchone()
    assert row == (False, False)


async def test_passwords_reach_the_server_only_as_scram_verifiers(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    original = logins._Setup._run

    async def spy(self: logins._Setup, statement: str) -> None:
        sent.append(statement)
        await original(self, statement)

    monkeypatch.setattr(logins._Setup, "_run", spy)
    changed = replace(secrets, public_login_password="hunter2-public", service_login_password="hunter2-service")
    await prepare(database_url, changed)
    await prepare(database_url, secrets)
    assert sum("SCRAM-SHA-256$" in statement for statement in sent) == 4
    assert not any("hunter2" in statement for statement in sent)


async def test_an_owner_without_superuser_serves_and_says_what_is_left_out(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, role: MakeRole
) -> None:
    # service_role is the whole cluster's: this test needs one that has no BYPASSRLS, and puts it back.
    await prepare(database_url, secrets)
    for login in ("rowgate_public", "rowgate_service"):
        admin.execute(f"drop owned by {login}; drop role {login}")
    owner = role("owner", "login createrole password 'owner'")
    admin.execute(f"alter database {admin.info.dbname} owner to {owner}")
    admin.execute(f"grant anon, authenticated, service_role to {owner} with admin option")
    admin.execute("alter role service_role nobypassrls")
    try:
        serving = await prepare(as_login(database_url, owner, "owner"), secrets)
        assert serving.service_conninfo is None
        assert serving.service_login is None
        (sentence,) = serving.left_out
        assert "ALTER ROLE service_role BYPASSRLS;" in sentence
        with psycopg.connect(serving.public_conninfo) as connection:
            connection.execute("set role authenticated")
    finally:
        admin.execute("alter role service_role bypassrls")
        for login in ("rowgate_public", "rowgate_service"):
            admin.execute(f"drop owned by {login}; drop role {login}")


async def test_a_plain_login_is_served_through_and_its_reach_is_told(
    database_url: str, admin: psycopg.Connection, secrets: Secrets, role: MakeRole
) -> None:
    await prepare(database_url, secrets)
    authenticator = role("authenticator", "login noinherit password 'plain'")
    admin.execute(f"grant anon, authenticated, service_role to {authenticator}")
    url = as_login(database_url, authenticator, "plain")
    serving = await prepare(url, secrets)
    assert serving.owner_url is None
    assert serving.public_conninfo == serving.service_conninfo == url
    assert any("service_role (has BYPASSRLS)" in warning for warning in serving.warnings)

    admin.execute(f"revoke service_role from {authenticator}")
    serving = await prepare(url, secrets)
    assert serving.service_conninfo is None
    assert serving.warnings == ()
    assert any(f'GRANT service_role TO "{authenticator}"' in sentence for sentence in serving.left_out)


async def test_setup_never_changes_nothing(database_url: str, admin: psycopg.Connection, secrets: Secrets) -> None:
    before = admin.execute("select count(*), sum(hashtext(rolpassword)) from pg_authid").fetchone()
    members = admin.execute("select count(*) from pg_auth_members").fetchone()
    serving = await prepare(database_url, secrets, setup="never")
    assert admin.execute("select count(*), sum(hashtext(rolpassword)) from pg_authid").fetchone() == before
    assert admin.execute("select count(*) from pg_auth_members").fetchone() == members
    assert serving.owner_url is None
    assert any("is a superuser: any function" in warning for warning in serving.warnings)


async def test_no_connection_string_shows_in_repr_or_errors(database_url: str, secrets: Secrets) -> None:
    serving = await prepare(database_url, secrets)
    for text in (repr(serving), str(serving)):
        assert secrets.public_login_password not in text
        assert "rowgate_service" in text
        assert "password" not in text

    for bad in ("postgresql://u:hunter2@127.0.0.1:1/x", "postgres//u:hunter2@h/x", "postgresql://u:hunter2%zz@h/x"):
        with pytest.raises((RowgateError, ConfigurationError)) as caught:
            await prepare(bad, secrets)
        assert "hunter2" not in f"{caught.value} {caught.value.hint}"
        assert caught.value.hint


async def test_a_server_that_is_too_old_is_refused(
    database_url: str, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "OLDEST_VERSION", 990000)
    with pytest.raises(RowgateError, match="Rowgate needs 99 or newer"):
        await prepare(database_url, secrets)
