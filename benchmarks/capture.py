"""The very statements Rowgate sends for a request, caught on their way to Postgres."""

from __future__ import annotations

import asyncio

import psycopg

from benchmarks.pgbench import PipelinedRequest
from rowgate.http.exchange import Request
from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.context import context_command
from rowgate.postgres.statement import Result, Transaction
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


def statements(
    database_url: str, target: str, headers: list[tuple[bytes, bytes]], claims: list[str]
) -> list[PipelinedRequest]:
    """What GET `target` (path and query below /rest/v1) becomes for each of the claims."""

    async def catch() -> list[PipelinedRequest]:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            catalog = await load(connection, ("public",), ("public", "extensions"), 1)
        service = RestService(RestSettings(), Catcher(), lambda: catalog)
        path, _, query = target.partition("?")
        made = []
        for document in claims:
            principal = Principal("authenticated", document.encode(), TokenClass.ACCESS)
            request = Request("GET", path, path.encode(), query.encode(), headers, _no_body)
            try:
                await service.answer(request, principal)
            except Caught as caught:
                transaction = caught.transaction
            context = context_command(principal.role, principal.claims, transaction, STATEMENT_TIMEOUT)
            made.append(
                PipelinedRequest(
                    (
                        (context.sql, tuple(text(value) for value in context.parameters)),
                        (transaction.statement.sql, tuple(text(value) for value in transaction.statement.parameters)),
                    )
                )
            )
        return made

    return asyncio.run(catch())


def text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


async def _no_body(limit: int) -> bytes:
    return b""
