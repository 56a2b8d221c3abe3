"""Answers too large to be held: their rows are fetched in chunks and laid into a spool until the last one is there.

Nothing is sent before the transaction has ended, so an error behind the last row is still an error's answer, and the
headers are as exact as a small answer's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from rowgate.http.spool import Spool, SpoolFailed, SpoolFull, SpoolSpace
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.postgrest.errors import RestError
from rowgate.principal import Principal
from rowgate.rest.line_sql import Lines
from rowgate.rest.sql import Column

MANY_ROWS = 10_000  # a read that may return more is streamed before anything is known of it
REMEMBERED = 16  # small answers in a row until one that was large is no longer expected to be


class Streamer(Protocol):
    """What streams transactions: `rowgate.postgres.database.Database`."""

    async def stream(
        self, principal: Principal, transaction: Transaction, last: Statement, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        """Run a read and give its rows to `take` as they come; the result is that of `last`."""
        ...


class Weight:
    """What is known of the size of the answers of one shape of request."""

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: int | None = None  # how many more are expected to be large; None before anything is known

    def large(self, rows: int | None) -> bool:
        """Whether an answer of at most `rows` rows, None for any number, is expected to be large."""
        runs = self._runs
        return rows is None or rows > MANY_ROWS if runs is None else runs > 0

    def was(self, *, large: bool) -> None:
        """Take note of an answer that was streamed."""
        self._runs = REMEMBERED if large else max(0, (self._runs or 0) - 1)


async def stream(
    runner: Streamer,
    principal: Principal,
    transaction: Transaction,
    lines: Lines,
    memory: int,
    space: SpoolSpace,
) -> tuple[Result, Spool | None] | None:
    """Run `transaction`, whose statement is that of `lines`: the result in the columns of `sql.Column`, and its body
    where that is larger than `memory` bytes. None where no row came that could tell the total.

    Raises RestError where the body cannot be laid down, and what `Database.stream` raises.
    """
    spool = Spool(memory, space)
    rows = 0
    head: tuple[bytes | None, ...] | None = None

    async def take(feed: Feed) -> None:
        nonlocal spool, rows, head
        spool.close()
        spool, rows, head = Spool(memory, space), 0, None
        while (taken := await feed.get()) is not None:
            if head is None:
                head = feed.head
                opening = _csv_head(lines, head) if lines.csv else lines.opening
            else:
                opening = lines.between
            rows += len(taken)
            await spool.write(opening + lines.between.join(taken))
        if head is None:
            await spool.write(_csv_head(lines, None) if lines.csv else lines.opening)
        await spool.write(lines.closing)

    try:
        result = await runner.stream(principal, transaction, lines.last, take)
    except SpoolFull as error:
        raise RestError(
            503,
            "spool_full",
            f"More than {error.limit} bytes of answers wait to be sent",
            None,
            "Try again in a moment, ask for fewer rows at a time, or raise spool_limit under [rowgate.rest].",
            ((b"retry-after", b"1"),),
        ) from None
    except SpoolFailed as error:
        raise RestError(
            500,
            "spool_failed",
            f"The answer could not be laid into a temporary file: {error}",
            None,
            "Make room in the folder for temporary files, name another one by TMPDIR, or ask for fewer rows.",
        ) from None
    if lines.total and head is None:
        return None
    cells: list[bytes | None] = [None] * len(Column)
    cells[: len(result.columns)] = result.rows[0]
    cells[Column.PAGE] = b"%d" % rows
    if lines.total:
        assert head is not None
        cells[Column.TOTAL] = head[0]
    elif lines.counted:
        cells[Column.TOTAL] = cells[Column.PAGE]
    body = spool.whole
    cells[Column.BODY] = body
    made = Result(result.columns, (tuple(cells),), result.command_tag, result.affected)
    return made, spool if body is None else None


def _csv_head(lines: Lines, head: tuple[bytes | None, ...] | None) -> bytes:
    """The names of the columns, which only a row can tell."""
    return b"\n" if head is None else (head[1 if lines.total else 0] or b"") + b"\n"
