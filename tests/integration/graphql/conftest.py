"""The databases of the garden, the bakery and the music, and who asks them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from tests.integration.graphql.bakery import Api, World, made_bakery, served
from tests.integration.graphql.garden import SCHEMA, Gardener
from tests.integration.graphql.reading import Reader, reader_of
from tests.integration.rest.conftest import loaded_catalog, made_database, opened

MUSIC = (Path(__file__).parent / "music.sql").read_text(encoding="utf-8")


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


@pytest.fixture(scope="package")
def music_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, MUSIC) as url:
        yield url


@pytest.fixture(scope="package")
def music(music_url: str) -> Iterator[Reader]:
    with reader_of(music_url) as reader:
        yield reader


@pytest.fixture(scope="package")
def bakery(postgres_url: str) -> Iterator[World]:
    with made_bakery(postgres_url) as made:
        yield made


@pytest.fixture
def world(bakery: World) -> World:
    bakery.clean()
    return bakery


@pytest.fixture
async def api(world: World, anyio_backend: str) -> AsyncIterator[Api]:
    async with served(world) as made:
        yield made
