"""OpenAPI documents made once per catalog and per set of rights, off the event loop, and kept within bounds."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TypeAlias

from rowgate.bounded_cache import BoundedCache
from rowgate.postgres.catalog.records import Catalog
from rowgate.project.service_address import ServiceAddress

ENTRIES = 32  # kept at most, in each worker
BYTES = 16 * 1024 * 1024  # kept at most; a larger document is made anew each time it is asked for

Key: TypeAlias = tuple[int, str, bytes]  # catalog version, schema, digest of what may be used


class Documents:
    """The documents of one service. They depend on rights, not on roles: roles that may do the same share one."""

    def __init__(self, address: ServiceAddress, *, security: bool, entries: int = ENTRIES, size: int = BYTES) -> None:
        self._address = address
        self._security = security
        self._kept: BoundedCache[Key, bytes] = BoundedCache(entries, size, size)
        self._coming: dict[Key, asyncio.Task[bytes]] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def kept(self) -> tuple[int, int]:
        """How many are kept now, and their bytes."""
        return len(self._kept), self._kept.size

    async def document(self, catalog: Catalog, schema: str, accessible: tuple[bytes, bytes] | None) -> bytes:
        """The document of a schema for somebody who may use `accessible`, as `accessible_row` gives it; None shows all.

        Requests for a document that is being made wait for it together; one that goes away leaves it to the others.
        """
        rights = b"" if accessible is None else blake2b(b"\0".join(accessible), digest_size=16).digest()
        key = (catalog.version, schema, rights)
        if (kept := self._kept.get(key)) is not None:
            return kept
        if (coming := self._coming.get(key)) is None:
            coming = asyncio.create_task(self._made(key, catalog, accessible), name="openapi")
            coming.add_done_callback(_retrieve)
            self._coming[key] = coming
        return await asyncio.shield(coming)

    async def _made(self, key: Key, catalog: Catalog, accessible: tuple[bytes, bytes] | None) -> bytes:
        """One at a time: a crowd of roles after a reload leaves the processor to the other requests."""
        try:
            async with self._one_at_a_time:
                made = await asyncio.to_thread(_make, catalog, key[1], accessible, self._address, self._security)
        finally:
            del self._coming[key]
        self._kept.drop(lambda each: each[0] < key[0])
        self._kept.put(key, made, len(made))
        return made


def _make(
    catalog: Catalog, schema: str, accessible: tuple[bytes, bytes] | None, address: ServiceAddress, security: bool
) -> bytes:
    """Imported here: a worker that is never asked for a document does not carry what writes it."""
    from rowgate.postgres.catalog.accessible import read_accessible
    from rowgate.rest.openapi import document

    rights = None if accessible is None else read_accessible(accessible)
    return document(catalog, schema, rights, address, security=security)


def _retrieve(task: asyncio.Task[bytes]) -> None:
    """Take note of a failure whose callers have all gone, or asyncio would complain about it."""
    if not task.cancelled():
        task.exception()
