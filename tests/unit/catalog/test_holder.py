"""The catalog in use is replaced whole, by one run at a time."""

from __future__ import annotations

import asyncio

import pytest

from rowgate.postgres.catalog.holder import CatalogHolder
from rowgate.postgres.catalog.records import Catalog

pytestmark = pytest.mark.anyio


def empty(version: int) -> Catalog:
    return Catalog(version, 180000, (), {}, {}, {}, {})


class Loader:
    """Waits at a gate in each run; counts how many run at a time."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.running = self.most = self.runs = 0
        self.failing = False

    async def __call__(self, version: int) -> Catalog:
        self.runs += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gate.wait()
            if self.failing:
                raise ConnectionError("gone")
            return empty(version)
        finally:
            self.running -= 1


async def test_many_calls_make_two_runs_and_the_later_ones_share_the_second() -> None:
    loader = Loader()
    holder = CatalogHolder(loader)
    first = asyncio.create_task(holder.reload())
    while not loader.running:
        await asyncio.sleep(0)
    later = [asyncio.create_task(holder.reload()) for _ in range(5)]
    await asyncio.sleep(0)
    loader.gate.set()
    assert (await first).version == 1
    assert {(await task).version for task in later} == {2}
    assert (loader.runs, loader.most) == (2, 1)
    assert holder.current == empty(2)


async def test_a_failed_reload_keeps_the_old_catalog_and_the_next_one_works() -> None:
    loader = Loader()
    loader.gate.set()
    holder = CatalogHolder(loader)
    assert holder.current is None
    kept = await holder.reload()
    loader.failing = True
    with pytest.raises(ConnectionError):
        await holder.reload()
    assert holder.current is kept
    loader.failing = False
    assert (await holder.reload()).version > kept.version


async def test_a_cancelled_caller_leaves_the_run_to_the_others() -> None:
    loader = Loader()
    holder = CatalogHolder(loader)
    leaving = asyncio.create_task(holder.reload())
    staying = asyncio.create_task(holder.reload())
    while not loader.running:
        await asyncio.sleep(0)
    leaving.cancel()
    loader.gate.set()
    assert (await staying).version == 1
