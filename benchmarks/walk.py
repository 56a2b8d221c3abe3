"""`python -m benchmarks.walk`: what one request costs in this process, from its bytes to those of its answer.

Scenarios that read, in turns. HTTP, gateway, service and response are the server's own; who asks is known, and Postgres
answers at once what it answered before, so the walk is all that differs. CPU in µs, the least of the rounds' medians:
what else the machine does only adds. Sockets, libpq and the token are not in it.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Any

import psycopg
import uvicorn
import uvloop
from rich.console import Console
from uvicorn.server import ServerState

from benchmarks.capture import RIGHTS, STATEMENT_TIMEOUT, Known, known_of
from benchmarks.report import table
from benchmarks.scenarios import SCENARIOS, Ask
from benchmarks.stand import Stand
from rowgate.graphql.service import GraphQLService
from rowgate.http.access import AccessLog
from rowgate.http.gateway import Gateway, Readiness
from rowgate.http.metrics import RequestMetrics
from rowgate.http.protocol import protocol_class
from rowgate.identity.refusals import Refusal
from rowgate.postgres.context import context_command
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import GraphQLSettings, RestSettings, ServerSettings
from rowgate.rest.service import RestService

NAMES = ("list", "primary-key", "graphql-first", "graphql-few-children", "graphql-levels", "graphql-introspection")
BATCH, BATCHES, ROUNDS = 50, 40, 5
KEY = "sb_publishable_0000000000000000000000_00000000"
TOKEN = "Bearer " + "e" * 700


class Remembering:
    """A runner that asks Postgres once for each statement."""

    def __init__(self, url: str, known: Known) -> None:
        self._url = url
        self._known = known
        self._results: dict[tuple[str, tuple[bytes | None, ...]], Result] = {}

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        statement = transaction.statement
        key = (statement.sql, statement.parameters)
        found = self._results.get(key)
        if found is None:
            found = self._known.rights if statement.sql == RIGHTS else self._asked(principal, transaction)
            self._results[key] = found
        context_command(principal.role, principal.claims, transaction, STATEMENT_TIMEOUT)
        return found

    async def run_all(
        self, principal: Principal, transaction: Transaction, further: Sequence[Statement]
    ) -> tuple[Result, ...]:
        raise NotImplementedError("scenarios that read have one statement")

    async def stream(
        self, principal: Principal, transaction: Transaction, last: Statement, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        raise NotImplementedError("no scenario asks for a large answer")

    def _asked(self, principal: Principal, transaction: Transaction) -> Result:
        with psycopg.connect(self._url) as connection:
            connection.execute("select set_config('request.jwt.claims', %s, true)", [principal.claims.decode()])
            connection.execute("set local role authenticated")
            made = connection.pgconn.exec_params(transaction.statement.sql.encode(), transaction.statement.parameters)
        row = tuple(made.get_value(0, column) for column in range(made.nfields))
        return Result(tuple(str(made.fname(column)) for column in range(made.nfields)), (row,), "SELECT 1")


class Somebody:
    """A verifier that has seen every credential."""

    def __init__(self, claims: bytes) -> None:
        self._principal = Principal("authenticated", claims, TokenClass.SESSION)

    def recall(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal | None:
        return self._principal

    async def verify(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal:
        return self._principal


class Silent:
    """A log of nothing."""

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def error(self, event: str, **fields: object) -> None: ...


class Wire(asyncio.Transport):
    """A connection that keeps the last answer."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 54321)})
        self.answer = b""

    def write(self, data: Any) -> None:
        self.answer = bytes(data)

    def writelines(self, pieces: Any) -> None:
        self.answer = b"".join(pieces)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...


class Walk:
    """The server without sockets, and one connection to it."""

    def __init__(self, url: str, known: Known, claims: str) -> None:
        gateway = Gateway(
            prefixes=("/rest/v1", "/graphql/v1"),
            access=AccessLog(Silent()),
            log=Silent(),
            metrics=RequestMetrics(),
            readiness=lambda: Readiness(True),
        )
        runner, rest = Remembering(url, known), RestSettings()
        services = (
            RestService(rest, runner, lambda: known.catalog),
            GraphQLService(GraphQLSettings(), rest, runner, lambda: known.catalog),
        )
        gateway.open(Somebody(claims.encode()), services)
        protocol = protocol_class(ServerSettings(), Counter())
        config = uvicorn.Config(gateway, http=protocol, ws="none", lifespan="off", log_config=None, proxy_headers=False)
        config.load()
        self._wire = Wire()
        self._connection = protocol(config, ServerState(), {}, asyncio.get_running_loop())
        self._connection.connection_made(self._wire)

    async def answer(self, request: bytes) -> bytes:
        """The bytes that answer those of one request."""
        self._wire.answer = b""
        self._connection.data_received(request)
        while not self._wire.answer:
            await asyncio.sleep(0)
        return self._wire.answer

    async def cost(self, request: bytes) -> float:
        """µs of CPU, the median of batches."""
        spent = []
        for _ in range(BATCHES):
            began = time.process_time_ns()
            for _ in range(BATCH):
                await self.answer(request)
            spent.append((time.process_time_ns() - began) / BATCH / 1000)
        return median(spent)


def bytes_of(ask: Ask) -> bytes:
    """A request as wrk sends it."""
    lines = [
        f"{ask.method} /{ask.service}/v1{ask.target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in ask.headers),
        f"apikey: {KEY}",
        f"Authorization: {TOKEN}",
        "Host: 127.0.0.1:54321",
    ]
    body = ask.body.encode()
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def measured(url: str, known: Known, claims: str) -> dict[str, float]:
    """The least median of each scenario."""
    walk = Walk(url, known, claims)
    requests = {each.name: bytes_of(each.ask(1, 0)) for each in SCENARIOS if each.name in NAMES}
    for name, request in requests.items():
        for _ in range(200):
            answer = await walk.answer(request)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{name} was answered with {answer[:200]!r}")
    gc.freeze()
    found: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(ROUNDS):
        for name, request in requests.items():
            found[name].append(await walk.cost(request))
    return {name: min(each) for name, each in found.items()}


def main() -> None:
    """Measure and print."""
    with Stand(Console(stderr=True), peer=False) as stand:
        url = stand.rowgate.keys["DB_URL"]
        spent = uvloop.run(measured(url, known_of(url), stand.people[1].claims))
    lines = [(name, f"{spent[name]:.1f}", f"{spent[name] - spent['list']:+.1f}") for name in spent]
    Console().print(table("CPU of the walk without sockets and Postgres, µs", ("", "µs", "over list"), lines))


if __name__ == "__main__":
    main()
