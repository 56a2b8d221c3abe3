"""A pool of connections to one login: who gets which connection, in which order, and how the pool heals."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf

from rowgate.lean_structlog import structlog
from rowgate.postgres.connecting import ConnectFailed, connect
from rowgate.postgres.connection import Connection
from rowgate.postgres.errors import PoolTimeout, PostgresError, Unavailable
from rowgate.postgres.flight import Flight
from rowgate.postgres.statements import FAST, History

RETRY_FIRST = 0.1  # seconds between attempts to reach Postgres again, doubled up to the last
RETRY_LAST = 2.0
_RETRY_AFTER = 1  # seconds, told to clients

# Seconds a read waits behind others although a connection is idle. Waking one more backend costs both sides CPU
# (measured at 16 requests at once: 36 µs of 250, see docs/performance.md), and this is what it may cost in latency.
PATIENCE = 0.002
KEPT_FROM_STREAMS = 4  # one connection in so many carries no stream

_log = structlog.get_logger("rowgate.postgres")


@dataclass(frozen=True, slots=True)
class PoolStats:
    """One pool at one moment. `failure` is libpq's text for why the last attempt to connect failed."""

    size: int
    open: int
    idle: int
    in_flight: int
    waiting: int
    opened_total: int
    lost_total: int
    timeouts_total: int  # requests that waited too long for a connection
    failure: str | None


class Pool:
    """At most `size` connections, opened as they are needed, and one first-in-first-out line for all who must wait.

    A flight that may share goes behind others on a connection that carries only such flights, where it will wait there
    less than PATIENCE; then comes an idle connection; then, where none is idle, the shared line of at most
    `share_depth` flights. While anybody waits nobody is let past: a connection that carries shared reads then runs
    empty, so a write is never starved by a stream of reads.
    """

    def __init__(
        self,
        name: str,
        conninfo: str,
        *,
        size: int,
        share_depth: int,
        acquire_timeout: float,
        named: bool,
    ) -> None:
        self.name = name
        self.history = History()
        self._conninfo = conninfo
        self._size = size
        self._share_depth = share_depth
        self._acquire_timeout = acquire_timeout
        self._named = named
        # Streams hold their connection for long: some are left for everybody else.
        self._streams = asyncio.Semaphore(max(1, size - max(1, size // KEPT_FROM_STREAMS)))
        self._idle: list[Connection] = []
        self._shared: list[Connection] = []
        self._live: set[Connection] = set()
        self._waiting: deque[Flight] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._retry_delay = RETRY_FIRST
        self._failure: str | None = None
        self._opened = 0
        self._lost = 0
        self._timeouts = 0
        self._closing = False
        self._emptied = asyncio.Event()

    # -- coming and going --------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Try to open the first connection. Postgres being away is no error: the pool goes on trying."""
        self._loop = asyncio.get_running_loop()
        self._grow()
        if self._connecting:
            await asyncio.wait(set(self._connecting))

    async def close(self, drain: float) -> None:
        """Let in nobody new, wait at most `drain` seconds for what is in the air, then close every connection."""
        self._closing = True
        if self._retry is not None:
            self._retry.cancel()
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        self._end_waiting(Unavailable("this server is shutting down", _RETRY_AFTER))
        for connection in tuple(self._idle):
            self._discard(connection)
        if self._live:
            self._emptied.clear()
            try:
                async with asyncio.timeout(drain):
                    await self._emptied.wait()
            except TimeoutError:
                pass
        remaining = tuple(self._live)
        for connection in remaining:
            self._remove(connection)
        await asyncio.gather(*(connection.stop() for connection in remaining))

    def stats(self) -> PoolStats:
        return PoolStats(
            size=self._size,
            open=len(self._live),
            idle=len(self._idle),
            in_flight=sum(len(connection.flights) for connection in self._live),
            waiting=len(self._waiting),
            opened_total=self._opened,
            lost_total=self._lost,
            timeouts_total=self._timeouts,
            failure=self._failure,
        )

    def forget_statements(self) -> None:
        """Prepare everything afresh: the catalog changed, and with it perhaps the types parameters were resolved to."""
        for connection in self._live:
            connection.statements.forget_all()

    # -- flights -----------------------------------------------------------------------------------------------------

    def dispatch(self, flight: Flight) -> None:
        """Send a flight now, or put it in line. Its future tells how it ended."""
        if flight.shareable and self._shared and not self._waiting and self._join(flight, PATIENCE):
            return
        while self._idle:
            connection = self._idle.pop()  # the last one used: its backend's caches are warm
            if not flight.writes or connection.alive():
                self._board(connection, flight)
                return
        if self._closing:
            flight.end(Unavailable("this server is shutting down", _RETRY_AFTER))
            return
        self._grow()
        if flight.shareable and not self._waiting and self._join(flight, inf):
            return
        if not self._live and self._failure is not None:
            flight.end(self._unavailable())
            return
        flight.timer = self._loop.call_later(self._acquire_timeout, self._expire, flight)
        self._waiting.append(flight)

    @asynccontextmanager
    async def streaming(self) -> AsyncIterator[None]:
        """The turn of one stream. Raises PoolTimeout where it does not come in time."""
        try:
            async with asyncio.timeout(self._acquire_timeout):
                await self._streams.acquire()
        except TimeoutError:
            message = f"all database connections for large answers were busy for {self._acquire_timeout:g} s"
            raise PoolTimeout(message) from None
        try:
            yield
        finally:
            self._streams.release()

    def future(self) -> asyncio.Future[None]:
        """What a flight of this pool is waited for with."""
        return self._loop.create_future()

    def _join(self, flight: Flight, patience: float) -> bool:
        """Send a flight behind others where it waits least, unless that is `patience` seconds or more."""
        chosen = None
        for connection in self._shared:
            if (
                connection.line < patience
                and len(connection.flights) < self._share_depth
                and not connection.draining
                and not connection.retiring
            ):
                chosen, patience = connection, connection.line
        if chosen is None:
            return False
        chosen.send(flight)
        return True

    def abandon(self, flight: Flight) -> None:
        """Whoever waited for this flight has gone."""
        if flight.connection is not None:
            flight.connection.abandon(flight)
        elif flight in self._waiting:
            self._waiting.remove(flight)
            self._stop_clock(flight)

    def _board(self, connection: Connection, flight: Flight) -> None:
        if flight.shareable:
            self._shared.append(connection)
        connection.send(flight)

    def _admit(self, connection: Connection) -> None:
        """Let in whoever is next in line and fits on this connection."""
        while self._waiting and not connection.closed:
            if connection.flights:
                fits = len(connection.flights) < self._share_depth and not connection.draining
                if not (fits and self._waiting[0].shareable and connection in self._shared):
                    return
                flight = self._waiting.popleft()
                self._stop_clock(flight)
                connection.send(flight)
            else:
                flight = self._waiting.popleft()
                self._stop_clock(flight)
                self._board(connection, flight)
                if not flight.shareable:
                    return

    def _expire(self, flight: Flight) -> None:
        self._waiting.remove(flight)
        self._timeouts += 1
        flight.end(PoolTimeout(f"all {self._size} database connections were busy for {self._acquire_timeout:g} s"))

    def _stop_clock(self, flight: Flight) -> None:
        if flight.timer is not None:
            flight.timer.cancel()
            flight.timer = None

    def _end_waiting(self, reason: PostgresError) -> None:
        while self._waiting:
            flight = self._waiting.popleft()
            self._stop_clock(flight)
            flight.end(reason)

    # -- what connections report -------------------------------------------------------------------------------------

    def landed(self, connection: Connection, flight: Flight, seconds: float) -> None:
        key = flight.commands[-1].key
        alone = not flight.hold and flight.feed is None and flight.earlier is None  # the time is that of one statement
        if key is not None and alone and (flight.failure is None or seconds > FAST):
            self.history.record(key, seconds)  # a quick refusal tells nothing, a slow one that was cancelled does
        if connection.flights and self._waiting and not connection.retiring:
            self._admit(connection)

    def freed(self, connection: Connection) -> None:
        if connection in self._shared:
            self._shared.remove(connection)
        if connection.retiring or self._closing:
            self._discard(connection)
            if self._waiting:
                self._grow()
            return
        if self._waiting:
            self._admit(connection)
        if not connection.flights and not connection.closed:
            self._idle.append(connection)

    def lost(self, connection: Connection) -> None:
        self._lost += 1
        self._remove(connection)
        if not self._closing and (self._waiting or not self._live):
            self._grow()

    def _discard(self, connection: Connection) -> None:
        self._remove(connection)
        connection.close()

    def _remove(self, connection: Connection) -> None:
        self._live.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if connection in self._shared:
            self._shared.remove(connection)
        if not self._live:
            self._emptied.set()

    # -- growing and healing -----------------------------------------------------------------------------------------

    def _grow(self) -> None:
        if self._closing or self._retry is not None or len(self._live) + len(self._connecting) >= self._size:
            return
        task = self._loop.create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        try:
            pg = await connect(self._conninfo)
        except ConnectFailed as error:
            self._unreachable(str(error))
            return
        if self._failure is not None:
            _log.info("postgres_reachable", pool=self.name)
        self._failure = None
        self._retry_delay = RETRY_FIRST
        self._opened += 1
        connection = Connection(pg, self._loop, self, named=self._named)
        self._live.add(connection)
        self.freed(connection)

    def _unreachable(self, failure: str) -> None:
        if failure != self._failure:
            _log.warning("postgres_unreachable", pool=self.name, failure=failure)
        self._failure = failure
        if not self._live:
            self._end_waiting(self._unavailable())
        if self._retry is None and not self._closing:
            self._retry = self._loop.call_later(self._retry_delay, self._try_again)
            self._retry_delay = min(self._retry_delay * 2, RETRY_LAST)

    def _try_again(self) -> None:
        self._retry = None
        if self._waiting or not self._live:
            self._grow()

    def _unavailable(self) -> Unavailable:
        # libpq's text names host, port, login and database: it is for the log, not for a client.
        return Unavailable("Postgres cannot be reached right now", _RETRY_AFTER)
