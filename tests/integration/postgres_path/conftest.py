"""A database of this part's own, with the two logins a served database has."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from rowgate.postgres.database import Database
from tests.integration.postgres_path.place import PUBLIC_LOGIN, ROLES, SCHEMA, SERVICE_LOGIN, Place, opened


@pytest.fixture(scope="module")
def place(postgres_url: str) -> Iterator[Place]:
    name = f"rowgate_path_{secrets.token_hex(4)}"
    parts = urlsplit(postgres_url)
    server = f"{parts.hostname}:{parts.port or 5432}"

    def url(user: str | None) -> str:
        return urlunsplit(parts._replace(path=f"/{name}", netloc=f"{user}@{server}" if user else parts.netloc))

    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(ROLES.encode())
        superuser.execute(f"create database {name}".encode())
    made = Place(url(None), url(f"{PUBLIC_LOGIN}:public"), url(f"{SERVICE_LOGIN}:service"))
    made.execute(SCHEMA)
    yield made
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
async def database(place: Place, anyio_backend: str) -> AsyncIterator[Database]:
    async with opened(place) as made:
        yield made
