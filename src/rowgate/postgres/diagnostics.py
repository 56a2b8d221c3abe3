"""An ErrorResponse as a DatabaseError, and what a SQLSTATE says about the connection that carried it."""

from __future__ import annotations

from psycopg import pq
from psycopg.pq.abc import PGresult

from rowgate.postgres.errors import DatabaseError

_FIELD = pq.DiagnosticField

# The statement was prepared under circumstances that are gone; prepared afresh it may well run. Nothing of the
# transaction remains, so even a write can be sent again.
_GONE = frozenset({"26000"})  # "prepared statement does not exist": a pooler switched backends, DISCARD ALL
_MISFIT = frozenset({"42883", "42804"})  # parameter types were resolved against columns that have changed since

# A transaction pooler gives each request another backend, which knows none, or other, prepared statements.
_POOLER = "Behind a transaction pooler such as PgBouncer set `prepared_statements = false` in [rowgate.db]."
_HINTS = {b"26000": _POOLER, b"42P05": _POOLER}

QUERY_CANCELED = "57014"


class Failure:
    """An error as it came, with the one field that only the connection needs."""

    __slots__ = ("error", "origin")

    def __init__(self, error: DatabaseError, origin: str) -> None:
        self.error = error
        self.origin = origin  # the C function that raised it: unlike the message it is never translated

    @property
    def forgotten(self) -> bool:
        """Whether the backend has none of the connection's prepared statements any more."""
        return self.error.sqlstate in _GONE

    @property
    def stale(self) -> bool:
        """Whether it is the prepared statement, not the request, that Postgres objects to."""
        state = self.error.sqlstate
        if state == "0A000":  # "cached plan must not change result type"
            return self.origin == "RevalidateCachedQuery"
        return state in _GONE or state in _MISFIT


def failure(result: PGresult) -> Failure | None:
    """Read an error result; None where libpq itself made it because the connection is gone."""
    state = result.error_field(_FIELD.SQLSTATE)
    if state is None:
        return None

    def text(field: pq.DiagnosticField) -> str | None:
        value = result.error_field(field)
        return None if value is None else value.decode("utf-8", "replace")

    error = DatabaseError(
        sqlstate=state.decode(),
        message=text(_FIELD.MESSAGE_PRIMARY) or "",
        detail=text(_FIELD.MESSAGE_DETAIL),
        hint=text(_FIELD.MESSAGE_HINT) or _HINTS.get(state),
        severity=text(_FIELD.SEVERITY_NONLOCALIZED) or text(_FIELD.SEVERITY) or "ERROR",
        schema=text(_FIELD.SCHEMA_NAME),
        table=text(_FIELD.TABLE_NAME),
        column=text(_FIELD.COLUMN_NAME),
        constraint=text(_FIELD.CONSTRAINT_NAME),
    )
    return Failure(error, text(_FIELD.SOURCE_FUNCTION) or "")
