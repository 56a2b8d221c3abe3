"""Notifications from Postgres, over a direct connection that is made again whenever it is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import psycopg
from psycopg.rows import TupleRow

from rowgate.postgres.quoting import identifier

POLL_INTERVAL = 1.0  # seconds between two polls, and two attempts to connect, while the connection is down
HEARTBEAT = 30.0  # seconds of silence after which the connection is tried; TCP alone notices a dead peer hours later
HEARTBEAT_TIMEOUT = 5.0
CONNECT_TIMEOUT = 5  # seconds

OnNotify = Callable[[str, str], Awaitable[None]]
Action = Callable[[], Awaitable[None]]


class Listener:
    """Listens on `channels` until stopped.

    `on_notify(channel, payload)` is awaited for each notification, in order. `on_reconnect()` is awaited each time
    listening has begun, the first time included: what was announced before is lost, so everything must be read again.
    `poll()` is awaited every second while the connection is down. An error in one of the three is handed to
    `on_error` and ends nothing. `conninfo` must lead to Postgres itself: a transaction pooler forgets LISTEN.
    """

    def __init__(
        self,
        conninfo: str,
        channels: Sequence[str],
        on_notify: OnNotify,
        on_reconnect: Action,
        poll: Action | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._channels = tuple(channels)
        self._on_notify = on_notify
        self._on_reconnect = on_reconnect
        self._poll = poll
        self._on_error = on_error
        self._task: asyncio.Task[None] | None = None
        self.connected = False

    async def start(self) -> None:
        """Begin in the background; a database that does not answer is polled for, it raises nothing."""
        self._task = asyncio.create_task(self._run(), name="listener")

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._report(error)
            finally:
                self.connected = False
            if self._poll is not None:
                await self._guarded(self._poll())
            await asyncio.sleep(POLL_INTERVAL)

    async def _listen(self) -> None:
        """One connection's life. Raises psycopg.Error, OSError or TimeoutError when it ends."""
        async with await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT, prepare_threshold=None
        ) as connection:
            for channel in self._channels:
                await connection.execute(b"listen " + identifier(channel).encode())
            self.connected = True
            await self._guarded(self._on_reconnect())
            while True:
                async for notification in connection.notifies(timeout=HEARTBEAT):
                    await self._guarded(self._on_notify(notification.channel, notification.payload))
                await self._heartbeat(connection)

    async def _heartbeat(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        async with asyncio.timeout(HEARTBEAT_TIMEOUT):
            await connection.execute("")

    async def _guarded(self, action: Awaitable[None]) -> None:
        try:
            await action
        except Exception as error:  # noqa: BLE001, RUF100 - whatever it was, the next notification must still be heard
            self._report(error)

    def _report(self, error: Exception) -> None:
        if self._on_error is not None:
            self._on_error(error)
