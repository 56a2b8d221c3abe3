"""One request and its response, as every dialect sees them: plain records, no framework on the data path."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from rowgate.identity.refusals import Refusal
from rowgate.principal import Principal

RawHeaders = list[tuple[bytes, bytes]]

BODILESS = frozenset({204, 304})  # statuses of answers without a body: RFC 9110 sections 15.3.5 and 15.4.5


class BodyTooLarge(Exception):
    """The request body passed the service's limit; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request body is larger than {limit} bytes")
        self.limit = limit


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


@dataclass(slots=True)
class Request:
    """A request below a service's prefix. `path` is percent-decoded and starts after the prefix (`/todos`).

    `raw_path` is the same and `query` its query string, both as received. `headers` are lower-cased names in order, as
    ASGI gives them. `read` reads the whole body, at most `limit` bytes (raises BodyTooLarge, ClientGone).
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: RawHeaders
    read: Callable[[int], Awaitable[bytes]]
    request_id: str = ""
    client: str | None = None
    arrived: float = 0.0  # by time.perf_counter

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(slots=True)
class Response:
    """What goes back. `body` is whole or comes in chunks; its `aclose`, where it has one, is called at the end."""

    status: int
    headers: RawHeaders
    body: bytes | AsyncIterable[bytes] = b""
    reason: bytes = b""  # of the status line, where it is not the status' own


class Service(Protocol):
    """A dialect behind the gateway. `prefix` is its path (`/rest/v1`)."""

    prefix: str

    async def answer(self, request: Request, principal: Principal) -> Response:
        """Serve a request for a verified principal. Raises nothing a client should see as a 500."""
        ...

    def refuse(self, refusal: Refusal) -> Response:
        """Render a refusal in the dialect's own error shape."""
        ...

    def too_large(self, limit: int) -> Response:
        """Render a 413 in the dialect's own error shape."""
        ...
