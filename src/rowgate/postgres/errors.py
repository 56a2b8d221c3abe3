"""What can go wrong between a request and Postgres, as records the dialects render in their own shapes."""

from __future__ import annotations

from dataclasses import dataclass


class PostgresError(Exception):
    """The root of everything `Database.run` raises, besides what a transaction's own `check` raises."""


@dataclass(slots=True)
class DatabaseError(PostgresError):
    """Postgres refused the statement; the transaction was rolled back. Fields are those of ErrorResponse, and `early`:
    it refused what leads up to the request, its role and settings or the statement before it."""

    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    severity: str = "ERROR"
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None
    early: bool = False

    def __str__(self) -> str:
        return f"{self.sqlstate} {self.message}"


@dataclass(slots=True)
class Unavailable(PostgresError):
    """Nothing of the request reached Postgres: it is safe to send again after `retry_after` seconds."""

    message: str
    retry_after: int = 1

    def __str__(self) -> str:
        return self.message


@dataclass(slots=True)
class PoolTimeout(Unavailable):
    """No connection came free within the pool's acquisition timeout."""


@dataclass(slots=True)
class Interrupted(Unavailable):
    """The connection was lost while it worked on the request; Postgres keeps nothing of it."""


@dataclass(slots=True)
class OutcomeUnknown(PostgresError):
    """A write was sent and the connection was lost before Postgres acknowledged it: it may or may not have happened."""

    message: str

    def __str__(self) -> str:
        return self.message
