"""Operations made ready, kept for all requests that differ in nothing but values.

A plan depends on the text of its document, on the name of the operation, on the role's schema, on the shape of the
variables, and on what its making looked at of their values: its pins. So a look-up takes two steps: everything but the
values leads to the sets of pins that plans of this kind have had, and what a request's values are there to its plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import TypeAlias

import msgspec

from rowgate.bounded_cache import BoundedCache
from rowgate.graphql.document import Operation, read_operation
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json, Pin, Trace, at
from rowgate.graphql.limits import Limits
from rowgate.graphql.prepared import Prepared
from rowgate.graphql.request import GraphQLRequest
from rowgate.graphql.schema import Schema
from rowgate.graphql.scope import Scope
from rowgate.graphql.shape import shape_of, weight
from rowgate.postgres.statement import Access

ENTRIES = 4096  # plans and sets of pins kept at most
BYTES = 32 * 1024 * 1024  # of them together: an adversary's endless distinct requests stay within it
ENTRY_BYTES = 128 * 1024  # a larger one is kept among the large
LARGE_ENTRIES = 64  # introspection takes 20 KB for each table
LARGE_BYTES = 32 * 1024 * 1024
LARGE_ENTRY_BYTES = 24 * 1024 * 1024  # that of 1,000 tables takes half a second to make anew
DOCUMENTS = 128  # whose plans depend on values are read once all the same; a document is hundreds of records
DOCUMENT_BYTES = 8 * 1024 * 1024
VARIANTS = 16  # sets of pins of one shape; plans of the oldest are made anew
MANY_TYPES = 500  # whose description takes more than 20 ms
LONG = 2_000  # characters of a document: they may be 500 tokens, which take 10 ms
OVERHEAD = 1024  # bytes of records beside an entry's texts, roughly
TEXT_WEIGHT = 2  # of a query's text in a key, and of its literals among the parameters
PIN_WEIGHT = 256  # of a pin with its path and what it read
NODE_WEIGHT = 80  # of a character of a query, as nodes (measured)

_Key: TypeAlias = tuple[str, str | None, int, Hashable]
Prepare: TypeAlias = Callable[[Operation, Scope, Schema, Limits], Prepared]


class Pinned(msgspec.Struct, frozen=True, gc=False):
    """The sets of pins that plans of one shape have had, by number."""

    variants: tuple[tuple[int, tuple[Pin, ...]], ...]


class PlanCache:
    """Requests made ready to run, by `prepare` where they are not kept."""

    def __init__(self, limits: Limits, prepare: Prepare) -> None:
        self._limits = limits
        self._prepare = prepare
        self._kept: BoundedCache[Hashable, Prepared | Pinned] = BoundedCache(ENTRIES, BYTES, ENTRY_BYTES)
        self._large: BoundedCache[Hashable, Prepared | Pinned] = BoundedCache(
            LARGE_ENTRIES, LARGE_BYTES, LARGE_ENTRY_BYTES
        )
        self._documents: BoundedCache[Hashable, Operation] = BoundedCache(DOCUMENTS, DOCUMENT_BYTES, DOCUMENT_BYTES)
        self._variants = 0  # sets of pins there have been
        self._lock = Lock()  # around the three: plans are made in a thread as well
        # One at a time: threads share the interpreter with the event loop, which would get a small part of it.
        self._aside = asyncio.Semaphore(1)

    @property
    def size(self) -> int:
        """The bytes that everything kept is accounted with."""
        return self._kept.size + self._large.size + self._documents.size

    def ready(self, request: GraphQLRequest, schema: Schema) -> Prepared:
        """The operation of a request made ready, or made an answer that says why it cannot be. Raises nothing."""
        sought = self._sought(request, schema)
        if isinstance(sought, Prepared):
            return sought
        trace = Trace()
        prepared = self._planned(request, schema, trace)
        self._put(sought, trace, prepared, request.variables)
        return prepared

    async def ready_aside(self, request: GraphQLRequest, schema: Schema, *, look: bool = True) -> Prepared:
        """As `ready`; but what has to be made is made in a thread, while the event loop serves others. Without `look`
        it is also looked for there: what there are of variables takes long to look at."""
        sought = self._sought(request, schema) if look else None
        if isinstance(sought, Prepared):
            return sought
        async with self._aside:
            return await asyncio.to_thread(self.ready, request, schema)

    def _sought(self, request: GraphQLRequest, schema: Schema) -> Prepared | _Key:
        """What is kept of a request, or under which key it is not."""
        variables = request.variables
        try:
            shape = shape_of(variables) if variables else ()
        except GraphQLError as error:
            return refused(error)
        key = (request.query, request.operation, schema.serial, shape)
        kept = self._found(key)
        if isinstance(kept, Prepared):
            return kept
        if kept is not None:
            for number, pins in kept.variants:
                try:
                    values = _read(pins, variables)
                except IndexError:
                    continue  # rows of one shape, fewer of them
                prepared = self._found((number, values))
                if isinstance(prepared, Prepared):
                    return prepared
        return key

    def _planned(self, request: GraphQLRequest, schema: Schema, trace: Trace) -> Prepared:
        try:
            operation = self._operation(request)
            scope = Scope(request.variables, operation.defaults, operation.fragments, trace)
            return self._prepare(operation, scope, schema, self._limits)
        except GraphQLError as error:
            return refused(error)
        except RecursionError:
            return refused(GraphQLError("Query is nested too deeply", nothing_ran=True))

    def _operation(self, request: GraphQLRequest) -> Operation:
        key = (request.query, request.operation)
        with self._lock:
            operation = self._documents.get(key)
        if operation is None:
            operation = read_operation(request.query, request.operation, self._limits)
            with self._lock:
                self._documents.put(key, operation, OVERHEAD + NODE_WEIGHT * len(request.query))
        return operation

    def _put(self, key: _Key, trace: Trace, prepared: Prepared, variables: Mapping[str, Json]) -> None:
        pins = tuple(dict.fromkeys(trace.pins))
        texts = OVERHEAD + TEXT_WEIGHT * len(key[0]) + weight(key[3])
        size = prepared.size + sum(map(len, prepared.errors))
        if not pins:
            self._store(key, prepared, texts + size)
            return
        kept = self._found(key)
        variants = kept.variants if isinstance(kept, Pinned) else ()
        number = next((number for number, its in variants if its == pins), None)
        if number is None:
            number = self._variants = self._variants + 1
            variants = ((number, pins), *variants[: VARIANTS - 1])
            self._store(key, Pinned(variants), texts + PIN_WEIGHT * sum(len(its) for _, its in variants))
        values = _read(pins, variables)
        self._store((number, values), prepared, OVERHEAD + weight(values) + TEXT_WEIGHT * len(key[0]) + size)

    def _store(self, key: Hashable, value: Prepared | Pinned, size: int) -> None:
        with self._lock:
            (self._kept if size <= ENTRY_BYTES else self._large).put(key, value, size)

    def _found(self, key: Hashable) -> Prepared | Pinned | None:
        with self._lock:
            return self._kept.get(key) or self._large.get(key)


def takes_long(request: GraphQLRequest, schema: Schema) -> bool:
    """Whether others should be served while a request is made ready: where it may ask to describe a large schema, or
    its text is long."""
    if len(request.query) > LONG:
        return True
    return len(schema.types) > MANY_TYPES and ("__schema" in request.query or "__type" in request.query)


def refused(error: GraphQLError) -> Prepared:
    """An answer without data."""
    return Prepared(Access.READ_ONLY, (), None, (error.message,), error.nothing_ran)


def _read(pins: tuple[Pin, ...], variables: Mapping[str, Json]) -> tuple[Hashable, ...]:
    return tuple([pin.read(at(variables, pin.path)) for pin in pins])
