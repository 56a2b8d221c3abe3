"""OpenAPI documents made once per catalog and per set of rights, off the event loop, and kept within bounds."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from hashlib import blake2b
from typing import TypeAlias

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
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._coming: dict[Key, asyncio.Task[bytes]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._entries = entries
        self._limit = size
        self.size = 0  # bytes kept now

    def __len__(self) -> int:
        return len(self._kept)

    async def document(self, catalog: Catalog, schema: str, accessible: tuple[bytes, bytes] | None) -> bytes:
        """The document of a schema for somebody who may use `accessible`, as `accessible_row` gives it; None shows all.

        Requests for a document that is being made wait for it together; one that goes away leaves it to the others.
        """
        rights = b"" if accessible is None else blake2b(b"\0".join(accessible), digest_size=16).digest()
        key = (catalog.version, schema, rights)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
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
        self._keep(key, made)
        return made

    def _keep(self, key: Key, made: bytes) -> None:
        for outdated in [each for each in self._kept if each[0] < key[0]]:
            self.size -= len(self._kept.pop(outdated))
        if len(made) > self._limit:
            return
        self._kept[key] = made
        self.size += len(made)
        while len(self._kept) > self._entries or self.size > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self.size -= len(dropped)


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
