"""Settings that stand in the database: `ALTER ROLE … SET pgrst.…` of the login, and those of a pre-config function.

https://docs.postgrest.org/en/v14/references/configuration.html#in-database-configuration
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from rowgate.errors import ConfigurationError
from rowgate.postgres.logins import Connection, DatabaseUnreachable, connect
from rowgate.postgres.quoting import dotted

PREFIX = "pgrst."
KEY_SETTINGS = "pgrst.jwt_"
STATEMENT_TIMEOUT = 5000  # milliseconds; a pre-config function that hangs must not hold up every later reload

# The login's setting for this database wins over its setting for all, and both over the function's. A setting of the
# database alone (ALTER DATABASE) counts as little as it does for PostgREST.
_OF_THE_LOGIN = """
select r.rolname = current_user, split.name, substr(c.setting, length(split.name) + 2)
from pg_catalog.pg_db_role_setting s
join pg_catalog.pg_roles r on r.oid = s.setrole
cross join lateral unnest(s.setconfig) as c(setting)
cross join lateral (select split_part(c.setting, '=', 1)) as split(name)
where (r.rolname = current_user or r.rolname = any(%s))
  and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_catalog))
  and split.name = any(%s)
order by r.rolname = current_user, s.setdatabase <> 0
"""
_OF_THE_FUNCTION = "select name, current_setting(name, true) from unnest(%s::text[]) as names(name)"


async def read_database_settings(
    conninfo: str, names: Sequence[str], pre_config: str | None, also: Sequence[str] = ()
) -> dict[str, str]:
    """The values of `names` (without prefix) that the database holds for the login of `conninfo`, which win over those
    of the roles `also`. Those say nothing about keys.

    `pre_config` is a function that sets some with set_config. Everything happens in one read-only transaction that is
    rolled back. Raises DatabaseUnreachable, and ConfigurationError where the function cannot be called.
    """
    async with await connect(conninfo) as connection:
        try:
            async with connection.transaction(force_rollback=True):
                return await _read(connection, [PREFIX + name for name in names], pre_config, also)
        except psycopg.Error as error:
            if connection.broken:
                raise DatabaseUnreachable("The connection was lost while its configuration was read.") from None
            raise ConfigurationError(
                f"The configuration in the database cannot be read: {_first_line(error)}",
                f"Check that the login may call {pre_config}(), and what it does." if pre_config is not None else None,
            ) from None


async def _read(
    connection: Connection, names: list[str], pre_config: str | None, also: Sequence[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    await connection.execute("set transaction read only")
    await connection.execute(b"set local statement_timeout = %d" % STATEMENT_TIMEOUT)
    of_the_login = await (await connection.execute(_OF_THE_LOGIN, (list(also), names))).fetchall()
    if pre_config is not None:
        # The session began with the login's own settings; where the function changes one, the login's wins below.
        await connection.execute(f"select {dotted(pre_config)}()".encode())
        told = await (await connection.execute(_OF_THE_FUNCTION, (names,))).fetchall()
        found |= {name: value for name, value in told if value is not None}
    # Whom to trust, only the login that serves is told: another role's settings may be meant for another server.
    found |= {name: value for own, name, value in of_the_login if own or not name.startswith(KEY_SETTINGS)}
    return {name.removeprefix(PREFIX): value for name, value in found.items()}


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
