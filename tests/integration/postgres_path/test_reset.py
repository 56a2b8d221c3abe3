"""A connection that Postgres resets, as a server that stops at once does, under the event loop of the workers."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import uvloop

from rowgate.postgres.database import Database
from rowgate.postgres.errors import OutcomeUnknown
from rowgate.project.settings import DatabaseSettings
from tests.integration.postgres_path.place import ANA, Place, asking, cell, running

_FIELDS = b"SWARNING\0C57P02\0Mterminating connection because of immediate shutdown command\0\0"
FAREWELL = b"N" + struct.pack("!i", len(_FIELDS) + 4) + _FIELDS
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Relay:
    """A TCP relay on threads, so that it can act while the event loop under test stands still."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._towards_us: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Send a farewell and reset the first connection, before anybody can look between the two."""
        ours = self._towards_us.pop(0)
        ours.sendall(FAREWELL)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        ours.shutdown(socket.SHUT_RD)  # wakes the thread that reads, which holds the descriptor
        ours.close()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.create_connection(self._target)
                self._towards_us.append(ours)
                for source, sink in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)


@pytest.fixture
def relay(place: Place) -> Iterator[Relay]:
    target = urlsplit(place.public)
    made = Relay((target.hostname or "127.0.0.1", target.port or 5432))
    yield made
    made.close()


async def reset(place: Place, relay: Relay, writes: bool) -> None:
    parts = urlsplit(place.public)
    user = parts.netloc.rpartition("@")[0]
    url = parts._replace(netloc=f"{user}@127.0.0.1:{relay.port}").geturl()
    database = Database(url, None, DatabaseSettings(pool_size=1))
    await database.open()
    if writes:
        write = asyncio.create_task(database.run(ANA, asking("select 'reset' from pg_sleep(8)", write=True)))
        await running(place, "select 'reset'%")
    relay.reset()
    time.sleep(0.1)  # the loop must find both at once
    await asyncio.sleep(0.1)
    async with asyncio.timeout(3):
        if writes:
            with pytest.raises(OutcomeUnknown):
                await write
        else:
            assert cell(await database.run(ANA, asking("select 'read'"))) == b"read"
    assert database.stats().public.lost_total == 1
    await database.close(drain=0)


@pytest.mark.parametrize("writes", [True, False], ids=["under a write", "while idle"])
def test_a_reset_behind_a_farewell_is_noticed_under_uvloop(place: Place, relay: Relay, writes: bool) -> None:
    uvloop.run(reset(place, relay, writes))
