"""Noticing that the database's roles no longer are what the last set-up met.

No event trigger sees a role made, dropped or altered, so the parent looks, as a login that serves requests and never as
the database's owner. What changed is for `ProjectDatabase.renew` to put right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
from psycopg.rows import TupleRow

from rowgate.postgres.login_names import SERVICE_ROLE
from rowgate.postgres.roles import read_roles
from rowgate.postgres.serving import Serving

CONNECT_TIMEOUT = 3  # seconds
READ_TIMEOUT = 5.0

State = frozenset[tuple[object, ...]]


class RoleUpkeep:
    """Compares the roles somebody may ask for with what they were at the last call of `settle`."""

    def __init__(self, schemas: Sequence[str]) -> None:
        self._schemas = tuple(schemas)
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._conninfo: str | None = None
        self._seen: State | None = None
        self._settled: State | None = None

    async def changed(self, serving: Serving, roles: Sequence[str]) -> bool:
        """Whether one of `roles`, or service_role, came, went or became another since `settle`.

        The first call only remembers. A database that does not answer has not changed.
        """
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                state = await self._read(serving, roles)
        except (psycopg.Error, OSError, TimeoutError):
            await self.close()
            return False
        self._seen = state
        if self._settled is None:
            self.settle()
        return state != self._settled

    def judge_by(self, schemas: Sequence[str]) -> None:
        """From now on these schemas are the exposed ones."""
        self._schemas = tuple(schemas)

    def settle(self) -> None:
        """What was seen last has been taken care of."""
        self._settled = self._seen

    async def close(self) -> None:
        """Close the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _read(self, serving: Serving, roles: Sequence[str]) -> State:
        if self._conninfo != serving.public_conninfo:
            await self.close()
        if self._connection is None or self._connection.closed:
            self._conninfo = serving.public_conninfo
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT, prepare_threshold=None
            )
        named = [*dict.fromkeys((*roles, SERVICE_ROLE))]
        cursor = await self._connection.execute(
            "select rolname::text, oid from pg_catalog.pg_roles where rolname = any(%s)", (named,)
        )
        found: dict[str, int] = dict(await cursor.fetchall())
        # Asked by name: a role that was taken from the login is judged on, and granted again once it is harmless.
        snapshot = await read_roles(self._connection, serving.public_login, serving.public_login, self._schemas, named)
        # Memberships of logins of our own are not looked at: who takes one away from a running server means it. A
        # foreign login is granted by hand, and being granted something is news.
        foreign = serving.owner_url is None
        return frozenset(
            (name, oid, snapshot.privileged.get(name), foreign and name in snapshot.service)
            for name, oid in found.items()
        )
