"""A wire between Rowgate and Postgres that can be cut, stopped, and made to lose what Postgres answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """A TCP relay to the Postgres of `url`. Its own address stays the same while it is down."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0
        self.deaf = asyncio.Event()  # set: answers of Postgres are swallowed
        self.slow = asyncio.Event()  # set: answers of Postgres arrive byte by byte
        self.dammed = asyncio.Event()  # set: nothing is read from Rowgate any more

    def through(self, url: str) -> str:
        """The same URL, by way of this wire."""
        parts = urlsplit(url)
        user = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{self._port}"))

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections and cut those there are."""
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def reserve(self) -> None:
        """Choose the address without listening on it."""
        await self.up()
        await self.down()

    async def cut(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, there_writer, self.dammed, hold=True))
                both.create_task(self._pump(there_reader, writer, self.deaf, hold=False))
        except* (OSError, EOFError):
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, there_writer):
                end.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, closed: asyncio.Event, *, hold: bool
    ) -> None:
        while True:
            if closed.is_set() and hold:
                await asyncio.Event().wait()
            piece = await source.read(65536)
            if not piece:
                raise EOFError
            if closed.is_set() and not hold:
                continue
            if self.slow.is_set() and not hold:
                for byte in piece:
                    sink.write(bytes((byte,)))
                    await asyncio.sleep(0)
                continue
            sink.write(piece)
            with suppress(ConnectionError):
                await sink.drain()
