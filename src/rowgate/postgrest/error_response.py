"""An error as an answer, in the shape that every client of PostgREST's reads."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rowgate.http.exchange import BODILESS, RawHeaders, Response
from rowgate.http.spool import Spool
from rowgate.postgrest.errors import Details, RestError
from rowgate.postgrest.said import HEADER_NAME

# Characters of a text in an error. It may quote a name or a value of the request, and one as long as a body would be
# held, twice over, for as long as its reader likes.
SAID_LIMIT = 64 * 1024
VARY = (b"vary", b"Accept, Prefer, Range")  # RFC 9110 section 12.5.5: the headers a representation is chosen by


def error_response(error: RestError, beside: Mapping[str, object] | None = None) -> Response:
    """An error in PostgREST's shape, its code in Proxy-Status (RFC 9209) too; with further members `beside` it."""
    body = msgspec.json.encode(
        {
            "code": error.code,
            "details": cut(error.details),
            "hint": cut(error.hint),
            "message": cut(error.message),
            **(beside or {}),
        }
    )
    headers: RawHeaders = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        VARY,
    ]
    if HEADER_NAME.fullmatch(error.code):
        headers.append((b"proxy-status", b"PostgREST; error=" + error.code.encode()))
    named = {name for name, _ in error.headers}
    response = framed(error.status, [each for each in headers if each[0] not in named] + list(error.headers), body)
    response.reason = error.reason
    return response


def cut(said: Details) -> Details:
    """A text of an error, within the limit."""
    return said[:SAID_LIMIT] + "…" if isinstance(said, str) and len(said) > SAID_LIMIT else said


def framed(status: int, headers: RawHeaders, body: bytes | Spool) -> Response:
    """Some statuses that SQL may choose have no body, and no length of one."""
    if status in BODILESS:
        return Response(status, [each for each in headers if each[0] != b"content-length"], b"")
    return Response(status, headers, body)
