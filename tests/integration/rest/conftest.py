"""A database of this part's own, and a client of the REST service in front of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from rowgate.project.settings import DatabaseSettings
from tests.integration.rest.shop import PUBLIC_LOGIN, ROLES, SCHEMA, Client

CINEMA = Path(__file__).with_name("cinema.sql")


@contextmanager
def made_database(postgres_url: str, schema: str) -> Iterator[str]:
    """The superuser's URL of a new database with a schema in it."""
    name = f"rowgate_rest_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(ROLES.encode())
        superuser.execute(f"create database {name}".encode())
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(schema.encode())
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(f"drop database {name} with (force)".encode())


def public_url(url: str) -> str:
    """The public login's URL of a superuser's database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{PUBLIC_LOGIN}:public@{parts.hostname}:{parts.port}"))


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database of a URL as the public login sees it."""
    made = Database(public_url(url), None, DatabaseSettings(pool_size=2))
    await made.open()
    yield made
    await made.close(1.0)


def loaded_catalog(url: str, schemas: Sequence[str] = ("public",), further: Sequence[str] = ("extensions",)) -> Catalog:
    """The catalog of exposed schemas and of further ones on the search path."""

    async def loaded() -> Catalog:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await load(connection, schemas, further, 1)

    return asyncio.run(loaded())


@pytest.fixture(scope="session")
def shop_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, SCHEMA) as url:
        yield url


@pytest.fixture
async def database(shop_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    async with opened(shop_url) as made:
        yield made


@pytest.fixture(scope="session")
def catalog(shop_url: str) -> Catalog:
    return loaded_catalog(shop_url)


@pytest.fixture(scope="session")
def cinema_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, CINEMA.read_text()) as url:
        yield url


@pytest.fixture(scope="session")
def cinema_catalog(cinema_url: str) -> Catalog:
    return loaded_catalog(cinema_url)


@pytest.fixture
async def cinema(cinema_url: str, cinema_catalog: Catalog, anyio_backend: str) -> AsyncIterator[Client]:
    """A client of the documented-behaviour tests; every write of it is answered and rolled back."""
    async with opened(cinema_url) as made:
        yield Client(made, cinema_catalog).under(db_tx_end="rollback-allow-override", db_plan_enabled=True)


@pytest.fixture
def rest(database: Database, catalog: Catalog) -> Client:
    return Client(database, catalog)


@pytest.fixture
def undoing(rest: Client) -> Client:
    """A client whose writes are answered and then rolled back."""
    return rest.under(db_tx_end="rollback")
