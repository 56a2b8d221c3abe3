"""Sending a body that comes in chunks, and noticing when nobody reads it any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import Any

from rowgate.http.body import Receive
from rowgate.http.exchange import RawHeaders


async def send_stream(
    scope: Mapping[str, Any],
    receive: Receive,
    send: Callable[[Any], Awaitable[None]],
    status: int,
    headers: RawHeaders,
    chunks: AsyncIterable[bytes],
) -> None:
    """Send `chunks` as they come. Raises what the iterator raises; the response then stays visibly unfinished.

    uvicorn drops what is sent to a closed connection without a word, so the client's leaving is watched for: the
    iterator is closed at the next chunk, and with it whatever it holds open in Postgres.
    """
    start = {"type": "http.response.start", "status": status, "headers": headers}
    try:
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        counted = any(name == b"content-length" for name, _ in headers)
        if scope["http_version"] == "1.0" and not counted:  # has no chunked coding (RFC 9112 section 7.1)
            whole = b"".join([chunk async for chunk in chunks])
            headers.append((b"content-length", str(len(whole)).encode()))
            await send(start)
            await send({"type": "http.response.body", "body": whole})
            return
        left = asyncio.ensure_future(_disconnected(receive))
        try:
            await send(start)
            async for chunk in chunks:
                if left.done():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await left
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


async def _disconnected(receive: Receive) -> None:
    """Return when the client is gone; leftover body events are passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass
