"""A database of this part's own, and a client of the REST service in front of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from rowgate.project.settings import DatabaseSettings
from tests.integration.rest.shop import PUBLIC_LOGIN, ROLES, SCHEMA, Client


@pytest.fixture(scope="session")
def shop_url(postgres_url: str) -> Iterator[str]:
    """The superuser's URL of a database with the shop in it."""
    name = f"rowgate_rest_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(ROLES.encode())
        superuser.execute(f"create database {name}".encode())
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(SCHEMA.encode())
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
async def database(shop_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    parts = urlsplit(shop_url)
    public = urlunsplit(parts._replace(netloc=f"{PUBLIC_LOGIN}:public@{parts.hostname}:{parts.port}"))
    made = Database(public, None, DatabaseSettings(pool_size=2))
    await made.open()
    yield made
    await made.close(1.0)


@pytest.fixture(scope="session")
def catalog(shop_url: str) -> Catalog:
    async def loaded() -> Catalog:
        async with await psycopg.AsyncConnection.connect(shop_url, autocommit=True) as connection:
            return await load(connection, ["public"], ["extensions"], 1)

    return asyncio.run(loaded())


@pytest.fixture
def rest(database: Database, catalog: Catalog) -> Client:
    return Client(database, catalog)


@pytest.fixture
def undoing(rest: Client) -> Client:
    """A client whose writes are answered and then rolled back."""
    return rest.under(db_tx_end="rollback")
