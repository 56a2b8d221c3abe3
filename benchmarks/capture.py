"""The very statements Rowgate sends for a request, caught on their way to Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg

from benchmarks.pgbench import PipelinedRequest
from benchmarks.scenarios import Ask
from rowgate.http.exchange import Request
from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.context import context_command
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import RestSettings
from rowgate.rest.service import RestService

STATEMENT_TIMEOUT = 60_000  # milliseconds, the default ceiling


class Caught(Exception):
    """Carries the transaction that would have been run."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__()
        self.transaction = transaction


class Catcher:
    """A runner that runs nothing."""

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        raise Caught(transaction)

    async def stream(
        self, principal: Principal, transaction: Transaction, last: Statement, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        raise NotImplementedError("no scenario asks for an answer that is streamed unseen")


def catalog_of(database_url: str) -> Catalog:
    """The catalog as Rowgate reads it."""

    async def read() -> Catalog:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            return await load(connection, ("public",), ("public", "extensions"), 1)

    return asyncio.run(read())


def statements(catalog: Catalog, ask: Ask, credentials: list[tuple[bytes, bytes]], claims: str) -> PipelinedRequest:
    """What a request becomes for somebody's claims: the context and the main statement."""
    body = ask.body.encode()

    async def read(limit: int) -> bytes:
        return body

    async def catch() -> PipelinedRequest:
        service = RestService(RestSettings(), Catcher(), lambda: catalog)
        path, _, query = ask.target.partition("?")
        headers = [*credentials, *((name.lower().encode(), value.encode()) for name, value in ask.headers)]
        principal = Principal("authenticated", claims.encode(), TokenClass.ACCESS)
        try:
            await service.answer(Request(ask.method, path, path.encode(), query.encode(), headers, read), principal)
        except Caught as caught:
            transaction = caught.transaction
        context = context_command(principal.role, principal.claims, transaction, STATEMENT_TIMEOUT)
        main = transaction.statement
        return PipelinedRequest(
            ((context.sql, tuple(map(text, context.parameters))), (main.sql, tuple(map(text, main.parameters))))
        )

    return asyncio.run(catch())


def text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
