"""Requests kept whole, by the bytes of their bodies: a page asks the same again and again.

Reading such a body, looking up its plan and filling it in were 3 to 5 of the 15 µs that the service took. They are kept
by the schema's serial too, so that nothing outlives what the role may do.
"""

from __future__ import annotations

from rowgate.bounded_cache import BoundedCache
from rowgate.graphql.prepared import Ready
from rowgate.graphql.schema import Schema
from rowgate.postgres.statement import Access

ENTRIES = 512
BYTES = 4 * 1024 * 1024  # of all of them: an adversary's endless distinct bodies stay within it
BODY_BYTES = 16 * 1024  # a longer body is not looked for: its hash would cost more than it spares
ENTRY_BYTES = 64 * 1024  # with its plan, which it may outlive in the cache of plans
OVERHEAD = 1024  # bytes of records beside an entry's texts, roughly


class Repeats:
    """Requests ready to run. Writes are not kept: they hardly repeat, and may hold what should be kept nowhere."""

    def __init__(self) -> None:
        self._kept: BoundedCache[tuple[int, bytes], Ready] = BoundedCache(ENTRIES, BYTES, ENTRY_BYTES)

    @property
    def size(self) -> int:
        """The bytes that everything kept is accounted with."""
        return self._kept.size

    def get(self, schema: Schema, body: bytes) -> Ready | None:
        """What a body was found to ask."""
        return self._kept.get((schema.serial, body)) if len(body) <= BODY_BYTES else None

    def put(self, schema: Schema, body: bytes, ready: Ready) -> None:
        """Keep what a body asks."""
        if len(body) <= BODY_BYTES and ready.prepared.access is Access.READ_ONLY:
            self._kept.put((schema.serial, body), ready, OVERHEAD + len(body) + ready.taken + ready.prepared.size)
