"""A request's bytes as a record: what to execute, with which variables, and in which media type to answer.

https://graphql.github.io/graphql-over-http/draft/#sec-Request and #sec-Accept. Members of a body that the draft does
not name are ignored, as it wants; `extensions` say nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.http.media_types import parse_accept, parse_content_type
from rowgate.postgrest.errors import RestError

JSON = b"application/json; charset=utf-8"
RESPONSE_JSON = b"application/graphql-response+json; charset=utf-8"
# A client that takes either gets what upstream sends; the newer type is for those who ask for it by name.
WRITTEN: Mapping[str, bytes] = {
    "*/*": JSON,
    "application/*": JSON,
    "application/json": JSON,
    "application/graphql-response+json": RESPONSE_JSON,
}
UTF_8 = frozenset({"", "utf-8", "utf8"})


class GraphQLRequest(msgspec.Struct, frozen=True):
    """One request. `operation` is the name of the one to run; `variables` are as the client sent them."""

    query: str
    operation: str | None = None
    variables: Mapping[str, Json] = {}


class _Body(msgspec.Struct, frozen=True):
    query: str
    operationName: str | None = None  # noqa: N815 - the wire's name
    variables: Json = None


_DECODER = msgspec.json.Decoder(_Body)


def read_request(body: bytes) -> GraphQLRequest:
    """The request that a body holds.

    Raises RestError (400) where it holds none, in the draft's terms, and GraphQLError where its variables are not an
    object, which upstream finds only when it executes.
    """
    try:
        read = _DECODER.decode(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(body, error) from None
    variables = read.variables
    if variables is None:
        return GraphQLRequest(read.query, read.operationName)
    if not isinstance(variables, dict):
        raise GraphQLError("variables must be an object", nothing_ran=True)
    return GraphQLRequest(read.query, read.operationName, variables)


def _unreadable(body: bytes, error: Exception) -> RestError:
    """Why a body is no request, in words for whoever wrote the client."""
    try:
        found: Json = msgspec.json.decode(body)
    except RecursionError:
        return RestError(400, "PGRST102", "Empty or invalid json", "It is nested too deeply.")
    except ValueError as reason:
        said = "It is not UTF-8." if isinstance(reason, UnicodeDecodeError) else f"{reason}."
        return RestError(400, "PGRST102", "Empty or invalid json", said)
    if isinstance(found, list):
        message, hint = "Batches of requests are not served", "Send one request at a time, as a JSON object."
    elif not isinstance(found, dict):
        message, hint = "The body must be a JSON object", 'Send {"query": "…", "variables": {…}}.'
    elif not isinstance(found.get("query"), str):
        message = "The body has no text under the name query"
        hint = "Stored queries (by hash or id) are not served: send the query's text."
    elif not isinstance(found.get("operationName"), str | None):
        message, hint = "operationName must be a text or null", "Name an operation of the query, or leave it out."
    else:
        message, hint = "The body cannot be read", f"{error}."
    return RestError(400, "request_malformed", message, None, hint)


def accept_body(content_type: bytes | None) -> None:
    """Raises RestError (415) for a body that is not JSON in UTF-8. One of which nothing is said is taken for it, as
    upstream does."""
    if content_type is None or content_type == b"application/json":
        return
    given = parse_content_type(content_type)
    charset = next((value for name, value in given.parameters if name == "charset"), "")
    if given.name != "application/json" or charset.lower() not in UTF_8:
        said = content_type[:100].decode("latin-1")
        raise RestError(
            415,
            "content_type_unsupported",
            f"Content-Type not acceptable: {said}",
            None,
            "Send the request as application/json in UTF-8.",
        )


@lru_cache(256)
def negotiated(accept: bytes | None) -> bytes | None:
    """The media type of the answer, None where none that is accepted can be written."""
    for media in parse_accept(accept):
        if media.name in WRITTEN:
            return WRITTEN[media.name]
    return None
