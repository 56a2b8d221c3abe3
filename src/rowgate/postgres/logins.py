"""The login roles that serve requests, made by the database's owner.

`SET ROLE` checks the *session* user, so under one login any function could climb to service_role inside a request (ran
on 15 and 18). Therefore two: `rowgate_public` may become unprivileged roles only and serves every token;
`rowgate_service` may become service_role and serves the project's own secret keys only. Both inherit nothing and own
nothing: user SQL that ends the request's role (COMMIT, RESET ROLE) is left with a login that may read nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from rowgate.errors import RowgateError
from rowgate.postgres.foreign_login import serve_through
from rowgate.postgres.login_names import (
    DEFAULT_PREFIX,
    PUBLIC_ROLES,
    SERVICE_ROLE,
    LoginNames,
    is_mark,
    login_names,
    mark_of,
)
from rowgate.postgres.quoting import identifier, literal
from rowgate.postgres.roles import read_roles
from rowgate.postgres.serving import Serving, completed, login_conninfo, parse_conninfo, place_of
from rowgate.project.settings import Secrets

# PostgREST's login in every Supabase project. Nobody logs in as it here and it may nothing; but migrations name it
# (`alter role authenticator set …`), and would stop where it is missing.
AUTHENTICATOR = "authenticator"

OLDEST_VERSION = 150000
SET_OPTION_VERSION = 160000  # WITH INHERIT/SET at GRANT
ADVISORY_LOCK = 0x726F7767617465  # "rowgate": one setup at a time in a database
# Advisory locks end at the database's border, roles do not: two databases set up at once can still meet.
ATTEMPTS = 8
CONNECT_TIMEOUT = 10  # seconds
CHECK_URL = "Check host, port, user and password of DATABASE_URL or [rowgate.db] url."

_BYPASS = f"ALTER ROLE {SERVICE_ROLE} BYPASSRLS;"  # what secret keys need where the owner may not grant it

Connection = psycopg.AsyncConnection[TupleRow]


class DatabaseUnreachable(RowgateError):
    """No connection came about: the server is away, or does not let this user in. Trying again later can help."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who the given URL logs in as, and what that role may do."""

    name: str
    superuser: bool
    createrole: bool
    version: int


async def prepare(
    owner_url: str,
    secrets: Secrets,
    *,
    setup: Literal["auto", "never"] = "auto",
    roles: Sequence[str] = PUBLIC_ROLES,
    schemas: Sequence[str] = ("public",),
    socket: tuple[Path, int] | None = None,
    listen_url: str | None = None,
    login_prefix: str = DEFAULT_PREFIX,
    privileged_tokens: bool = False,
    expected: Sequence[str] = PUBLIC_ROLES,
) -> Serving:
    """Make sure the roles and logins exist and say how to serve through them. Running it again changes nothing.

    `roles` are all roles any issuer may name, `schemas` the exposed ones (their RLS tables make owners privileged),
    `socket` folder and port of the embedded server's socket. A login without superuser and CREATEROLE, or `setup`
    "never", is served through as it is, and nothing is changed; `privileged_tokens` says that tokens may then take the
    privileged roles it reaches, and `expected` which roles not to reach is warned of. Raises ConfigurationError for a
    malformed URL and RowgateError for an unreachable or too old server, for roles that could not be made safe, and for
    logins named with `login_prefix` that another project uses.
    """
    names = login_names(login_prefix)
    async with await connect(owner_url) as connection:
        owner = await _who(connection)
        if setup == "never" or not (owner.superuser or owner.createrole):
            return await serve_through(
                connection,
                owner.name,
                completed(owner_url, os.environ),
                superuser=owner.superuser,
                schemas=schemas,
                listen_url=listen_url,
                privileged_tokens=privileged_tokens,
                expected=expected,
            )
        left_out, warnings = await _set_up(connection, owner, names, secrets, roles, schemas)
    public = login_conninfo(owner_url, owner.name, names.public, secrets.public_login_password, socket)
    service = login_conninfo(owner_url, owner.name, names.service, secrets.service_login_password, socket)
    serves_secret_keys = not left_out
    for login, conninfo in ((names.public, public), (names.service, service)):
        await _try_login(login, conninfo)
    return Serving(
        public_conninfo=public,
        service_conninfo=service if serves_secret_keys else None,
        listen_conninfo=listen_url or public,
        owner_url=owner_url,
        server_version=owner.version,
        public_login=names.public,
        service_login=names.service if serves_secret_keys else None,
        secret_keys_need=None if serves_secret_keys else _BYPASS,
        left_out=left_out,
        warnings=warnings,
    )


async def connect(url: str) -> Connection:
    """Connect for set-up, in autocommit mode. Raises ConfigurationError, DatabaseUnreachable."""
    parse_conninfo(url)
    try:
        return await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=CONNECT_TIMEOUT, prepare_threshold=None
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"The database at {place_of(url)} cannot be reached: {_first_line(error)}",
            CHECK_URL,
        ) from None


def scram_verifier(connection: Connection, login: str, password: str) -> str:
    """The SCRAM verifier of a password, computed on our side: what the server logs or keeps is never the password."""
    encrypt = connection.pgconn.encrypt_password
    return encrypt(password.encode(), login.encode(), b"scram-sha-256").decode()


async def _who(connection: Connection) -> Owner:
    cursor = await connection.execute(
        "select r.rolname::text, r.rolsuper, r.rolcreaterole, current_setting('server_version_num')::int,"
        " current_setting('server_version') from pg_catalog.pg_roles r where r.rolname = session_user"
    )
    row = await cursor.fetchone()
    assert row is not None
    name, superuser, createrole, version, text = row
    if version < OLDEST_VERSION:
        raise RowgateError(
            f"The database is PostgreSQL {text}; Rowgate needs {OLDEST_VERSION // 10000} or newer.",
            "Upgrade the server, or leave DATABASE_URL unset to use the embedded PostgreSQL.",
        )
    return Owner(name, superuser, createrole, version)


async def _set_up(
    connection: Connection,
    owner: Owner,
    names: LoginNames,
    secrets: Secrets,
    roles: Sequence[str],
    schemas: Sequence[str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for attempt in range(ATTEMPTS):
        try:
            async with connection.transaction():
                await connection.execute("select pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,))
                return await _Setup(connection, owner, names, schemas).run(secrets, roles)
        except (errors.UniqueViolation, errors.DuplicateObject, errors.InternalError_) as error:
            concurrent = not isinstance(error, errors.InternalError_) or "concurrently" in str(error)
            if not concurrent or attempt == ATTEMPTS - 1:
                raise _refused(owner, names, error) from None
        except psycopg.Error as error:
            raise _refused(owner, names, error) from None
    raise AssertionError("unreachable: the last attempt returns or raises")


class _Setup:
    """One set-up transaction, run by the database's owner."""

    def __init__(self, connection: Connection, owner: Owner, names: LoginNames, schemas: Sequence[str]) -> None:
        self.connection = connection
        self.owner = owner
        self.names = names
        self.schemas = schemas

    async def run(self, secrets: Secrets, roles: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Make roles and logins; return what was left out and what to warn about."""
        mark = mark_of(secrets)
        warnings = await self._taken_over(mark)
        for role in (*PUBLIC_ROLES, AUTHENTICATOR):
            if not await self._exists(role):
                await self._run(f"create role {identifier(role)} nologin noinherit")
        left_out = await self._service_role()
        await self._login(self.names.public, secrets.public_login_password, mark)
        await self._login(self.names.service, secrets.service_login_password, mark)
        served, told = await self._grant_public(roles)
        warnings += told
        if not left_out:
            await self._grant(SERVICE_ROLE, self.names.service)
        await self._refuse_inheritance(self.names.public, served)
        await self._refuse_inheritance(self.names.service, () if left_out else (SERVICE_ROLE,))
        warnings += await self._owned_objects()
        warnings += await self._keep_values_out_of_the_log()
        return left_out, tuple(warnings)

    async def _taken_over(self, mark: str) -> list[str]:
        """Whether logins of these names are another project's: refuse while it uses them, take them over when nobody
        does. A project that lost its secrets, or a fresh checkout before the same database, looks just like that."""
        cursor = await self.connection.execute(
            "select pg_catalog.shobj_description(r.oid, 'pg_authid'),"
            " (select count(*) from pg_catalog.pg_stat_activity a where a.usesysid = r.oid)"
            " from pg_catalog.pg_roles r where r.rolname = any(%s)",
            (list(self.names),),
        )
        foreign = [sessions for comment, sessions in await cursor.fetchall() if is_mark(comment) and comment != mark]
        logins = f"{self.names.public} and {self.names.service}"
        if any(foreign):
            raise RowgateError(
                f"The login roles {logins} belong to another Rowgate project that is connected to this cluster now.",
                "Roles are the whole cluster's: give this project logins of its own with login_prefix below "
                "[rowgate.db] (ROWGATE_DB__LOGIN_PREFIX). Nodes of one project share its secrets file.",
            )
        if not foreign:
            return []
        taken = f"The login roles {logins} were another project's, which is not connected: they are this project's now."
        return [f"{taken} Where both are to run, set login_prefix below [rowgate.db] for one of them."]

    async def _service_role(self) -> tuple[str, ...]:
        """Make service_role with BYPASSRLS; an existing one is never changed."""
        if not await self._exists(SERVICE_ROLE):
            try:
                async with self.connection.transaction():
                    await self._run(f"create role {SERVICE_ROLE} nologin noinherit bypassrls")
            except errors.InsufficientPrivilege:  # needs superuser on 15, BYPASSRLS of one's own since 16
                await self._run(f"create role {SERVICE_ROLE} nologin noinherit")
        if await self._one("select rolbypassrls from pg_catalog.pg_roles where rolname = %s", SERVICE_ROLE):
            return ()
        reason = "an existing role is left as it is" if self.owner.superuser else f"{self.owner.name} may not grant it"
        lack = f"Secret keys are refused with 403: {SERVICE_ROLE} has no BYPASSRLS, and {reason}."
        return (f"{lack} An administrator runs: {_BYPASS}",)

    async def _login(self, login: str, password: str, mark: str) -> None:
        verifier = literal(scram_verifier(self.connection, login, password))
        name = identifier(login)
        if not await self._exists(login):
            await self._run(f"create role {name} login noinherit password {verifier}")
        else:
            # Only a superuser may name these attributes at all; for others the check below must be enough.
            bare = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls" if self.owner.superuser else ""
            await self._run(f"alter role {name} with login noinherit {bare} password {verifier}")
        await self._run(f"comment on role {name} is {literal(mark)}")
        if await self._one(
            "select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls"
            " from pg_catalog.pg_roles where rolname = %s",
            login,
        ):
            raise RowgateError(
                f"The login role {login} has attributes it must not have.",
                f"An administrator runs: ALTER ROLE {login} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
                "NOBYPASSRLS;",
            )
        await self._allow_connect(login)

    async def _allow_connect(self, login: str) -> None:
        if not await self._one("select has_database_privilege(%s, current_database(), 'connect')", login):
            database = str(await self._one("select current_database()::text"))
            await self._run(f"grant connect on database {identifier(database)} to {identifier(login)}")

    async def _grant_public(self, roles: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
        """Let the public login become the unprivileged ones of `roles`, and nothing that could climb."""
        login = self.names.public
        wanted = tuple(dict.fromkeys((*PUBLIC_ROLES, *roles)))
        snapshot = await read_roles(self.connection, login, self.names.service, self.schemas, wanted)
        privileged = snapshot.privileged
        served: list[str] = []
        warnings: list[str] = []
        for role in wanted:
            if role in privileged:
                warnings.append(f"No token can become {role}: it {privileged[role]}.")
            elif not await self._exists(role):
                warnings.append(f"The role {role} does not exist. Once it does, it is served within seconds.")
            else:
                await self._grant(role, login)
                served.append(role)
        for role in await self._memberships(login):
            if role in privileged:
                warnings.append(f"{login} was a member of {role}, which {privileged[role]}: revoked.")
                await self._run(f"revoke {identifier(role)} from {identifier(login)}")
        still = [role for role in await self._memberships(login) if role in privileged]
        if still:
            names = ", ".join(identifier(role) for role in still)
            raise RowgateError(
                f"Any function called in a request could become {', '.join(still)}: {login} is a member.",
                f"Whoever granted it runs: REVOKE {names} FROM {login};",
            )
        return tuple(served), warnings

    async def _grant(self, role: str, login: str) -> None:
        options = " with inherit false, set true" if self.owner.version >= SET_OPTION_VERSION else ""
        await self._run(f"grant {identifier(role)} to {identifier(login)}{options}")

    async def _memberships(self, login: str) -> list[str]:
        cursor = await self.connection.execute(
            "select distinct m.roleid::regrole::oid, r.rolname::text from pg_catalog.pg_auth_members m"
            " join pg_catalog.pg_roles r on r.oid = m.roleid where m.member = to_regrole(%s) order by 2",
            (login,),
        )
        return [str(row[1]) for row in await cursor.fetchall()]

    async def _refuse_inheritance(self, login: str, served: Sequence[str]) -> None:
        """A login that inherits a role keeps its rights after RESET ROLE, and outside of any request."""
        for role in served:
            if await self._one("select pg_catalog.pg_has_role(%s, %s, 'USAGE')", login, role):
                raise RowgateError(
                    f"The login role {login} inherits the privileges of {role}.",
                    f"An administrator runs: REVOKE INHERIT OPTION FOR {identifier(role)} FROM {login};",
                )

    async def _keep_values_out_of_the_log(self) -> list[str]:
        """An error's own message may quote a value (22P02), a token's claim too: those of requests go to the client
        alone. FATAL and PANIC, which are about the server, are still logged."""
        statements = [f"alter role {login} set log_min_messages = fatal" for login in self.names]
        try:
            async with self.connection.transaction():
                for statement in statements:
                    await self._run(statement)
        except errors.InsufficientPrivilege:
            remedy = "; ".join(statements)
            return [f"Postgres logs the values that errors quote. An administrator keeps them out with: {remedy};"]
        return []

    async def _owned_objects(self) -> list[str]:
        cursor = await self.connection.execute(
            "select r.rolname::text, count(*) from pg_catalog.pg_shdepend d"
            " join pg_catalog.pg_roles r on r.oid = d.refobjid"
            " where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and r.rolname = any(%s)"
            " group by 1 order by 1",
            (list(self.names),),
        )
        return [
            f"The login role {login} owns {count} objects, which any function called in a request can reach by "
            f"RESET ROLE. Run: REASSIGN OWNED BY {login} TO {identifier(self.owner.name)};"
            for login, count in await cursor.fetchall()
        ]

    async def _exists(self, role: str) -> bool:
        return bool(await self._one("select exists (select from pg_catalog.pg_roles where rolname = %s)", role))

    async def _one(self, query: str, *parameters: object) -> object:
        row = await (await self.connection.execute(query.encode(), parameters)).fetchone()
        return row[0] if row is not None else None

    async def _run(self, statement: str) -> None:
        """Run a statement built from quoted identifiers and literals of our own."""
        await self.connection.execute(statement.encode())


async def _try_login(login: str, conninfo: str) -> None:
    try:
        await (await psycopg.AsyncConnection.connect(conninfo, connect_timeout=CONNECT_TIMEOUT)).close()
    except psycopg.OperationalError as error:
        raise RowgateError(
            f"The login role {login} was made but cannot log in: {_first_line(error)}",
            "Let it in, with scram-sha-256, in the server's pg_hba.conf and at the pooler, or serve through the given "
            'login with setup = "never" below [rowgate.db].',
        ) from None


def _refused(owner: Owner, names: LoginNames, error: psycopg.Error) -> RowgateError:
    return RowgateError(
        f"The login roles could not be set up by {owner.name}: {_first_line(error)}",
        f"Where roles of these names belong to somebody else, an administrator runs: GRANT {', '.join(PUBLIC_ROLES)}, "
        f"{SERVICE_ROLE} TO {identifier(owner.name)} WITH ADMIN OPTION; (and the same for {names.public} and "
        f"{names.service} if they exist and are this project's; else set another login_prefix below [rowgate.db]), or "
        'set setup = "never" there to serve through this login.',
    )


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
