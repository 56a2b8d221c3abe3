"""Results → bytes. Pure.

What an operation answers is put together from the texts that Postgres wrote; nothing is decoded on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from rowgate.graphql.prepared import Fixed, Prepared
from rowgate.graphql.request import RESPONSE_JSON
from rowgate.http.exchange import Response
from rowgate.postgres.statement import Result
from rowgate.postgrest.error_response import cut, error_response
from rowgate.postgrest.errors import RestError

VARY = (b"vary", b"Accept")  # RFC 9110 section 12.5.5


def answer(prepared: Prepared, results: Sequence[Result], content_type: bytes) -> Response:
    """What an operation answers; `results` are those of its statements."""
    parts = prepared.parts
    if parts is None:
        return failed(prepared.errors, content_type, nothing_ran=prepared.nothing_ran)
    pieces = [b'{"data":{']
    for part in parts:
        value = part.json if isinstance(part, Fixed) else results[part.statement].rows[0][part.column]
        key = b'%b"%b":' % (b"," if len(pieces) > 1 else b"", part.key.encode())
        pieces += (key, b"null" if value is None else value)
    pieces.append(b'},"errors":%b}' % _errors(prepared.errors) if prepared.errors else b"}}")
    return _response(200, b"".join(pieces), content_type)  # a large value is copied once


def failed(messages: Iterable[str], content_type: bytes, *, nothing_ran: bool = False) -> Response:
    """Errors without data. Where nothing ran there is no `data` at all, and the answer of the newer media type says so
    by its status: https://graphql.github.io/graphql-over-http/draft/#sec-application-graphql-response-json"""
    data = b"" if nothing_ran else b'"data":null,'
    status = 400 if nothing_ran and content_type is RESPONSE_JSON else 200
    return _response(status, b'{%b"errors":%b}' % (data, _errors(messages)), content_type)


def refused(error: RestError) -> Response:
    """A request that never became an operation, as upstream answers it: in PostgREST's shape, which names code and
    hint, with the `errors` that a client of GraphQL shows beside it."""
    return error_response(error, {"errors": [{"message": cut(error.message)}]})


def _errors(messages: Iterable[str]) -> bytes:
    return msgspec.json.encode([{"message": cut(message)} for message in messages])


def _response(status: int, body: bytes, content_type: bytes) -> Response:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), VARY]
    return Response(status, headers, body)
