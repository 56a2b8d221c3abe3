"""Reading a request's body: never more than the service allows, never longer than the client keeps sending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rowgate.http.exchange import BodyTooLarge, ClientGone

Receive = Callable[[], Awaitable[Any]]


class BodyStalled(Exception):
    """The client announced a body and sent nothing of it for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no byte of the request body arrived for {seconds:g} seconds")
        self.seconds = seconds


class Body:
    """One request's body. `idle_timeout` is in seconds and starts anew with every piece that arrives."""

    __slots__ = ("_headers", "_idle_timeout", "_receive")

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], idle_timeout: float) -> None:
        self._receive = receive
        self._headers = headers
        self._idle_timeout = idle_timeout

    async def read(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes. Raises BodyTooLarge, BodyStalled, ClientGone.

        A Content-Length above the limit is refused before a byte is read, and before `100 Continue` invites it.
        """
        declared = self._headers.get(b"content-length")
        if declared is not None and int(declared) > limit:  # the HTTP parser lets only digits through
            raise BodyTooLarge(limit)
        pieces: list[bytes] = []
        size = 0
        while True:
            try:
                async with asyncio.timeout(self._idle_timeout):
                    message = await self._receive()
            except TimeoutError:
                raise BodyStalled(self._idle_timeout) from None
            if message["type"] != "http.request":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(limit)
            if not message.get("more_body", False):
                if not pieces:
                    return piece
                pieces.append(piece)
                return b"".join(pieces)
            pieces.append(piece)
