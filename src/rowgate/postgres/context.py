"""The context statement: what a request is, told to Postgres in one prepared statement before the main one runs.

`select num_nulls(set_config(…, true), …)` is evaluated from left to right, so the order below is the order in which the
settings take effect. It returns one integer: set_config alone would send the claims and headers back to us.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from rowgate.postgres.errors import DatabaseError
from rowgate.postgres.statement import Access, PlanMode, RequestContext, Transaction

StatementKey = tuple[str, str, str]
"""(role, search_path, SQL). One prepared statement used by two roles on an RLS table, or under two search paths, is
analysed again at each switch (measured: twice the CPU), so each combination has a statement of its own."""


class Command(NamedTuple):
    """One statement on its way: `key` is None for a command that is never prepared (BEGIN, COMMIT, ROLLBACK)."""

    key: StatementKey | None
    sql: str
    parameters: list[bytes | None] | tuple[bytes | None, ...]


# Settings that decide who asks and whether it may write: they belong to the context alone. `settings` come from
# configuration and from the catalog, and one of these among them would undo what the token was given. An encoding would
# have the values behind it read as other letters than were sent.
RESERVED_SETTINGS = frozenset(
    {
        "role",
        "session_authorization",
        "transaction_read_only",
        "transaction_isolation",
        "transaction_deferrable",
        "default_transaction_read_only",
        "row_security",
        "search_path",
        "client_encoding",
        "request.jwt.claims",
        "request.method",
        "request.path",
        "request.headers",
        "request.cookies",
    }
)

_FIXED_SETTINGS = (
    "role",
    "search_path",
    "request.jwt.claims",
    "request.method",
    "request.path",
    "request.headers",
    "request.cookies",
    "statement_timeout",
)
# What SQL says of its answer. A function that says it for the session, as upstream's own example does, would say it of
# the answers to whoever comes next on this connection: cookies, for one.
_BLANK_SETTINGS = ("response.headers", "response.status")
_TIMEOUT = _FIXED_SETTINGS.index("statement_timeout")
_ARGUMENTS_PER_CALL = 90  # Postgres takes at most 100 arguments (FUNC_MAX_ARGS); longer lists are nested

# Postgres' own units of time settings in milliseconds; a bare number of statement_timeout is milliseconds.
_MILLISECONDS = {"": 1.0, "us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d|)\s*")


def context_command(role: str, claims: bytes, transaction: Transaction, ceiling: int) -> Command:
    """The context of one transaction as a command.

    `ceiling` is the longest a statement may run, in milliseconds; 0 sets none. Raises DatabaseError (22023) for a role
    or setting that would leave the request's own identity, and (22021) for a value with a NUL byte.
    """
    request = transaction.context
    ceiling = _ceiling(request, ceiling)
    if role == "none":
        # `set role none` means "be the login role again".
        raise DatabaseError("22023", 'role "none" cannot be taken by a request')
    parameters: list[bytes | None] = [
        _encode(role),
        _encode(request.search_path),
        claims,
        _encode(request.method),
        _encode(request.path),
        request.headers,
        request.cookies,
        b"%d" % ceiling,
    ]
    own = 0
    for name, value in request.role_settings:
        if _is_timeout(name):
            parameters[_TIMEOUT] = _encode(_lower_of(value, ceiling))
        else:
            parameters += (_encode(name), _encode(value))
            own += 1
    count = 0
    if transaction.statement.plan is not PlanMode.AUTO:
        parameters += (b"plan_cache_mode", transaction.statement.plan.encode())
        count = 1
    for name, value in request.settings:
        if _is_timeout(name):
            value = _lower_of(value, ceiling)
        parameters += (_encode(name), _encode(value))
        count += 1
    refuse_nul(parameters)
    return _command(transaction.statement.access is Access.READ_ONLY, own, count, parameters)


def statement_timeout(request: RequestContext, ceiling: int) -> float:
    """The milliseconds after which Postgres ends this request's statement itself; 0 for never."""
    ceiling = _ceiling(request, ceiling)
    chosen: float = ceiling
    for name, value in (*request.role_settings, *request.settings):
        if name.lower() == "statement_timeout":
            parsed = _milliseconds(_lower_of(value, ceiling))
            chosen = ceiling if parsed is None else parsed
    return chosen


def _ceiling(request: RequestContext, ceiling: int) -> int:
    """The lower of the server's limit and the request's own; 0 is none."""
    return min(ceiling, request.time_limit) if ceiling and request.time_limit else ceiling or request.time_limit


def _is_timeout(name: str) -> bool:
    """Whether this setting is the statement timeout. Raises DatabaseError (22023) for one that is reserved."""
    lowered = name.lower()
    if lowered in RESERVED_SETTINGS:
        raise DatabaseError("22023", f'setting "{name}" belongs to the request itself and cannot be set from outside')
    return lowered == "statement_timeout"


def refuse_nul(parameters: list[bytes | None] | tuple[bytes | None, ...]) -> None:
    """Raise DatabaseError (22021) for a parameter with a NUL byte.

    libpq takes text parameters as C strings: what follows the NUL would be cut off silently, and the statement would
    run with another value than the one that was checked. The words and the code are those Postgres has for it.
    """
    for parameter in parameters:
        if parameter is not None and 0 in parameter:  # `b"\0" in` makes and drops a TypeError first: five times slower
            raise DatabaseError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')


def _encode(text: str) -> bytes:
    # A lone surrogate must reach Postgres as the invalid bytes it is (22021), not end here as a traceback.
    return text.encode("utf-8", "surrogatepass")


def _lower_of(value: str, ceiling: int) -> str:
    """A role may have less time than the ceiling, never more.

    The ceiling also stands for what is not read here and may be a number to Postgres (`1e9`, `0x7fffffff`, `+0`), and
    for less than a millisecond, which Postgres may round to 0, its word for no limit.
    """
    wanted = _milliseconds(value)
    if not ceiling:
        return value
    return value if wanted is not None and 1 <= wanted <= ceiling else str(ceiling)


def _milliseconds(value: str) -> float | None:
    match = _DURATION.fullmatch(value)
    return float(match[1]) * _MILLISECONDS[match[2]] if match else None


def _command(read_only: bool, own: int, count: int, parameters: list[bytes | None]) -> Command:
    key = _context_key(read_only, own, count)
    return Command(key, key[2], parameters)


@cache
def _context_key(read_only: bool, own: int, count: int) -> StatementKey:
    # Bound before the role and the path of the request apply, hence one key for all of them.
    return ("", "", context_sql(read_only, count, own))


def context_sql(read_only: bool, count: int, own: int = 0) -> str:
    """The text of the context statement with `count` settings beyond the fixed ones, and `own` of the role.

    Read-only comes first: nothing may run before it, and once it is on Postgres refuses to switch it off (25001). Then
    what the role was given, with the rights of the login, which GRANT SET ON PARAMETER is meant for. Then the role, so
    that every setting after it is applied with the request's own rights. A read-write request sets nothing: where the
    database's default is read-only, the write itself then fails with 25006, which says so.
    """
    calls = ["pg_catalog.set_config('transaction_read_only', 'on', true)"] if read_only else []
    first = len(_FIXED_SETTINGS) + 1
    calls += _pairs(first, own)
    for position, name in enumerate(_FIXED_SETTINGS, start=1):
        calls.append(f"pg_catalog.set_config('{name}', ${position}, true)")
    calls += [f"pg_catalog.set_config('{name}', '', true)" for name in _BLANK_SETTINGS]
    calls += _pairs(first + 2 * own, count)
    while len(calls) > _ARGUMENTS_PER_CALL:
        nested = ", ".join(calls[:_ARGUMENTS_PER_CALL])
        calls = [f"pg_catalog.num_nulls({nested})", *calls[_ARGUMENTS_PER_CALL:]]
    return f"select pg_catalog.num_nulls({', '.join(calls)})"


def _pairs(first: int, count: int) -> list[str]:
    """Calls whose names and values are parameters, from `$first` on."""
    return [f"pg_catalog.set_config(${at}, ${at + 1}, true)" for at in range(first, first + 2 * count, 2)]
