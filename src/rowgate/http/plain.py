"""The gateway's own answers, for what no service can answer. Errors have the four members every client here reads."""

from __future__ import annotations

import msgspec

from rowgate.http.exchange import Response
from rowgate.identity.refusals import Refusal

_JSON = (b"content-type", b"application/json; charset=utf-8")
_NO_STORE = (b"cache-control", b"no-store")


def document(status: int, content: object) -> Response:
    """A JSON answer that no cache keeps."""
    return Response(status, [_JSON, _NO_STORE], msgspec.json.encode(content))


def failure(status: int, code: str, message: str, hint: str | None = None, retry_after: int | None = None) -> Response:
    """A JSON error: what happened, and what to do next. `retry_after` in seconds."""
    response = document(status, {"code": code, "message": message, "details": None, "hint": hint})
    if retry_after is not None:
        response.headers.append((b"retry-after", str(retry_after).encode()))
    return response


def refused(refusal: Refusal) -> Response:
    """A refusal outside of any service's error shape."""
    return failure(refusal.status, refusal.code, refusal.message, refusal.hint)
