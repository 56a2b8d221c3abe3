"""A real listening socket in front of an ASGI application, and a client that writes raw bytes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from rowgate.http.protocol import protocol_class
from rowgate.project.settings import ServerSettings

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An application that never reads a body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@dataclass
class Wire:
    port: int
    turned_away: Counter[str] = field(default_factory=Counter)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Send the pieces and read until the server closes."""
        reader, writer = await self.connect()
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def served(app: Any, settings: ServerSettings) -> AsyncIterator[Wire]:
    turned_away: Counter[str] = Counter()
    state = ServerState()
    config = uvicorn.Config(
        app,
        http=protocol_class(settings, turned_away),
        lifespan="off",
        ws="none",
        log_config=None,
        timeout_keep_alive=int(settings.keep_alive_timeout),
    )
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]
        "127.0.0.1",
        0,
    )
    try:
        yield Wire(server.sockets[0].getsockname()[1], turned_away)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
