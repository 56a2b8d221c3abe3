"""Where the tests of the Postgres path run, who asks there, and how a transaction is written down shortly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from rowgate.postgres.connection import Connection
from rowgate.postgres.database import Database
from rowgate.postgres.flight import Flight
from rowgate.postgres.statement import Access, RequestContext, Result, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import DatabaseSettings

PUBLIC_LOGIN = "rowgate_path_public"
SERVICE_LOGIN = "rowgate_path_service"

ROLES = f"""
do $$
declare r text;
begin
  perform pg_advisory_xact_lock(5241);
  foreach r in array array['anon', 'authenticated', 'service_role', '{PUBLIC_LOGIN}', '{SERVICE_LOGIN}'] loop
    if not exists (select from pg_roles where rolname = r) then execute format('create role %I nologin', r); end if;
  end loop;
  alter role service_role bypassrls;
  alter role {PUBLIC_LOGIN} login noinherit password 'public';
  alter role {SERVICE_LOGIN} login noinherit password 'service';
  grant anon, authenticated to {PUBLIC_LOGIN};
  grant service_role to {SERVICE_LOGIN};
end $$
"""

SCHEMA = """
create table notes (id bigint generated always as identity primary key, owner text not null, body text);
alter table notes enable row level security;
create policy own on notes to authenticated
  using (owner = (select current_setting('request.jwt.claims', true)::json ->> 'sub'))
  with check (owner = (select current_setting('request.jwt.claims', true)::json ->> 'sub'));
grant select, insert, update, delete on notes to authenticated, service_role;
grant select on notes to anon;
create table parents (id int primary key);
create table children (parent int references parents deferrable initially deferred);
grant select, insert on parents, children to authenticated;
create sequence ticks;
grant usage on ticks to authenticated;
"""


@dataclass(frozen=True)
class Place:
    """Where a test's database is: the superuser's URL, and those of both logins."""

    owner: str
    public: str
    service: str

    def execute(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run something as the superuser, outside of the path under test."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []


SETTINGS = DatabaseSettings(pool_size=4, service_pool_size=1, acquire_timeout=5.0)


@asynccontextmanager
async def opened(place: Place, **changes: Any) -> AsyncIterator[Database]:
    """A Database over this place, with settings changed as given."""
    database = Database(place.public, place.service, replace(SETTINGS, **changes))
    await database.open()
    try:
        yield database
    finally:
        await database.close(drain=1.0)


def user(subject: str, role: str = "authenticated") -> Principal:
    return Principal(
        role, b'{"sub":"%s","role":"%s"}' % (subject.encode(), role.encode()), TokenClass.SESSION, subject=subject
    )


ANA = user("ana")
BEN = user("ben")
SECRET_KEY = replace(user("", "service_role"), token_class=TokenClass.API_KEY, privileged=True)


def asking(
    sql: str,
    *parameters: str | bytes | None,
    write: bool = False,
    settings: tuple[tuple[str, str], ...] = (),
    search_path: str = '"public"',
    **more: Any,
) -> Transaction:
    """A transaction with one statement."""
    encoded = tuple(value.encode() if isinstance(value, str) else value for value in parameters)
    access = Access.READ_WRITE if write else Access.READ_ONLY
    plan = {"plan": more.pop("plan")} if "plan" in more else {}
    context = RequestContext("POST" if write else "GET", "/here", search_path, b'{"accept":"*/*"}', b"{}", settings)
    return Transaction(context, Statement(sql, encoded, access, **plan), **more)


def cell(result: Result) -> bytes | None:
    """The only value of a result."""
    ((value,),) = result.rows
    return value


async def running(place: Place, pattern: str) -> int:
    """Wait until a backend of this database runs a statement like `pattern`; its process id."""
    sql = (
        "select pid from pg_stat_activity where datname = current_database() and state = 'active' "
        "and query like %s and pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(5):
        while True:
            if rows := await asyncio.to_thread(place.execute, sql, pattern):
                return int(rows[0][0])
            await asyncio.sleep(0.01)


def watch(database: Database) -> list[str]:
    """The errors of flights that somebody waited for: a read that was hit is run again, which no answer shows."""
    hits: list[str] = []
    landed = database._public.landed

    def look(connection: Connection, flight: Flight, seconds: float) -> None:
        if flight.failure is not None and not flight.abandoned:
            hits.append(flight.failure.error.sqlstate)
        landed(connection, flight, seconds)

    database._public.landed = look  # type: ignore[method-assign]
    return hits
