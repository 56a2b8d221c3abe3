"""Rows on their way from a connection to their one reader, which may be slower than Postgres."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

Lines = list[bytes]

ROOM = 1024 * 1024  # bytes that may wait for the reader before the connection stops reading
ROWS_PER_CHUNK = 32  # rows that libpq collects before it gives them: enough to cost little, few enough to stay small


class Feed:
    """The rows of one flight, taken by `get` in the order in which they came.

    A row is one value, null an empty one. Further columns are read of the first row alone: `head` holds them, what is
    to be said once.
    """

    __slots__ = ("_ended", "_lines", "_loop", "_waiter", "head", "resume", "step", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lines: deque[Lines] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self.waiting = 0  # bytes
        self.head: tuple[bytes | None, ...] | None = None  # None until the first row is there
        self.step = 0  # which of the flight's results brings the rows
        self.resume: Callable[[], None] | None = None  # set while the connection has stopped reading

    def put(self, lines: Lines) -> bool:
        """Add rows; whether the reader is so far behind that the connection should stop reading."""
        self._lines.append(lines)
        for line in lines:
            self.waiting += len(line)
        self._wake()
        return self.waiting > ROOM

    def end(self) -> None:
        """No more rows will come; why, the flight tells."""
        self._ended = True
        self._wake()

    async def get(self) -> Lines | None:
        """The next rows, None behind the last."""
        while not self._lines:
            if self._ended:
                return None
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        taken: Lines = []
        for lines in self._lines:
            taken += lines
        self._lines.clear()
        self.waiting = 0
        self.let_go()
        return taken

    def let_go(self) -> None:
        """Let a connection that stopped reading go on."""
        resume, self.resume = self.resume, None
        if resume is not None:
            resume()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
