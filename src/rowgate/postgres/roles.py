"""Which roles the logins may take, and which of them could bypass row-level security."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

# Predefined roles that reach the server's files or programs (from there anything, superuser included), and the one that
# writes tables nobody granted it, such as those our own trust is kept in. pg_read_all_data is not among them: policies
# hold for it as for any other role.
PREDEFINED: Mapping[str, str] = {
    "pg_read_server_files": "reads files of the database server",
    "pg_write_server_files": "writes files of the database server",
    "pg_execute_server_program": "runs programs on the database server",
    "pg_write_all_data": "writes every table, Rowgate's own included",
}
# Never a role of the database: `SET ROLE none` returns to the login role, and PUBLIC is everybody.
NO_ROLES: Mapping[str, str] = {
    "none": "means the login role itself",
    "public": "means every role, and is none",
}

CONNECT_TIMEOUT = 3  # seconds
READ_TIMEOUT = 5.0  # seconds; a connection that does not answer by then is given up


@dataclass(frozen=True, slots=True)
class RoleSnapshot:
    """The database's roles at one moment, as far as serving requests is concerned.

    `public` are the roles the public login may SET and that are not privileged; `privileged` maps every privileged
    role to the reason in words ("has BYPASSRLS", "is a member of app_owner, which owns public.todos"); `service` are
    the roles the service login may SET. Role names are compared exactly, as pg_roles spells them. `secret_keys_need` is
    the statement with which an administrator lets secret keys be served, None where they are. `memberships` is another
    text whenever a role became a member of another, or no longer is: what it may do has then changed.
    """

    public: frozenset[str] = frozenset()
    service: frozenset[str] = frozenset()
    privileged: Mapping[str, str] = field(default_factory=dict)
    secret_keys_need: str | None = None
    memberships: str = ""


_MEMBERSHIPS: LiteralString = """
select concat_ws(' ',
  (select sum(pg_catalog.hashtextextended(m::text, 0)) from pg_catalog.pg_auth_members m),
  (select sum(pg_catalog.hashtextextended(r.oid::text || r.rolinherit::text, 0)) from pg_catalog.pg_roles r))
"""

# One row per role that a login may take, that was asked for or that is dangerous itself, and per danger it can reach.
#
# 'MEMBER' and not 'USAGE': the session user is a login that is a member of the served role, so inside a request any
# function may SET ROLE to whatever that role is a member of, inherited or not; with ADMIN OPTION alone it may grant
# itself the rest. 'MEMBER' covers all three ('USAGE' is a part of it) on every version.
_QUERY: LiteralString = """
with role as (
  select r.oid, r.rolname::text as name, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication
  from pg_catalog.pg_roles r
), danger as (
  select oid, name, null::text as table_name,
    case when rolsuper then 'is a superuser'
         when rolbypassrls then 'has BYPASSRLS'
         when rolcreaterole then 'has CREATEROLE'
         when rolreplication then 'has REPLICATION'
         when name = any(%(logins)s) then 'is a login role that serves requests'
         else 'predefined' end as reason
  from role
  where rolsuper or rolbypassrls or rolcreaterole or rolreplication
     or name = any(%(logins)s) or name = any(%(predefined)s)
  union all
  select c.relowner, o.name, min(pg_catalog.format('%%I.%%I', n.nspname, c.relname)), 'owner'
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join role o on o.oid = c.relowner
  where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'p') and c.relrowsecurity and not c.relforcerowsecurity
  group by 1, 2
), served as (
  select r.*,
    exists (select from role l where l.name = %(public)s and l.oid <> r.oid
            and pg_catalog.pg_has_role(l.oid, r.oid, %(mode)s)) as public,
    exists (select from role l where l.name = %(service)s and l.oid <> r.oid
            and pg_catalog.pg_has_role(l.oid, r.oid, %(mode)s)) as service
  from role r
)
select * from (
  select c.name, c.public, c.service, d.name as via, d.reason, d.table_name
  from served c
  left join danger d on d.oid = c.oid or (not c.rolsuper and pg_catalog.pg_has_role(c.oid, d.oid, 'MEMBER'))
  where c.public or c.service or c.name = any(%(listed)s)
  union all
  select d.name, false, false, d.name, d.reason, d.table_name from danger d
) as found
order by name, via is distinct from name, reason = 'owner', via
"""


async def read_roles(
    connection: psycopg.AsyncConnection[TupleRow],
    public_login: str | None = None,
    service_login: str | None = None,
    schemas: Sequence[str] = ("public",),
    listed: Sequence[str] = (),
) -> RoleSnapshot:
    """Read the roles in one query.

    Roles that no login may take are judged only where they are dangerous themselves or `listed`: asking every role
    about every owner would cost the square of their number on a server with a role for each customer.

    `public_login` is the session user of `connection` when None; `schemas` are the exposed ones, whose RLS tables make
    their owners privileged. Any role may run it: pg_roles and pg_class are readable by all. Raises psycopg.Error.
    """
    info = connection.info
    public = public_login if public_login is not None else await _session_user(connection)
    parameters = {
        "public": public,
        "service": service_login,
        "logins": [login for login in (public, service_login) if login is not None],
        "predefined": list(PREDEFINED),
        "schemas": list(schemas),
        "listed": list(listed),
        # PostgreSQL 16 can grant a membership without the right to SET ROLE; 15 has no such distinction, nor the word.
        "mode": "SET" if info.server_version >= 160000 else "MEMBER",
    }
    cursor = await connection.execute(_QUERY, parameters)
    return snapshot_of(await cursor.fetchall())


def snapshot_of(rows: Sequence[TupleRow]) -> RoleSnapshot:
    """Make the snapshot from the query's rows: name, public, service, via, reason, table; direct reasons come first."""
    public: set[str] = set()
    service: set[str] = set()
    privileged: dict[str, str] = dict(NO_ROLES)
    for name, may_public, may_service, via, reason, table in rows:
        if may_public:
            public.add(name)
        if may_service:
            service.add(name)
        if via is not None and name not in privileged:
            privileged[name] = _in_words(name, via, reason, table)
    return RoleSnapshot(frozenset(public - privileged.keys()), frozenset(service), privileged)


def _in_words(name: str, via: str, reason: str, table: str | None) -> str:
    if reason == "owner":
        reason = f"owns {table}, whose row-level security does not bind its owner"
    elif reason == "predefined":
        reason = PREDEFINED[via]
    return reason if via == name else f"is a member of {via}, which {reason}"


async def _session_user(connection: psycopg.AsyncConnection[TupleRow]) -> str:
    row = await (await connection.execute("select session_user::text")).fetchone()
    assert row is not None
    return str(row[0])


class RoleWatch:
    """Keeps a `RoleSnapshot` fresh by polling: event triggers never see role DDL (ran on 15 and 18).

    `conninfo` is the public login's; `interval` is in seconds; `on_change` is called with every snapshot that differs
    from the one before. The connection is the watch's own and is made again whenever it is lost, while the last
    snapshot stays: without a database nothing can be served under it anyway.
    """

    def __init__(
        self,
        conninfo: str,
        interval: float = 2.0,
        schemas: Sequence[str] = ("public",),
        on_change: Callable[[RoleSnapshot], None] | None = None,
        service_login: str | None = None,
        secret_keys_need: str | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._interval = interval
        self._schemas = tuple(schemas)
        self._on_change = on_change
        self._service_login = service_login
        self._secret_keys_need = secret_keys_need
        self._snapshot = RoleSnapshot(privileged=NO_ROLES, secret_keys_need=secret_keys_need)
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._task: asyncio.Task[None] | None = None
        self.failure: str | None = None  # why the last reading failed; None while the database answers

    @property
    def snapshot(self) -> RoleSnapshot:
        """The newest reading; no role is served before the first one succeeded."""
        return self._snapshot

    async def start(self) -> None:
        """Read once and go on in the background. A database that does not answer delays this by seconds, no more."""
        await self.refresh()
        self._task = asyncio.create_task(self._run(), name="role watch")

    async def stop(self) -> None:
        """End the polling and close the connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._disconnect()

    async def serve_as(self, service_login: str | None, secret_keys_need: str | None) -> None:
        """From now on secret keys are served by this login, or by none, and need this statement."""
        self._service_login, self._secret_keys_need = service_login, secret_keys_need
        await self.refresh()

    async def judge_by(self, schemas: Sequence[str]) -> None:
        """From now on these schemas are the exposed ones, whose owners are privileged. Raises OSError where the roles
        cannot be read: then nothing of a new schema may be served yet."""
        if tuple(schemas) != self._schemas:
            self._schemas = tuple(schemas)
            if not await self.refresh():
                raise OSError(self.failure)

    async def refresh(self) -> bool:
        """Read now; False (and `failure` says why) when the database did not answer."""
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                if self._connection is None or self._connection.closed:
                    self._connection = await psycopg.AsyncConnection.connect(
                        self._conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT, prepare_threshold=None
                    )
                snapshot = await read_roles(self._connection, None, self._service_login, self._schemas)
                row = await (await self._connection.execute(_MEMBERSHIPS)).fetchone()
        except (psycopg.Error, OSError, TimeoutError) as error:
            self.failure = str(error).strip() or "no answer in time"
            await self._disconnect()
            return False
        self.failure = None
        assert row is not None
        snapshot = replace(snapshot, secret_keys_need=self._secret_keys_need, memberships=row[0])
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            if self._on_change is not None:
                self._on_change(snapshot)
        return True

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await self.refresh()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
