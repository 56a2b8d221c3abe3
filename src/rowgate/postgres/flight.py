"""A flight: the commands of one flush up to its Sync, on their way to Postgres and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rowgate.postgres.context import Command
from rowgate.postgres.diagnostics import Failure
from rowgate.postgres.errors import PostgresError
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result
from rowgate.postgres.statements import Prepared

if TYPE_CHECKING:
    from rowgate.postgres.connection import Connection


class ConnectionLost(PostgresError):
    """The connection broke under a flight. `sealed`: its Sync had left for Postgres, so it may have been committed."""

    def __init__(self, sealed: bool) -> None:
        super().__init__("the connection to Postgres was lost")
        self.sealed = sealed


class Flight:
    """One implicit transaction in the air.

    `future` is resolved (with None) after PIPELINE_SYNC and not before: deferred constraints fail between the last
    result and the Sync. Then exactly one of `result`, `failure` (Postgres' error) and `ended` (it never came to an
    answer) is set. It is done at once when nobody waits for it (`future` is None).
    """

    __slots__ = (
        "abandoned",
        "commands",
        "connection",
        "cursor",
        "earlier",
        "ended",
        "expected",
        "failure",
        "feed",
        "future",
        "hold",
        "overdue",
        "own",
        "result",
        "shareable",
        "started",
        "steps",
        "timer",
        "writes",
    )

    def __init__(
        self,
        commands: Sequence[Command],
        future: asyncio.Future[None] | None,
        *,
        shareable: bool = False,
        writes: bool = False,
        hold: bool = False,
        expected: float = 0.0,
        feed: Feed | None = None,
        earlier: list[Result] | None = None,
        own: int = 1,
    ) -> None:
        self.commands = commands
        self.future = future
        self.shareable = shareable  # may be pipelined behind others on one connection
        self.writes = writes
        self.hold = hold  # the connection stays with the caller afterwards
        self.expected = expected  # seconds it took lately; those behind a shared flight wait for so long
        self.feed = feed  # takes the rows of the last command but one as they come
        self.earlier = earlier  # takes the results of all commands but the last, where they are asked for
        self.own = own  # how many commands at the end are the request itself; before them stands what leads up to it
        self.connection: Connection | None = None
        self.steps: list[tuple[Prepared | None, bool]] = []  # per expected result: the statement, and whether a Parse
        self.cursor = 0
        self.started = 0.0
        self.result: Result | None = None
        self.failure: Failure | None = None
        self.ended: Exception | None = None
        self.abandoned = False
        self.overdue = False  # it was cancelled because it took longer than all of it may
        self.timer: asyncio.TimerHandle | None = None

    @property
    def failed_early(self) -> bool:
        """Whether it failed in what leads up to the request: its context, or the statement before it."""
        answered = sum(not parsed for _, parsed in self.steps[: self.cursor])
        return answered < len(self.commands) - self.own

    def land(self) -> None:
        """Everything up to the Sync is in: wake the one who waits."""
        if self.feed is not None:
            self.feed.end()
        future = self.future
        if future is not None and not future.done():
            future.set_result(None)

    def end(self, reason: Exception) -> None:
        """It will never land; `reason` goes to the one who waits."""
        self.ended = reason
        self.land()
