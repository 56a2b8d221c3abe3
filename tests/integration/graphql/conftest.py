"""The garden's database, and somebody who asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from tests.integration.graphql.garden import SCHEMA, Gardener
from tests.integration.rest.conftest import loaded_catalog, made_database, opened


@pytest.fixture(scope="package")
def garden_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, SCHEMA) as url:
        yield url


@pytest.fixture(scope="package")
def garden_catalog(garden_url: str) -> Catalog:
    return loaded_catalog(garden_url, further=("public", "extensions"))


@pytest.fixture
async def garden_database(garden_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    async with opened(garden_url) as made:
        yield made


@pytest.fixture
def ask(garden_database: Database, garden_catalog: Catalog) -> Gardener:
    return Gardener(garden_database, lambda: garden_catalog)
