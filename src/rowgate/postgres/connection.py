"""One libpq connection in pipeline mode on the running event loop.

Everything between two Syncs is one implicit transaction: no BEGIN, no round trip beyond the one that carries the
answer. Flights land in the order in which they were sent.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from rowgate.postgres import cancelling
from rowgate.postgres.context import Command
from rowgate.postgres.diagnostics import failure
from rowgate.postgres.feed import ROWS_PER_CHUNK
from rowgate.postgres.flight import ConnectionLost, Flight
from rowgate.postgres.statement import Result
from rowgate.postgres.statements import Prepared, PreparedStatements

LARGE = 4 * 1024 * 1024  # bytes; libpq never gives a grown buffer back (measured: 131 MB after 97 MB)
CANCEL_TIMEOUT = 5.0  # seconds until a cancel request that got no answer is given up
STOP_TIMEOUT = 1.0  # seconds for the last cancel requests when the server stops
_CLOSE_BATCH = 16  # superseded statements are closed together

_ANSWERED = (int(pq.ExecStatus.TUPLES_OK), int(pq.ExecStatus.COMMAND_OK))
_FATAL_ERROR = int(pq.ExecStatus.FATAL_ERROR)
_TUPLES_CHUNK = int(pq.ExecStatus.TUPLES_CHUNK)
_PIPELINE_SYNC = int(pq.ExecStatus.PIPELINE_SYNC)
_PIPELINE_ABORTED = int(pq.ExecStatus.PIPELINE_ABORTED)
_BAD = int(pq.ConnStatus.BAD)
_IDLE = int(pq.TransactionStatus.IDLE)

_ROLLBACK = Command(None, "rollback", ())


class Owner(Protocol):
    """Whom a connection tells what became of it."""

    def landed(self, connection: Connection, flight: Flight, seconds: float) -> None:
        """A flight ended after `seconds` at the head of the line; others may follow on this connection."""

    def freed(self, connection: Connection) -> None:
        """Nothing is in the air and nobody holds the connection."""

    def lost(self, connection: Connection) -> None:
        """The connection is broken and closed; its flights have been told."""


class Connection:
    """A connection and the flights on it.

    `send` never waits: the answer comes through the flight's future. A flight that is given up (`abandon`) is
    cancelled once it is alone; until then nothing new goes in, and its result reaches nobody.
    """

    __slots__ = (
        "_broken",
        "_cancelling",
        "_head_since",
        "_loop",
        "_named",
        "_owner",
        "_paused",
        "_pg",
        "_poll",
        "_rollback_due",
        "_socket",
        "_writing",
        "closed",
        "draining",
        "flights",
        "held",
        "line",
        "retiring",
        "statements",
    )

    def __init__(self, pg: PGconn, loop: asyncio.AbstractEventLoop, owner: Owner, *, named: bool) -> None:
        self._pg = pg
        self._loop = loop
        self._owner = owner
        self._named = named
        # libpq closes its descriptor as soon as it reads the end of the stream, and the number may be somebody else's
        # before the event loop hears of it: the loop watches a duplicate that only `_lose` closes.
        self._socket = os.dup(pg.socket)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._broken = select.poll()
        self._broken.register(self._socket, 0)  # tells of POLLERR and POLLHUP alone
        self._writing = False
        self._paused = False  # nothing is read: a feed is full
        self._head_since = 0.0
        self._cancelling: asyncio.Task[None] | None = None
        self._rollback_due = False
        self.statements = PreparedStatements()
        self.flights: deque[Flight] = deque()
        self.line = 0.0  # seconds that the flights in the air are expected to take
        self.held = False  # between the flights of an explicit transaction
        self.draining = False  # feed it nothing: a flight on it was given up
        self.retiring = False  # close it as soon as it is free
        self.closed = False
        pg.nonblocking = 1
        pg.enter_pipeline_mode()
        loop.add_reader(self._socket, self._readable)

    @property
    def backend_pid(self) -> int:
        return self._pg.backend_pid

    def alive(self) -> bool:
        """Look whether Postgres has hung up, before a write is trusted to this idle connection (one system call).

        Whatever there is to read on an idle connection, a farewell, the end of the stream or a changed parameter, the
        event loop has not seen it yet: too uncertain for a write, and another connection is cheap.
        """
        if not self.closed and self._poll.poll(0):
            self._lose()
        return not self.closed

    # -- out ---------------------------------------------------------------------------------------------------------

    def send(self, flight: Flight) -> None:
        """Put a flight's commands and its Sync on the wire in one flush."""
        if len(self.statements.superseded) >= _CLOSE_BATCH:
            self._close_superseded()
        flight.connection = self
        self.held = self.held or flight.hold
        pg = self._pg
        steps = flight.steps
        try:
            for key, sql, parameters in flight.commands:
                if key is None or not self._named:
                    pg.send_query_params(sql.encode(), parameters)
                    steps.append((None, False))
                    continue
                prepared = self.statements.get(key)
                if prepared is None:
                    prepared = self.statements.attempt(key)
                    pg.send_prepare(prepared.name, sql.encode())
                    steps.append((prepared, True))
                pg.send_query_prepared(prepared.name, parameters)
                steps.append((prepared, False))
            if flight.feed is not None:
                flight.feed.step = len(steps) - (3 if steps[-2][1] else 2)  # the last command may have its Parse
            self._depart(flight)
        except psycopg.Error:
            # Without its Sync nothing of the flight can have been committed.
            self._lose()
            if flight.ended is None:
                flight.end(ConnectionLost(sealed=False))
        except Exception as error:
            # A parameter of the wrong type, say. What is queued without its Sync must never run with the next flight's.
            self._lose()
            flight.end(error)

    def _depart(self, flight: Flight) -> None:
        flight.started = time.monotonic()
        self.flights.append(flight)
        self.line += flight.expected
        self._pg.pipeline_sync()
        if not self._writing and self._pg.flush():
            self._writing = True
            self._loop.add_writer(self._socket, self._writable)
            if any(_large(command.parameters) for command in flight.commands):
                self.retiring = True

    def _writable(self) -> None:
        try:
            if self._pg.flush():
                return
        except psycopg.Error:
            self._lose()
            return
        self._writing = False
        self._loop.remove_writer(self._socket)

    def _close_superseded(self) -> None:
        """Close statements in a transaction of its own, so that no request's error can skip it."""
        names = self.statements.superseded.copy()
        self.statements.superseded.clear()
        flight = Flight((), None)
        try:
            for name in names:
                self._pg.send_close_prepared(name)
                flight.steps.append((None, False))
            self._depart(flight)
        except psycopg.Error:
            self._lose()

    # -- in ----------------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        self._take_in()
        # A reset is told once: libuv stops watching a socket with an error, and uvloop calls the reader one last time.
        # What still lies in the socket, a farewell and the end behind it, must be read in that call or never is.
        while not self.closed and not self._paused and self._broken.poll(0):
            self._take_in()

    def _take_in(self) -> None:
        pg = self._pg
        flights = self.flights
        try:
            pg.consume_input()
            while flights and not self._paused and not pg.is_busy():
                result = pg.get_result()
                if result is None:
                    if pg.status == _BAD:
                        self._lose()
                    continue
                status = result.status
                if status == _PIPELINE_SYNC:
                    self._land()
                elif status in _ANSWERED:
                    self._arrive(flights[0], result)
                    pg.get_result()  # the None that ends each command; it is there already
                    if flights[0].feed is not None:
                        self._expect_rows(flights[0])
                elif status == _TUPLES_CHUNK:
                    self._feed(flights[0], result)
                else:
                    self._refused(flights[0], result, status)
            if not flights and pg.status == _BAD:
                self._lose()
        except psycopg.Error:
            self._lose()

    def _arrive(self, flight: Flight, result: PGresult) -> None:
        cursor = flight.cursor
        prepared, parsed = flight.steps[cursor]
        flight.cursor = cursor = cursor + 1
        if parsed:
            assert prepared is not None
            self.statements.add(prepared)
        elif cursor == len(flight.steps) and flight.commands and not flight.abandoned:
            flight.result = self._read(prepared, result)
        elif flight.earlier is not None and not flight.abandoned:
            flight.earlier.append(self._read(prepared, result))

    def _expect_rows(self, flight: Flight) -> None:
        """Have libpq give the next result in chunks, where it is the one that is fed on as it comes."""
        assert flight.feed is not None
        if flight.cursor == flight.feed.step:
            self._pg.set_chunked_rows_mode(ROWS_PER_CHUNK)

    def _feed(self, flight: Flight, result: PGresult) -> None:
        feed = flight.feed
        if feed is None or flight.abandoned:
            return
        value = result.get_value
        if feed.head is None:
            feed.head = tuple([value(0, column) for column in range(1, result.nfields)])
        if feed.put([value(row, 0) or b"" for row in range(result.ntuples)]):
            feed.resume = self._resume
            self._paused = True
            self._loop.remove_reader(self._socket)

    def _resume(self) -> None:
        if self._paused and not self.closed:
            self._paused = False
            self._loop.add_reader(self._socket, self._readable)
            self._loop.call_soon(self._look_again)  # libpq may hold more than the socket will ever tell of

    def _look_again(self) -> None:
        if not self.closed and not self._paused:
            self._readable()

    def _read(self, prepared: Prepared | None, result: PGresult) -> Result:
        columns = prepared.columns if prepared is not None else None
        if columns is None:
            columns = tuple((result.fname(i) or b"").decode("utf-8", "replace") for i in range(result.nfields))
            if prepared is not None:
                prepared.columns = columns
        value = result.get_value
        indexes = range(len(columns))
        rows = tuple([tuple([value(row, column) for column in indexes]) for row in range(result.ntuples)])
        size = 0
        for cells in rows:
            for cell in cells:
                if cell is not None:
                    size += len(cell)
        if size > LARGE:
            self.retiring = True
        return Result(columns, rows, (result.command_status or b"").decode(), result.command_tuples or 0)

    def _refused(self, flight: Flight, result: PGresult, status: int) -> None:
        if status == _PIPELINE_ABORTED:
            return  # skipped, because something before it in the same flight failed
        refusal = failure(result) if status == _FATAL_ERROR else None
        if refusal is None:
            self._lose()  # libpq's own error, or a COPY that no pipeline can carry
            return
        if flight.failure is None:
            flight.failure = refusal
            if refusal.forgotten:
                self.statements.forget_all()
            elif refusal.stale:
                # Those behind it are skipped and may be as outdated: it is run again once, not once for each of them.
                for prepared, parsed in flight.steps[flight.cursor :]:
                    if prepared is not None and not parsed:
                        self.statements.forget(prepared)
        if self._pg.status == _BAD:
            self._lose()

    def _land(self) -> None:
        now = time.monotonic()
        flight = self.flights.popleft()
        self.line = self.line - flight.expected if self.flights else 0.0
        seconds = now - max(flight.started, self._head_since)
        self._head_since = now
        flight.land()
        if self.draining:
            self._cancel_if_alone()
        if flight.commands:
            self._owner.landed(self, flight, seconds)
        if not self.flights:
            self._settle()

    # -- ends --------------------------------------------------------------------------------------------------------

    def abandon(self, flight: Flight) -> None:
        """Nobody waits for this flight any more: its result is dropped, and it is cancelled once it is alone here."""
        flight.abandoned = True
        if flight.feed is not None:
            flight.feed.let_go()
        if flight in self.flights:
            self.draining = True
            self._cancel_if_alone()

    def cut_short(self, flight: Flight) -> None:
        """It takes longer than it may: cancel what runs of it. Its answer, most likely that it was cancelled, is still
        waited for, since it may have ended meanwhile."""
        if len(self.flights) == 1 and self.flights[0] is flight and self._cancelling is None:
            flight.overdue = True
            self._cancelling = self._loop.create_task(self._cancel())

    def release(self) -> None:
        """The holder is through. A transaction it left open is undone before anyone else comes."""
        self.held = False
        self._rollback_due = True
        if not self.flights:
            self._settle()

    def close(self) -> None:
        """Close at once; flights still in the air end as lost."""
        self._lose(told=False)

    async def stop(self) -> None:
        """Cancel what still runs, then close: a backend does not notice by itself that nobody waits any more."""
        if self.flights and not self.closed:
            with suppress(psycopg.Error, OSError, TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT):
                    await cancelling.cancel(self._pg)
        self.close()

    def _settle(self) -> None:
        if self.closed or self.held or self.flights or self._cancelling is not None:
            return
        if self._pg.transaction_status != _IDLE:
            if self._rollback_due:
                # Behind a Sync of its own: in the flush of a failing statement it would be skipped, and every later
                # request on this connection would get 25P02.
                self._rollback_due = False
                self.send(Flight((_ROLLBACK,), None))
                return
            self.retiring = True  # somebody's SQL left a transaction open: nobody else may be let in
        self._rollback_due = False
        self.draining = False
        self._owner.freed(self)

    def _cancel_if_alone(self) -> None:
        if len(self.flights) == 1 and self.flights[0].abandoned and self._cancelling is None:
            self._cancelling = self._loop.create_task(self._cancel())

    async def _cancel(self) -> None:
        """Cancel what runs. The connection is not free before the cancel request has been answered: one that arrives
        late would hit whoever comes next (57014)."""
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT):
                await cancelling.cancel(self._pg)
        except (psycopg.Error, OSError, TimeoutError):
            self.retiring = True  # it may still arrive
        finally:
            self._cancelling = None
            if not self.flights:
                self._settle()

    def _lose(self, *, told: bool = True) -> None:
        if self.closed:
            return
        self.closed = True
        sealed = not self._writing
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        flights = list(self.flights)
        self.flights.clear()
        os.close(self._socket)
        if self._cancelling is not None:
            self._cancelling.cancel()
        self._pg.finish()
        for flight in flights:
            flight.end(ConnectionLost(sealed))
        if told:
            self._owner.lost(self)


def _large(parameters: Sequence[bytes | None]) -> bool:
    return any(value is not None and len(value) > LARGE for value in parameters)
