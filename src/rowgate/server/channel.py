"""What parent and worker tell each other, over a socket pair that nobody else holds.

Settings with secrets go this way, so that none stands in an argument list or an environment. The end of the stream is
a message too: a worker whose parent is gone has nobody to hand its port and database to, and leaves.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from rowgate.postgres.serving import Serving
from rowgate.project.settings import Settings
from rowgate.server.verdicts import VerdictCounts

FRAME_LIMIT = 64 * 1024 * 1024  # bytes; pasted key sets are the largest thing in here


class Orders(msgspec.Struct, frozen=True, tag="orders"):
    """Parent to worker: who you are and what to serve. Sent again when `serving` becomes known, and when it changes."""

    worker: int
    settings: Settings
    serving: Serving | None = None  # None: not usable yet; listen, and say so


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """Parent to worker: issuers, or settings of the REST dialect, changed."""

    settings: Settings


class ReadCatalog(msgspec.Struct, frozen=True, tag="read_catalog"):
    """Parent to worker: read the catalog again."""


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Parent to worker: tell what the admin server is asked for."""

    number: int
    what: Literal["catalog", "figures"]


class Told(msgspec.Struct, frozen=True, tag="told"):
    """Worker to parent: the answer to that `Ask`, as JSON; None where there is none yet, or no frame could hold it."""

    number: int
    content: bytes | None


class ReloadAsked(msgspec.Struct, frozen=True, tag="reload_asked"):
    """Worker to parent: the database asks for the configuration to be read again."""


class Report(msgspec.Struct, frozen=True, tag="report"):
    """Worker to parent: how I am. `parts` maps a part to "ok" or what is wrong, `issuers` is the verifier's account,
    `verdicts` its counts since the worker began."""

    ready: bool
    parts: Mapping[str, str] = {}
    issuers: tuple[Mapping[str, Any], ...] = ()
    verdicts: VerdictCounts = {}


Message = Orders | Reload | ReadCatalog | Ask | Told | ReloadAsked | Report


class Channel:
    """One end of the socket pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        """Take over one end of a pair."""
        end.setblocking(False)
        return cls(*await asyncio.open_connection(sock=end, limit=FRAME_LIMIT))

    def send(self, message: Message) -> None:
        """Queue a message; one to a peer that is gone is dropped (its death is noticed elsewhere)."""
        if not self._writer.is_closing():
            content = msgspec.json.encode(message, enc_hook=_encode)
            if len(content) > FRAME_LIMIT and isinstance(message, Told):
                # The other side would stop listening for good. A catalog is as large as its database makes it.
                content = msgspec.json.encode(Told(message.number, None))
            self._writer.write(len(content).to_bytes(4, "big") + content)

    async def receive(self) -> Message | None:
        """The next message, None when the other side is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(4), "big")
            if length > FRAME_LIMIT:
                return None  # not one of ours at the other end any more
            content = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return msgspec.json.decode(content, type=Message, dec_hook=_decode)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close this end."""
        self._writer.close()


def _encode(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _decode(kind: type, value: Any) -> Any:
    if issubclass(kind, Path):
        return kind(value)
    raise NotImplementedError(kind.__name__)
