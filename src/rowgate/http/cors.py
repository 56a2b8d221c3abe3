"""Cross-origin rules: any origin may ask, because a request is let in by its credential and never by a cookie.

Fetch standard, "CORS protocol"; the words of the answers are PostgREST's
(https://docs.postgrest.org/en/v14/references/api/cors.html). Precomputed bytes: these headers go out with every
response.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rowgate.http.exchange import RawHeaders, Response

ALLOWED_METHODS = b"GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
EXPOSED_HEADERS = (
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
    b"Range-Unit"
)
# What a page needs to say why it was refused and when to try again; PostgREST keeps these from it.
EXPOSED_ON_ERRORS = EXPOSED_HEADERS + b", Proxy-Status, Retry-After, WWW-Authenticate, X-Request-Id, X-Rowgate-Refusal"
SAFELISTED = b"Accept, Accept-Language, Content-Language"  # what the standard lets through anyway
USUAL_REQUEST_HEADERS = b"Content-Type, apikey, X-Client-Info, Prefer, Accept-Profile, Content-Profile"
PREFLIGHT_SECONDS = b"86400"  # what upstream says; Chromium caps it at 7200
REQUEST_HEADERS_LIMIT = 4096  # bytes of Access-Control-Request-Headers we are willing to echo

# RFC 9110 section 5.6.2: the characters of a token; a list of names adds comma and blanks.
_TOKEN_LIST = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ, \t"
_ANY = (b"access-control-allow-origin", b"*")
_VARY = (b"vary", b"Origin")


class CorsPolicy:
    """Which pages may read answers: those of every origin, or of a list."""

    def __init__(self, origins: Collection[str] = ()) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        self._answer: RawHeaders = [_ANY, (b"access-control-expose-headers", EXPOSED_HEADERS)]
        self._error: RawHeaders = [_ANY, (b"access-control-expose-headers", EXPOSED_ON_ERRORS)]

    def headers(self, request: Mapping[bytes, bytes], status: int) -> RawHeaders:
        """What a response of that status carries. With a list, nothing for an origin that is not on it: the page's
        browser then keeps the answer from it."""
        kept = self._error if status >= 400 else self._answer
        if not self._origins:
            return kept
        return [*self._named(request), kept[1], _VARY] if request.get(b"origin") in self._origins else [_VARY]

    def preflight(self, request: Mapping[bytes, bytes]) -> Response:
        """Answer a preflight.

        The requested names are echoed when they are nothing but header names, because `*` does not cover Authorization
        and clients send names of their own (traceparent, x-retry-count); anything else gets the usual list instead.
        """
        empty = [(b"content-length", b"0")]
        if self._origins and request.get(b"origin") not in self._origins:
            return Response(200, empty)  # `headers` says of any answer that it varies by origin
        requested = request.get(b"access-control-request-headers", b"")
        echo = 0 < len(requested) <= REQUEST_HEADERS_LIMIT and not requested.translate(None, _TOKEN_LIST)
        names = [name.strip() for name in (requested if echo else USUAL_REQUEST_HEADERS).split(b",")]
        return Response(
            200,
            [
                *(self._named(request) if self._origins else [_ANY]),
                (b"access-control-allow-methods", ALLOWED_METHODS),
                (b"access-control-allow-headers", b", ".join([b"Authorization", *names, SAFELISTED])),
                (b"access-control-max-age", PREFLIGHT_SECONDS),
                (
                    b"vary",
                    b"Origin, Access-Control-Request-Headers" if self._origins else b"Access-Control-Request-Headers",
                ),
                *empty,
            ],
        )

    def _named(self, request: Mapping[bytes, bytes]) -> RawHeaders:
        return [
            (b"access-control-allow-origin", request[b"origin"]),
            (b"access-control-allow-credentials", b"true"),
        ]


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request is a CORS preflight; a plain OPTIONS belongs to the service."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
