"""Where a request's credentials lie: two headers and one query parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from rowgate.http.exchange import RawHeaders
from rowgate.identity.refusals import Refusal, refusal

_KEY_PARAMETER = b"apikey="


class Credentials(NamedTuple):
    """What was presented, and the query string without the key: no service, log line or setting sees it there."""

    authorization: bytes | None
    apikey: bytes | None
    query: bytes


def credentials(raw: RawHeaders, headers: Mapping[bytes, bytes], query: bytes) -> Credentials | Refusal:
    """Find the credentials of a request; `headers` are the same fields as `raw`, as a mapping.

    A header that comes twice with different values is refused: two parsers on the way may choose differently, and
    whoever chose the other one has let somebody else in (RFC 9110 section 5.3 allows neither to be a list).
    """
    if len(headers) != len(raw):
        for name in (b"authorization", b"apikey"):
            if name in headers and len({value for field, value in raw if field == name}) > 1:
                return refusal(
                    "credentials_conflict",
                    f"The header {name.decode()} was sent more than once with different values.",
                    "Send each credential once. A proxy in front may be adding its own.",
                )
    apikey = headers.get(b"apikey")
    if query.find(_KEY_PARAMETER) >= 0:  # `in` is five times slower on bytes, CPython tries an integer first
        pairs = query.split(b"&")
        keys = {unquote_to_bytes(pair[len(_KEY_PARAMETER) :]) for pair in pairs if pair.startswith(_KEY_PARAMETER)}
        if len(keys) > 1:
            return refusal(
                "credentials_conflict", "The query holds more than one apikey, with different values.", "Send it once."
            )
        if apikey is None and keys:  # the header wins, as at upstream's gateway
            apikey = keys.pop()
        query = b"&".join([pair for pair in pairs if not pair.startswith(_KEY_PARAMETER)])
    return Credentials(headers.get(b"authorization"), apikey, query)
