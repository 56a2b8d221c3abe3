"""A server's walk over a database whose schema each example makes anew."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from rowgate.graphql.service import GraphQLService
from rowgate.http.exchange import Request
from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.database import Database
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import GraphQLSettings, RestSettings
from tests.integration.graphql.reference.world import MARK, SCHEMA, World, ddl
from tests.integration.rest.conftest import made_database, opened

SOMEBODY = Principal("authenticated", b'{"role":"authenticated","sub":"somebody"}', TokenClass.ACCESS)


class Watched:
    """A runner that looks at every statement on its way: values travel beside it, never in it."""

    def __init__(self, runner: Database) -> None:
        self._runner = runner

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        assert MARK not in transaction.statement.sql
        return await self._runner.run(principal, transaction)

    async def run_all(
        self, principal: Principal, transaction: Transaction, further: Sequence[Statement]
    ) -> tuple[Result, ...]:
        assert all(MARK not in each.sql for each in (transaction.statement, *further))
        return await self._runner.run_all(principal, transaction, further)


class Place:
    """The service over the world of the moment."""

    def __init__(self, url: str, database: Database) -> None:
        self._url = url
        self._database = database
        self._catalog: Catalog | None = None
        settings = RestSettings(db_extra_search_path=(SCHEMA,))
        self._service = GraphQLService(GraphQLSettings(), settings, Watched(database), lambda: self._catalog)
        self._version = 0

    async def become(self, world: World) -> None:
        """Put a world into the database, and read its catalog."""
        self._version += 1
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(ddl(world).encode())
            self._catalog = await load(connection, ("public",), (SCHEMA,), self._version)
        self._database.forget_statements()

    async def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        """The answer to an operation, which is never a failure of the server."""
        body = json.dumps({"query": query, "variables": variables}).encode()

        async def read(_: int) -> bytes:
            return body

        headers = [(b"content-type", b"application/json")]
        response = await self._service.answer(Request("POST", "/", b"/", b"", headers, read), SOMEBODY)
        assert isinstance(response.body, bytes)
        assert response.status == 200, response.body.decode()
        return json.loads(response.body, parse_float=Decimal)


@pytest.fixture(scope="package")
def world_url(postgres_url: str) -> Iterator[str]:
    with made_database(postgres_url, "") as url:
        yield url


@pytest.fixture
async def place(world_url: str, anyio_backend: str) -> AsyncIterator[Place]:
    async with opened(world_url) as made:
        yield Place(world_url, made)
