"""Request bodies as the vendors take them: JSON or a form, bounded in size."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

BODY_LIMIT = 1024 * 1024  # bytes

T = TypeVar("T")


class BadBody(Exception):
    """The body cannot be read; the text says why. `status` is 400 or 413."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def read_bytes(request: Request) -> bytes:
    """The body, at most BODY_LIMIT bytes. Raises BadBody 413."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks.extend(chunk)
        if len(chunks) > BODY_LIMIT:
            raise BadBody(f"The body is larger than {BODY_LIMIT} bytes.", 413)
    return bytes(chunks)


async def read_members(request: Request) -> dict[str, Any]:
    """The members of a JSON object or the fields of a form, by Content-Type. An empty body has none. Raises BadBody."""
    raw = await read_bytes(request)
    if not raw.strip():
        return {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            return dict(parse_qsl(raw.decode(), keep_blank_values=True))
        except ValueError:
            raise BadBody("The form is not UTF-8.") from None
    return _decode(raw, dict[str, Any])


async def read_record(request: Request, record: type[T]) -> T:
    """A JSON body as a record; an empty body is an empty object. Raises BadBody with the place that does not fit."""
    return _decode(await read_bytes(request) or b"{}", record)


def _decode(raw: bytes, record: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBody(f"The body does not fit: {error}") from None
    except RecursionError:
        raise BadBody("The body is nested too deep.") from None
