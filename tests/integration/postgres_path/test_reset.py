"""A connection that Postgres resets, as a server that stops at once does, under the event loop of the workers."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import uvloop

from rowgate.postgres.database import Database
from rowgate.postgres.errors import OutcomeUnknown
from rowgate.project.settings import DatabaseSettings
from tests.integration.postgres_path.place import ANA, Place, asking, running

_FIELDS = b"SWARNING\0C57P02\0Mterminating connection because of immediate shutdown command\0\0"
FAREWELL = b"N" + struct.pack("!i", len(_FIELDS) + 4) + _FIELDS
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def reset_under_a_write(place: Place) -> None:
    target = urlsplit(place.public)
    towards_us: list[asyncio.StreamWriter] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        towards_us.append(writer)
        up, down = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.wait(
            [asyncio.ensure_future(pipe(reader, down)), asyncio.ensure_future(pipe(up, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        down.close()

    proxy = await asyncio.start_server(through, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    user = target.netloc.rpartition("@")[0]
    database = Database(
        target._replace(netloc=f"{user}@127.0.0.1:{port}").geturl(), None, DatabaseSettings(pool_size=1)
    )
    await database.open()
    write = asyncio.create_task(database.run(ANA, asking("select 'reset' from pg_sleep(8)", write=True)))
    await running(place, "select 'reset'%")
    (ours,) = towards_us
    end = ours.get_extra_info("socket")
    os.write(end.fileno(), FAREWELL)  # past the transport, which would drop it when it aborts
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    ours.transport.abort()
    with pytest.raises(OutcomeUnknown):
        async with asyncio.timeout(3):
            await write
    assert database.stats().public.lost_total == 1
    await database.close(drain=0)
    proxy.close()


def test_a_reset_behind_a_farewell_is_noticed_under_uvloop(place: Place) -> None:
    uvloop.run(reset_under_a_write(place))
