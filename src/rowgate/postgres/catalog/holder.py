"""The catalog in use, and how it is replaced while requests run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from rowgate.postgres.catalog.records import Catalog


class CatalogHolder:
    """Holds the current catalog. `load` is called with the version to give and returns a catalog.

    Requests read `current` and keep what they got; a reload replaces it whole. A reload that fails leaves the old
    one in place.
    """

    def __init__(self, load: Callable[[int], Awaitable[Catalog]]) -> None:
        self._load = load
        self._version = 0
        self._one_at_a_time = asyncio.Lock()
        self._coming: asyncio.Task[Catalog] | None = None
        self.current: Catalog | None = None
        self.loads = 0  # that succeeded
        self.failures = 0
        self.seconds = 0.0  # of the last load that succeeded

    async def reload(self) -> Catalog:
        """Load the catalog anew and return it. Raises what `load` raises.

        Calls join a run that has not begun. One that has may have missed the change they are about, so all of them
        share the next. A caller that is cancelled leaves its run to the others.
        """
        if self._coming is None:
            self._coming = asyncio.create_task(self._run())
            self._coming.add_done_callback(_retrieve)
        return await asyncio.shield(self._coming)

    async def _run(self) -> Catalog:
        async with self._one_at_a_time:
            self._coming = None
            self._version += 1
            began = monotonic()
            try:
                catalog = await self._load(self._version)
            except Exception:
                self.failures += 1
                raise
            self.current = catalog
            self.loads += 1
            self.seconds = monotonic() - began
            return catalog


def _retrieve(task: asyncio.Task[Catalog]) -> None:
    """Take note of a failure whose callers have all gone, or asyncio would complain about it."""
    if not task.cancelled():
        task.exception()
