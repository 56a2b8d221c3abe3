"""The very statements Rowgate sends for a request, caught on their way to Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
import psycopg

from benchmarks.pgbench import PipelinedRequest
from benchmarks.scenarios import Ask
from rowgate.graphql.service import GraphQLService
from rowgate.http.exchange import Request, Service
from rowgate.postgres.catalog.introspect import load
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.catalog.rights import rights_statement
from rowgate.postgres.context import context_command
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import GraphQLSettings, RestSettings
from rowgate.rest.service import RestService

RIGHTS = rights_statement(()).sql
STATEMENT_TIMEOUT = 60_000  # milliseconds, the default ceiling


class Caught(Exception):
    """Carries the transaction that would have been run."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__()
        self.transaction = transaction


@dataclass(frozen=True, slots=True)
class Known:
    """What Rowgate knows of the database before it plans: its catalog, and what `authenticated` may do there."""

    catalog: Catalog
    rights: Result


class Catcher:
    """A runner that runs nothing, but knows the role's rights."""

    def __init__(self, rights: Result) -> None:
        self._rights = rights

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        if transaction.statement.sql == RIGHTS:
            return self._rights
        raise Caught(transaction)

    async def run_all(
        self, principal: Principal, transaction: Transaction, further: Sequence[Statement]
    ) -> tuple[Result, ...]:
        raise NotImplementedError("no scenario changes two things at once")

    async def stream(
        self, principal: Principal, transaction: Transaction, last: Statement, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        raise NotImplementedError("no scenario asks for an answer that is streamed unseen")


def known_of(database_url: str) -> Known:
    """The catalog as Rowgate reads it, and the rights as it asks for them."""

    async def read() -> Known:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            catalog = await load(connection, ("public",), ("public", "extensions"), 1)
            question = rights_statement(catalog.path.schemas)
            await connection.execute("set role authenticated")
            sql = question.sql.replace("%", "%%").replace("$1", "%s")
            (row,) = await (await connection.execute(sql.encode(), [text(question.parameters[0])])).fetchall()
        return Known(catalog, Result(("rights",), ((msgspec.json.encode(row[0]),),), "SELECT 1"))

    return asyncio.run(read())


def statements(known: Known, ask: Ask, credentials: list[tuple[bytes, bytes]], claims: str) -> PipelinedRequest:
    """What a request becomes for somebody's claims: the context and the main statement."""
    body = ask.body.encode()

    async def read(limit: int) -> bytes:
        return body

    async def catch() -> PipelinedRequest:
        service = _service(ask.service, known)
        path, _, query = ask.target.partition("?")
        headers = [*credentials, *((name.lower().encode(), value.encode()) for name, value in ask.headers)]
        principal = Principal("authenticated", claims.encode(), TokenClass.ACCESS)
        request = Request(ask.method, path or "/", path.encode() or b"/", query.encode(), headers, read)
        try:
            answer = await service.answer(request, principal)
        except Caught as caught:
            transaction = caught.transaction
        else:
            raise RuntimeError(f"answered without asking Postgres: {answer.body!r}")
        context = context_command(principal.role, principal.claims, transaction, STATEMENT_TIMEOUT)
        main = transaction.statement
        return PipelinedRequest(
            ((context.sql, tuple(map(text, context.parameters))), (main.sql, tuple(map(text, main.parameters))))
        )

    return asyncio.run(catch())


def _service(name: str, known: Known) -> Service:
    catcher = Catcher(known.rights)
    if name == "graphql":
        return GraphQLService(GraphQLSettings(), RestSettings(), catcher, lambda: known.catalog)
    return RestService(RestSettings(), catcher, lambda: known.catalog)


def text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
