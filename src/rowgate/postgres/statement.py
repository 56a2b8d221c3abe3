"""What a dialect asks of Postgres: a statement, the transaction around it, and what came back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec


class Access(StrEnum):
    """The access mode of the transaction that carries a statement."""

    READ_ONLY = "read only"
    READ_WRITE = "read write"


class PlanMode(StrEnum):
    """The value of `plan_cache_mode` a statement wants.

    A prepared statement that Postgres has planned generically can be a thousand times slower than a custom plan where
    a column's values are skewed (measured: 101.7 ms against 0.07 ms), so each class of statement says what is safe.
    """

    AUTO = "auto"
    CUSTOM = "force_custom_plan"
    GENERIC = "force_generic_plan"


class Isolation(StrEnum):
    """A transaction's isolation level, as `SET TRANSACTION ISOLATION LEVEL` spells it."""

    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"
    SERIALIZABLE = "serializable"

    @classmethod
    def named(cls, text: str | None) -> Isolation | None:
        """The level that a value of `ISOLATION_SETTING` names. READ UNCOMMITTED is READ COMMITTED in Postgres."""
        if text is None:
            return None
        level = text.lower()
        return next((each for each in cls if each.value == level), cls.READ_COMMITTED)


ISOLATION_SETTING = "default_transaction_isolation"


class End(StrEnum):
    """How a transaction ends when nothing failed."""

    COMMIT = "commit"
    ROLLBACK = "rollback"


class Statement(msgspec.Struct, frozen=True):
    """One SQL statement with `$n` parameters.

    No value a client sent ever stands in `sql`, validated LIMIT/OFFSET integers excepted; identifiers come from the
    catalog through `rowgate.postgres.quoting`. Parameters are text-format UTF-8 bytes, None for NULL.
    """

    sql: str
    parameters: tuple[bytes | None, ...] = ()
    access: Access = Access.READ_ONLY
    plan: PlanMode = PlanMode.AUTO


class RequestContext(msgspec.Struct, frozen=True):
    """What a request tells SQL about itself, applied by one statement before the main one.

    `search_path` is a ready comma-separated list of quoted schema names. `headers` and `cookies` are JSON objects
    (UTF-8); they become `request.headers` and `request.cookies`. `settings` are further transaction-local settings
    (name, value) in the order in which they are to be applied, after the role switch. `role_settings` are applied
    before it, with the login's rights: those that the catalog says the role was given. `time_limit` is the milliseconds
    each statement may take, below the server's own ceiling; 0 leaves it at that.
    """

    method: str
    path: str
    search_path: str
    headers: bytes = b"{}"
    cookies: bytes = b"{}"
    settings: tuple[tuple[str, str], ...] = ()
    role_settings: tuple[tuple[str, str], ...] = ()
    time_limit: int = 0


class Result(msgspec.Struct, frozen=True):
    """What a statement returned: column names and text-format rows, exactly as Postgres sent them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[bytes | None, ...], ...]
    command_tag: str
    affected: int = 0


class Transaction(msgspec.Struct, frozen=True):
    """One request's whole transaction: context, an optional statement before, the main statement, and its end.

    Without `check`, `isolation` and with `end` COMMIT it runs as one implicit transaction in a single flush. `check`
    sees the result before anything is committed; what it raises is raised to the caller after a rollback.
    """

    context: RequestContext
    statement: Statement
    before: Statement | None = None
    isolation: Isolation | None = None
    end: End = End.COMMIT
    check: Callable[[Result], None] | None = None
