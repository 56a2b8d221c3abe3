"""Reading a request's body: never more than the service allows, never longer than the client keeps sending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

from rowgate.http.exchange import BodyTooLarge, ClientGone

Receive = Callable[[], Awaitable[Any]]

FREE_BYTES = 256 * 1024  # of each body, which take no space: small writes pass whoever sends large ones


class BodyStalled(Exception):
    """The client announced a body and sent nothing of it for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no byte of the request body arrived for {seconds:g} seconds")
        self.seconds = seconds


class BodiesFull(Exception):
    """The space for the bodies of all requests is used up; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes of request bodies are in memory")
        self.limit = limit


class BodySpace:
    """What the large bodies of all requests may take at a time: each within its own limit, a crowd of them would not
    fit into memory, however slowly it is sent."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes
        self.used = 0


class Body:
    """One request's body. `idle_timeout` is in seconds and starts anew with every piece that arrives. What it takes of
    `space` it keeps until `close`."""

    __slots__ = ("_headers", "_idle_timeout", "_receive", "_space", "taken")

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], idle_timeout: float, space: BodySpace) -> None:
        self._receive = receive
        self._headers = headers
        self._idle_timeout = idle_timeout
        self._space = space
        self.taken = 0  # bytes of the space

    async def read(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes. Raises BodyTooLarge, BodyStalled, BodiesFull, ClientGone.

        A Content-Length above the limit is refused before a byte is read, and before `100 Continue` invites it.
        """
        declared = self._headers.get(b"content-length")
        if declared is not None and int(declared) > limit:  # the HTTP parser lets only digits through
            raise BodyTooLarge(limit)
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._next()
            if message["type"] != "http.request":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise BodyTooLarge(limit)
            if size > FREE_BYTES:
                self._take(size - FREE_BYTES - self.taken)
            if not message.get("more_body", False):
                if not pieces:
                    return piece
                pieces.append(piece)
                return b"".join(pieces)
            pieces.append(piece)

    async def _next(self) -> Any:
        """The next message. What has arrived already needs no clock, which costs 4 µs, a twentieth of a request."""
        steps = self._receive().__await__()
        try:
            waits_for = next(steps)
        except StopIteration as arrived:
            return arrived.value
        try:
            async with asyncio.timeout(self._idle_timeout):
                return await _Begun(waits_for, steps)
        except TimeoutError:
            raise BodyStalled(self._idle_timeout) from None

    def close(self) -> None:
        """Give the space back, once nobody needs the body any more."""
        self._space.used -= self.taken
        self.taken = 0

    def _take(self, size: int) -> None:
        """A body that is alone is let in whatever the space is: its own limit is enough."""
        space = self._space
        if space.used > self.taken and space.used + size > space.limit:
            raise BodiesFull(space.limit)
        space.used += size
        self.taken += size


class _Begun:
    """What is left of an awaitable that was begun and now waits for something."""

    __slots__ = ("_steps", "_waits_for")

    def __init__(self, waits_for: Any, steps: Generator[Any, Any, Any]) -> None:
        self._waits_for = waits_for
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            yield self._waits_for
        except BaseException as error:
            self._steps.throw(error)
            raise
        return (yield from self._steps)
