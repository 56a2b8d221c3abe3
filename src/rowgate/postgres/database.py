"""`Database.run`: one request's transaction, from the principal to the result. The only way SQL of a request runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rowgate.postgres.context import Command, context_command, refuse_nul, statement_timeout
from rowgate.postgres.diagnostics import QUERY_CANCELED
from rowgate.postgres.errors import Interrupted, OutcomeUnknown, PostgresError
from rowgate.postgres.feed import Feed
from rowgate.postgres.flight import ConnectionLost, Flight
from rowgate.postgres.pool import Pool, PoolStats
from rowgate.postgres.statement import Access, End, Result, Statement, Transaction
from rowgate.principal import Principal
from rowgate.project.settings import DatabaseSettings

_COMMIT = Command(None, "commit", ())
# A write that is to be undone is answered as if it were kept: its deferred constraints are checked as a COMMIT would.
_CHECK = Command(None, "set constraints all immediate", ())
_GRACE = 0.1  # seconds that several statements may take longer than one may: Postgres ends a single one itself, in time
_TIMED_OUT = 0.95  # share of the allowed time after which a 57014 is our own statement_timeout and no foreign cancel


@dataclass(slots=True)
class ServiceUnavailableHere(PostgresError):
    """A privileged principal on a database whose service role no login of ours may take."""

    message: str = "this database login cannot serve the project's secret keys"

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class DatabaseStats:
    """Both pools at one moment; `service` is None without a service login."""

    public: PoolStats
    service: PoolStats | None


class Database:
    """Two pools, one per login: `SET ROLE` checks the session user, so under one login any function a request calls
    could climb to service_role. Every token runs on the public login; only the project's own secret keys do not."""

    def __init__(self, public_conninfo: str, service_conninfo: str | None, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._ceiling = round(settings.statement_timeout * 1000)
        self._public = _pool("public", public_conninfo, settings.pool_size, settings)
        self._service = self._service_pool(service_conninfo)

    async def open(self) -> None:
        """Start the pools on the running event loop. Does not fail when Postgres is away: requests then get
        Unavailable until it is back."""
        await asyncio.gather(*(pool.open() for pool in self._pools()))

    async def serve_secret_keys(self, conninfo: str | None, drain: float = 30.0) -> None:
        """From now on privileged principals are served through this login, or not at all. What runs is finished."""
        if (conninfo is None) == (self._service is None):
            return
        former, self._service = self._service, self._service_pool(conninfo)
        if former is not None:
            await former.close(drain)
        elif self._service is not None:
            await self._service.open()

    async def close(self, drain: float = 30.0) -> None:
        """Refuse new requests, give those under way `drain` seconds, close all connections."""
        await asyncio.gather(*(pool.close(drain) for pool in self._pools()))

    def stats(self) -> DatabaseStats:
        return DatabaseStats(self._public.stats(), None if self._service is None else self._service.stats())

    def forget_statements(self) -> None:
        """Call after the catalog was reloaded: prepared statements keep the parameter types of the day they were
        prepared, and a column may have another type now."""
        for pool in self._pools():
            pool.forget_statements()

    def _service_pool(self, conninfo: str | None) -> Pool | None:
        settings = self._settings
        return None if conninfo is None else _pool("service", conninfo, settings.service_pool_size, settings)

    def _pool_of(self, principal: Principal) -> Pool:
        pool = self._service if principal.privileged else self._public
        if pool is None:
            raise ServiceUnavailableHere
        return pool

    def _pools(self) -> list[Pool]:
        return [self._public] if self._service is None else [self._public, self._service]

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        """Run one transaction as this principal and return the main statement's result.

        Nothing is returned before Postgres has committed. A transaction of which nothing can remain is run again once
        where the cause lies outside of it: a lost connection, a foreign cancel of a read, an outdated prepared
        statement.

        Raises DatabaseError (Postgres refused it, rolled back), Unavailable (nothing happened, try again), PoolTimeout,
        OutcomeUnknown (a write without an acknowledgement), ServiceUnavailableHere (a privileged principal without a
        service login), and what `transaction.check` raises.
        """
        pool = self._pool_of(principal)
        context = context_command(principal.role, principal.claims, transaction, self._ceiling)
        commands = [context]
        if transaction.before is not None:
            commands.append(_command(principal.role, transaction, transaction.before))
        main = _command(principal.role, transaction, transaction.statement)
        commands.append(main)
        if transaction.isolation is not None or transaction.check is not None or transaction.end is not End.COMMIT:
            _, result = await self._run_explicit(pool, commands, transaction)
            return result

        reads = transaction.statement.access is Access.READ_ONLY
        assert main.key is not None
        times = pool.history.of(main.key) if reads and transaction.before is None else None
        shareable = times is not None and times.fast
        expected = times.usual if times is not None else 0.0
        again = True
        while True:
            flight = Flight(commands, pool.future(), shareable=shareable, writes=not reads, expected=expected)
            await _fly(pool, flight)
            if flight.result is not None and flight.failure is None and flight.ended is None:
                return flight.result
            if not again or not self._worth_repeating(flight, transaction):
                raise _reason(flight)
            again = shareable = False

    async def run_all(
        self, principal: Principal, transaction: Transaction, further: Sequence[Statement]
    ) -> tuple[Result, ...]:
        """Run one transaction with several main statements, in order: `transaction.statement`, then `further`.

        The results are theirs, in that order. Each statement sees what those before it wrote; all of them go out in one
        flush, and an error in any of them, or in a deferred constraint behind the last, undoes them all. What `run`
        says of repeating and of the outcome holds for them together, and so does the time that a statement may take:
        Postgres begins to count anew with each of them. The plan mode is that of the first.

        Raises what `run` raises, and ValueError for a `check`, which sees one result, and for statements whose access
        is not the transaction's.
        """
        access = transaction.statement.access
        if transaction.check is not None or any(each.access is not access for each in further):
            raise ValueError("a check sees one result, and all statements of a transaction have one access mode")
        if not further:
            return (await self.run(principal, transaction),)
        pool = self._pool_of(principal)
        commands = [context_command(principal.role, principal.claims, transaction, self._ceiling)]
        if transaction.before is not None:
            commands.append(_command(principal.role, transaction, transaction.before))
        commands += [_command(principal.role, transaction, each) for each in (transaction.statement, *further)]
        if transaction.isolation is not None or transaction.end is not End.COMMIT:
            earlier, last = await self._run_explicit(pool, commands, transaction, 1 + len(further))
        else:
            earlier, last = await self._run_implicit(pool, commands, transaction, 1 + len(further))
        return (*earlier[-len(further) :], last)

    async def stream(
        self, principal: Principal, transaction: Transaction, last: Statement, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        """Run a reading transaction whose main statement may return more than memory should hold, and `last` behind it.

        `take` gets the rows as they come and returns when the feed has ended. It is called again, and must begin anew,
        where the transaction is run again. What it took is worth nothing before this returns: an error may still follow
        the rows. The result is that of `last`. The connection is the caller's alone, and reads no faster than `take`.

        Raises what `run` raises, and what `take` raises, after which the statement is cancelled.
        """
        if transaction.statement.access is not Access.READ_ONLY:
            raise ValueError("only a read can be streamed")
        pool = self._pool_of(principal)
        commands = [Command(None, _begin(transaction), ())] if transaction.isolation is not None else []
        commands.append(context_command(principal.role, principal.claims, transaction, self._ceiling))
        if transaction.before is not None:
            commands.append(_command(principal.role, transaction, transaction.before))
        commands += [_command(principal.role, transaction, each) for each in (transaction.statement, last)]
        async with pool.streaming():
            return await self._stream(pool, commands, transaction, take)

    async def _stream(
        self, pool: Pool, commands: list[Command], transaction: Transaction, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        explicit = transaction.isolation is not None
        again = True
        while True:
            feed = Feed(asyncio.get_running_loop())
            flight = Flight(commands, pool.future(), hold=explicit, feed=feed, own=2)
            pool.dispatch(flight)
            try:
                await take(feed)
                await _fly(pool, flight)
            except BaseException:
                pool.abandon(flight)
                raise
            finally:
                if explicit:
                    _release(flight)
            if flight.result is not None and flight.failure is None and flight.ended is None:
                return flight.result
            if not again or not self._worth_repeating(flight, transaction):
                raise _reason(flight)
            again = False

    async def _run_implicit(
        self, pool: Pool, commands: list[Command], transaction: Transaction, own: int
    ) -> tuple[list[Result], Result]:
        """Several main statements in one flush, on a connection nobody shares: the results of all commands but the
        last, and that of the last."""
        writes = transaction.statement.access is Access.READ_WRITE
        again = True
        while True:
            earlier: list[Result] = []
            flight = Flight(commands, pool.future(), writes=writes, earlier=earlier, own=own)
            await _fly(pool, flight, self._allowed(transaction, own))
            if flight.result is not None and flight.failure is None and flight.ended is None:
                return earlier, flight.result
            if not again or not self._worth_repeating(flight, transaction):
                raise _reason(flight)
            again = False

    async def _run_explicit(
        self, pool: Pool, commands: list[Command], transaction: Transaction, own: int = 1
    ) -> tuple[list[Result], Result]:
        """BEGIN … main, a look at the result, then COMMIT or ROLLBACK behind a Sync of its own, on a connection nobody
        shares. Until COMMIT leaves, nothing can remain of it, so a lost connection is no unknown outcome.

        The results of all commands but the last, and that of the last.
        """
        commands = [Command(None, _begin(transaction), ()), *commands]
        writes = transaction.statement.access is Access.READ_WRITE
        again = True
        while True:
            earlier: list[Result] = []
            flight = Flight(commands, pool.future(), writes=writes, hold=True, earlier=earlier, own=own)
            try:
                await _fly(pool, flight, self._allowed(transaction, own))
                if flight.result is not None and flight.failure is None and flight.ended is None:
                    return earlier, await self._finish(pool, flight, transaction)
                if isinstance(flight.ended, ConnectionLost):
                    flight.ended = ConnectionLost(sealed=False)
            finally:
                _release(flight)
            if not again or not self._worth_repeating(flight, transaction):
                raise _reason(flight)
            again = False

    async def _finish(self, pool: Pool, flight: Flight, transaction: Transaction) -> Result:
        assert flight.result is not None
        assert flight.connection is not None
        if transaction.check is not None:
            transaction.check(flight.result)
        writes = transaction.statement.access is Access.READ_WRITE
        kept = transaction.end is End.COMMIT
        if not kept and not writes:
            return flight.result
        last = Flight((_COMMIT,) if kept else (_CHECK,), pool.future(), writes=writes and kept)
        flight.connection.send(last)
        await _fly(pool, last)
        if last.failure is not None or last.ended is not None:
            raise _reason(last)
        return flight.result

    def _allowed(self, transaction: Transaction, own: int) -> float:
        """The seconds that several main statements may take together; 0 where Postgres keeps the time of a single one,
        or none is kept."""
        return statement_timeout(transaction.context, self._ceiling) / 1000 if own > 1 else 0.0

    def _worth_repeating(self, flight: Flight, transaction: Transaction) -> bool:
        reads = transaction.statement.access is Access.READ_ONLY
        if isinstance(flight.ended, ConnectionLost):
            return reads or not flight.ended.sealed
        if flight.failure is None:
            return False
        if flight.failure.stale:
            prepared, parsed = flight.steps[flight.cursor]  # what failed; prepared in this very flight, it is the SQL
            return prepared is not None and not parsed and (prepared, True) not in flight.steps
        if flight.failure.error.sqlstate == QUERY_CANCELED and reads:
            allowed = statement_timeout(transaction.context, self._ceiling) / 1000
            return not allowed or time.monotonic() - flight.started < allowed * _TIMED_OUT
        return False


def _pool(name: str, conninfo: str, size: int, settings: DatabaseSettings) -> Pool:
    return Pool(
        name,
        conninfo,
        size=size,
        share_depth=settings.share_depth,
        acquire_timeout=settings.acquire_timeout,
        named=settings.prepared_statements,
    )


def _command(role: str, transaction: Transaction, statement: Statement) -> Command:
    if "\x00" in statement.sql:
        raise ValueError("SQL text cannot contain a NUL character: libpq would cut it off there")
    refuse_nul(statement.parameters)
    return Command((role, transaction.context.search_path, statement.sql), statement.sql, statement.parameters)


def _begin(transaction: Transaction) -> str:
    level = f" isolation level {transaction.isolation.value}" if transaction.isolation is not None else ""
    return f"begin{level} {transaction.statement.access.value}"


async def _fly(pool: Pool, flight: Flight, allowed: float = 0.0) -> None:
    """Send a flight, unless it is under way already, and wait until it has landed. One that is in the air for more than
    `allowed` seconds is cut short; 0 is no limit."""
    if flight.connection is None:
        pool.dispatch(flight)
    assert flight.future is not None
    clock = _Clock(flight, allowed) if allowed else None
    try:
        await flight.future
    except asyncio.CancelledError:
        pool.abandon(flight)
        raise
    finally:
        if clock is not None:
            clock.stop()


class _Clock:
    """Cuts a flight short that is in the air for too long; while it waits for a connection another clock runs."""

    def __init__(self, flight: Flight, allowed: float) -> None:
        self._flight = flight
        self._allowed = allowed + _GRACE
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._allowed, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        connection = self._flight.connection
        left = self._allowed
        if connection is not None:
            left -= time.monotonic() - self._flight.started
            if left <= 0:
                connection.cut_short(self._flight)
                return
        self._timer = self._loop.call_later(max(left, _GRACE), self._look)


def _release(flight: Flight) -> None:
    """Give the connection of an explicit transaction back; what it left uncommitted is rolled back there."""
    connection = flight.connection
    if connection is not None and not connection.closed and connection.held:
        connection.release()


def _reason(flight: Flight) -> Exception:
    """Why a flight brought no result, in the words of `rowgate.postgres.errors`."""
    if isinstance(flight.ended, ConnectionLost):
        if flight.writes and flight.ended.sealed:
            return OutcomeUnknown(
                "the connection to Postgres was lost after the write was sent: it may or may not have happened"
            )
        return Interrupted("the connection to Postgres was lost; nothing of the request remains")
    if flight.ended is not None:
        return flight.ended
    assert flight.failure is not None
    error = flight.failure.error
    if flight.overdue and error.sqlstate == QUERY_CANCELED:
        error.message = "canceling statement due to statement timeout"  # as Postgres words it of a single statement
    error.early = flight.failed_early
    return error
