"""Privileged roles: every way past row-level security is found, with the reason, and within seconds of a change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rowgate.postgres.logins import prepare
from rowgate.postgres.roles import RoleSnapshot, RoleWatch, read_roles
from rowgate.project.settings import Folders, RestSettings, Secrets, ServerSettings, Settings

pytestmark = pytest.mark.anyio
MakeRole = Callable[..., str]


@pytest.fixture
async def public_conninfo(database_url: str, secrets: Secrets) -> str:
    return (await prepare(database_url, secrets)).public_conninfo


@pytest.fixture
async def watcher(public_conninfo: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(public_conninfo, autocommit=True) as connection:
        yield connection


async def read(connection: psycopg.AsyncConnection, schemas: tuple[str, ...] = ("public",)) -> RoleSnapshot:
    return await read_roles(connection, None, "rowgate_service", schemas)


async def test_an_ordinary_role_is_served_and_unknown_ones_are_not(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    granted, not_granted = role("granted"), role("strange")
    admin.execute(f"grant {granted} to rowgate_public")
    snapshot = await read(watcher)
    assert {"anon", "authenticated", granted} <= snapshot.public
    assert not_granted not in snapshot.public
    assert "service_role" in snapshot.service
    assert "service_role" not in snapshot.public


WAYS_PAST_POLICIES = {
    "superuser": "is a superuser",
    "bypassrls": "has BYPASSRLS",
    "createrole": "has CREATEROLE",
    "replication": "has REPLICATION",
    "in role pg_read_server_files": "is a member of pg_read_server_files, which reads files",
    "in role pg_write_server_files": "is a member of pg_write_server_files, which writes files",
    "in role pg_execute_server_program": "is a member of pg_execute_server_program, which runs programs",
    "in role pg_write_all_data": "is a member of pg_write_all_data, which writes every table",
    "in role service_role": "is a member of service_role, which has BYPASSRLS",
    "noinherit in role service_role": "is a member of service_role, which has BYPASSRLS",
    "in role rowgate_service": "is a member of rowgate_service, which is a login role",
}


async def test_a_role_that_could_bypass_policies_is_privileged_and_so_are_its_members(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    risky = {attributes: role("risky", attributes) for attributes in WAYS_PAST_POLICIES}
    indirect = {attributes: role("indirect", f"in role {name}") for attributes, name in risky.items()}
    admin.execute(f"grant {', '.join((*risky.values(), *indirect.values()))} to rowgate_public")
    snapshot = await read(watcher)
    for attributes, reason in WAYS_PAST_POLICIES.items():
        assert snapshot.privileged.get(risky[attributes], "").startswith(reason), attributes
        assert snapshot.privileged.get(indirect[attributes], "").startswith("is a member of "), attributes
    assert not snapshot.public & {*risky.values(), *indirect.values()}


async def test_reading_all_data_is_not_a_privilege_over_policies(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    reader = role("reader", "in role pg_read_all_data")
    admin.execute(f"grant {reader} to rowgate_public")
    admin.execute("create table guarded (id int); alter table guarded enable row level security")
    admin.execute("insert into guarded values (1)")
    snapshot = await read(watcher)
    assert reader in snapshot.public
    await watcher.execute(f"set role {reader}")
    assert await (await watcher.execute("select * from guarded")).fetchall() == []


async def test_the_owner_of_an_exposed_table_is_privileged_and_so_are_its_members(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    owner = role("owner")
    member = role("member", f"in role {owner}")
    indirect = role("indirect", f"in role {member}")
    admin.execute(f"grant {owner}, {member}, {indirect} to rowgate_public")
    admin.execute("create table todos (id int)")
    admin.execute(f"alter table todos owner to {owner}")
    assert {owner, member, indirect} <= (await read(watcher)).public  # no policies, nothing to bypass

    admin.execute("alter table todos enable row level security")
    snapshot = await read(watcher)
    because = "owns public.todos, whose row-level security does not bind its owner"
    assert snapshot.privileged[owner] == because
    assert snapshot.privileged[member] == snapshot.privileged[indirect] == f"is a member of {owner}, which {because}"
    assert not {owner, member, indirect} & snapshot.public

    assert owner in (await read(watcher, ("other",))).public  # not exposed
    admin.execute("alter table todos force row level security")
    assert {owner, member, indirect} <= (await read(watcher)).public


async def test_the_owner_of_a_table_that_only_graphql_exposes_is_privileged(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    owner = role("owner")
    admin.execute(f"grant {owner} to rowgate_public")
    admin.execute("create schema shelf; create table shelf.todos (id int)")
    admin.execute(f"alter table shelf.todos enable row level security; alter table shelf.todos owner to {owner}")
    settings = Settings(
        "p",
        Folders(Path("/w"), Path("/w/s")),
        Secrets(*"abcdefgh"),
        rest=RestSettings(db_schemas=("api",), db_extra_search_path=("shelf",)),
    )

    with_graphql = replace(settings, server=ServerSettings(services=("rest", "graphql")))
    assert owner in (await read(watcher, with_graphql.exposed_schemas)).privileged
    without = replace(settings, server=ServerSettings(services=("rest",)))
    assert owner in (await read(watcher, without.exposed_schemas)).public


async def test_none_and_the_logins_are_never_served(watcher: psycopg.AsyncConnection) -> None:
    snapshot = await read(watcher)
    assert {"none", "rowgate_public", "rowgate_service"} <= snapshot.privileged.keys()
    assert not {"none", "rowgate_public", "rowgate_service"} & snapshot.public


@pytest.mark.since_16("PostgreSQL 15 has no SET option")
async def test_a_membership_without_the_right_to_set_role_is_not_served(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    locked = role("locked")
    admin.execute(f"grant {locked} to rowgate_public with set false, inherit false")
    assert locked not in (await read(watcher)).public


@pytest.mark.since_16("PostgreSQL 15 has no SET option")
async def test_admin_option_on_a_privileged_role_is_a_way_up(
    watcher: psycopg.AsyncConnection, admin: psycopg.Connection, role: MakeRole
) -> None:
    bypass, keyholder = role("bypass", "bypassrls"), role("keyholder")
    admin.execute(f"grant {bypass} to {keyholder} with admin true, set false, inherit false")
    admin.execute(f"grant {keyholder} to rowgate_public")
    assert keyholder in (await read(watcher)).privileged


async def test_the_watch_picks_up_bypassrls_within_its_interval(
    public_conninfo: str, admin: psycopg.Connection, role: MakeRole
) -> None:
    tenant = role("tenant")
    admin.execute(f"grant {tenant} to rowgate_public")
    changed = asyncio.Event()
    watch = RoleWatch(public_conninfo, 0.05, on_change=lambda _: changed.set(), service_login="rowgate_service")
    await watch.start()
    try:
        assert tenant in watch.snapshot.public
        changed.clear()
        admin.execute(f"alter role {tenant} bypassrls")
        async with asyncio.timeout(5):
            while tenant not in watch.snapshot.privileged:
                await changed.wait()
                changed.clear()
        assert tenant not in watch.snapshot.public
    finally:
        await watch.stop()


async def test_the_watch_survives_losing_its_connection(
    public_conninfo: str, admin: psycopg.Connection, role: MakeRole
) -> None:
    conninfo = make_conninfo(public_conninfo, application_name=role("watch"))
    watch = RoleWatch(conninfo, 0.05)
    await watch.start()
    try:
        before = watch.snapshot
        name = make_conninfo(conninfo).split("application_name=")[1].split()[0]
        killed = admin.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = %s", (name,)
        ).fetchone()
        assert killed == (1,)
        late = role("late")
        admin.execute(f"grant {late} to rowgate_public")
        async with asyncio.timeout(5):
            while late not in watch.snapshot.public:
                assert watch.snapshot.public >= before.public
                await asyncio.sleep(0.02)
    finally:
        await watch.stop()


async def test_a_dead_database_does_not_stop_the_start() -> None:
    watch = RoleWatch("host=127.0.0.1 port=1 user=nobody dbname=x password=hunter2", 60)
    began = time.monotonic()
    await watch.start()
    assert time.monotonic() - began < 6
    assert watch.snapshot.public == frozenset()
    assert "none" in watch.snapshot.privileged
    assert watch.failure is not None
    assert "hunter2" not in watch.failure
    await watch.stop()
