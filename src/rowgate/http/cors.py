"""Cross-origin rules: any origin may ask, because a request is let in by its credential and never by a cookie.

Fetch standard, "CORS protocol". Precomputed bytes: these headers go out with every response.
"""

from __future__ import annotations

from collections.abc import Mapping

from rowgate.http.exchange import RawHeaders

ALLOWED_METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD"
EXPOSED_HEADERS = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Profile, Location, Preference-Applied, Proxy-Status, "
    b"Range-Unit, Retry-After, WWW-Authenticate, X-Request-Id, X-Rowgate-Refusal"
)
DEFAULT_REQUEST_HEADERS = b"Authorization, Content-Type, apikey, X-Client-Info, Prefer, Accept-Profile, Content-Profile"
PREFLIGHT_SECONDS = b"86400"  # what upstream's gateway says; Chromium caps it at 7200
REQUEST_HEADERS_LIMIT = 4096  # bytes of Access-Control-Request-Headers we are willing to echo

# RFC 9110 section 5.6.2: the characters of a token; a list of names adds comma and blanks.
_TOKEN_LIST = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ, \t"

RESPONSE_HEADERS: RawHeaders = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED_HEADERS),
]


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request is a CORS preflight; a plain OPTIONS belongs to the service."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


def preflight_headers(headers: Mapping[bytes, bytes]) -> RawHeaders:
    """The headers that answer a preflight.

    The requested names are echoed when they are nothing but header names, because `*` does not cover Authorization and
    clients send names of their own (traceparent, x-retry-count); anything else gets the usual list instead.
    """
    requested = headers.get(b"access-control-request-headers", b"")
    echo = 0 < len(requested) <= REQUEST_HEADERS_LIMIT and not requested.translate(None, _TOKEN_LIST)
    return [
        *RESPONSE_HEADERS,
        (b"access-control-allow-methods", ALLOWED_METHODS),
        (b"access-control-allow-headers", requested if echo else DEFAULT_REQUEST_HEADERS),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        (b"vary", b"Access-Control-Request-Headers"),
    ]
