"""What is kept of requests for the next: plans by shape, whatever the values, and whole requests by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from rowgate.bounded_cache import BoundedCache
from rowgate.http.exchange import RawHeaders, Request
from rowgate.postgres.catalog.records import Catalog
from rowgate.project.settings import RestSettings
from rowgate.rest.lifting import Asked, lift, lift_body
from rowgate.rest.prepared import Prepared, Ready, prepare
from rowgate.rest.request import parse, with_payload
from rowgate.rest.resource import Resource, resource_of
from rowgate.rest.syntax import Payload, Range, RestRequest

ENTRIES = 2048  # kept at most
REPEATED = 512  # whole requests kept: what a list of ten costs without is 9 µs more, and each holds some 3 kB
BYTES = 16 * 1024 * 1024  # of keys and SQL kept at most: an adversary's endless distinct requests stay within it
ENTRY_BYTES = 64 * 1024  # a longer one is not kept
OVERHEAD = 2048  # bytes of records beside an entry's texts, roughly
TEXT_WEIGHT = 8  # how often a text of a request counts: the records made of it weigh several times as much
WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
HEARD = frozenset({b"accept", b"prefer", b"accept-profile", b"content-profile", b"content-type", b"range"})


class Draft(msgspec.Struct, frozen=True):
    """A request whose body is still to come, and what of it was heard."""

    shape: Hashable
    request: RestRequest
    asked: Asked
    raw_path: bytes
    query: bytes
    heard: RawHeaders


Kept = TypeVar("Kept")
Lift: TypeAlias = Callable[[str, Resource, bytes, RawHeaders, RestSettings], Asked]
Parse: TypeAlias = Callable[[str, Resource, Asked, RawHeaders, RestSettings], RestRequest]


class PlanCache:
    """Requests made ready to run, by `lift` and `parse` where they are not kept. Everything here raises RestError for a
    request that cannot be."""

    def __init__(self, settings: RestSettings, lift: Lift = lift, parse: Parse = parse) -> None:
        self._settings = settings
        self._lift = lift
        self._parse = parse
        self._repeated: BoundedCache[Hashable, Ready] = _cache(REPEATED)
        self._drafts: BoundedCache[Hashable, RestRequest] = _cache()
        self._plans: BoundedCache[Hashable, Prepared] = _cache()

    @property
    def size(self) -> int:
        """The bytes that everything kept is accounted with."""
        return self._repeated.size + self._drafts.size + self._plans.size

    def ready(self, request: Request, catalog: Catalog) -> Ready:
        """A request without a body."""
        heard = heard_headers(request)
        exact = exact_key(request, heard, catalog.version)
        repeated = self._repeated.get(exact)
        if repeated is not None:
            return repeated
        resource = resource_of(request.raw_path, self._settings)
        asked = self._lift(request.method, resource, request.query, heard, self._settings)
        shape = shape_key(request, heard, asked, catalog.version)
        prepared = self._plans.get(shape)
        if prepared is None:
            parsed = self._parse(request.method, resource, asked, request.headers, self._settings)
            prepared = prepare(parsed, catalog, self._settings)
            self._plans.put(shape, prepared, _weight(request, heard) + prepared.size)
        assert isinstance(asked.rows, Range), "the parser has refused any other"
        ready = prepared.ready(request.query, asked.values, asked.rows)
        self._repeated.put(exact, ready, _weight(request, heard))
        return ready

    def draft(self, request: Request, catalog: Catalog) -> Draft:
        """A request that may have a body, refused before it is read where the rest of it will not do."""
        heard = heard_headers(request)
        resource = resource_of(request.raw_path, self._settings)
        asked = self._lift(request.method, resource, request.query, heard, self._settings)
        shape = shape_key(request, heard, asked, catalog.version)
        parsed = self._drafts.get(shape)
        if parsed is None:
            parsed = self._parse(request.method, resource, asked, request.headers, self._settings)
            self._drafts.put(shape, parsed, _weight(request, heard))
        return Draft(shape, parsed, asked, request.raw_path, request.query, heard)

    def complete(self, draft: Draft, body: bytes | Payload, catalog: Catalog) -> Ready:
        """The request of a draft, with its body, which may have been read already."""
        parsed, values = with_payload(draft.request, body), draft.asked.values
        if parsed.payload is not None:
            payload, values = lift_body(parsed.payload, values)
            parsed = replace(parsed, payload=payload)
        key = (draft.shape, parsed.payload)
        prepared = self._plans.get(key)
        if prepared is None:
            prepared = prepare(parsed, catalog, self._settings)
            self._plans.put(key, prepared, _weight(draft, draft.heard) + _names(parsed.payload) + prepared.size)
        assert isinstance(draft.asked.rows, Range), "the parser has refused any other"
        return prepared.ready(draft.query, values, draft.asked.rows)


def heard_headers(request: Request) -> RawHeaders:
    """Every header the parser looks at."""
    return [each for each in request.headers if each[0] in HEARD]


def exact_key(request: Request, heard: RawHeaders, version: int) -> Hashable:
    """What a request without a body is, byte by byte: two that agree in this are the same request."""
    return (version, request.method, request.raw_path, request.query, *heard)


def shape_key(request: Request, heard: RawHeaders, asked: Asked, version: int) -> Hashable:
    """What the shape of a request is, but for its body. A window that cannot be is no window of another request."""
    shaping = [each for each in heard if each[0] != b"range"]  # what that says is lifted
    return (version, request.method, request.raw_path, asked.pairs, asked.window, *shaping)


def _cache(entries: int = ENTRIES) -> BoundedCache[Hashable, Kept]:
    return BoundedCache(entries, BYTES, ENTRY_BYTES)


def _weight(request: Request | Draft, heard: RawHeaders) -> int:
    texts = len(request.raw_path) + len(request.query) + sum(len(value) for _, value in heard)
    return OVERHEAD + TEXT_WEIGHT * texts


def _names(payload: Payload | None) -> int:
    if payload is None:
        return 0
    return TEXT_WEIGHT * (sum(map(len, payload.columns)) + sum(len(name) for name, _ in payload.pairs))
