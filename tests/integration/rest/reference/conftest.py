"""A database that holds the world of the reference tests, and a client whose statements are looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.statement import Result, Transaction
from rowgate.principal import Principal
from tests.integration.rest.conftest import loaded_catalog, made_database, opened
from tests.integration.rest.reference.world import MARK, schema
from tests.integration.rest.shop import Client


class Watched:
    """A runner that looks at every statement on its way: values travel beside it, never in it."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        assert MARK not in transaction.statement.sql
        result: Result = await self._runner.run(principal, transaction)
        return result

    async def stream(self, principal: Principal, transaction: Transaction, *more: Any) -> Result:
        assert MARK not in transaction.statement.sql
        result: Result = await self._runner.stream(principal, transaction, *more)
        return result


@pytest.fixture(scope="session")
def world_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, schema()) as url:
        yield url


@pytest.fixture(scope="session")
def world_catalog(world_url: str) -> Catalog:
    return loaded_catalog(world_url)


@pytest.fixture
async def world(world_url: str, world_catalog: Catalog, anyio_backend: str) -> AsyncIterator[Client]:
    async with opened(world_url) as made:
        yield Client(Watched(made), world_catalog).under(db_tx_end="rollback", db_max_rows=None)
