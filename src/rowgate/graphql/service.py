"""The GraphQL service: one request in, one response out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from msgspec.structs import replace

from rowgate.graphql import response
from rowgate.graphql.at_most import excess_message
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.graphiql_page import GraphiqlPage
from rowgate.graphql.limits import Limits
from rowgate.graphql.plan import prepare
from rowgate.graphql.plan_cache import PlanCache, takes_long
from rowgate.graphql.prepared import Ready
from rowgate.graphql.repeats import Repeats
from rowgate.graphql.request import accept_body, negotiated, read_request
from rowgate.graphql.role_schemas import RightsRunner, Schemas
from rowgate.http.exchange import BodyTooLarge, Request, Response
from rowgate.identity.refusals import Refusal
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.diagnostics import QUERY_CANCELED
from rowgate.postgres.errors import DatabaseError, PostgresError
from rowgate.postgres.quoting import identifier
from rowgate.postgres.statement import Access, End, PlanMode, Result, Statement, Transaction
from rowgate.postgrest.error_table import no_catalog, postgres_error
from rowgate.postgrest.errors import RestError
from rowgate.postgrest.refused import refusal_error
from rowgate.postgrest.request_context import request_context
from rowgate.postgrest.transaction import NO_SETTINGS, NOTHING, isolation, pre_request
from rowgate.principal import Principal
from rowgate.project.settings import GraphQLSettings, RestSettings

ALLOWED = b"OPTIONS, POST"
LONG_BODY = 4 * 1024  # bytes, whose values may take 10 ms to be planned: 150 objects of a filter
LARGE_BODY = 16 * 1024  # bytes, whose values may take as long to be only read, looked at and written as parameters
ROOM = 1024 * 1024  # bytes that the parameters of any request may take together,
GROWTH = 8  # and bytes beyond these for each of its body: a number of four characters may be written in 18
PATIENCE = 1.0  # seconds; the catalog of a thousand tables takes 0.4


class Runner(RightsRunner, Protocol):
    """What runs transactions: `rowgate.postgres.database.Database`."""

    async def run_all(
        self, principal: Principal, transaction: Transaction, further: Sequence[Statement]
    ) -> tuple[Result, ...]:
        """Run one transaction with several statements, in order. Raises PostgresError."""
        ...


class GraphQLService:
    """pg_graphql's dialect at /graphql/v1. `catalog` gives the newest catalog, None until one has been loaded; `rest`
    says what holds for every transaction of the API; `page` is GraphiQL, None where it is not shown. `settled` is clear
    while a change of the database is known that the catalog does not show yet."""

    prefix = "/graphql/v1"

    def __init__(
        self,
        settings: GraphQLSettings,
        rest: RestSettings,
        runner: Runner,
        catalog: Callable[[], Catalog | None],
        page: GraphiqlPage | None = None,
        settled: asyncio.Event | None = None,
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._runner = runner
        self._catalog = catalog
        self._page = page
        self._settled = settled
        self._search_path = ", ".join(map(identifier, dict.fromkeys(rest.db_extra_search_path)))
        self._schemas = Schemas(runner, self._search_path, settings.introspection)
        self._plans = PlanCache(Limits(settings.max_depth, settings.max_tokens, settings.max_cost), prepare)
        self._repeats = Repeats()
        self._time_limit = round(settings.statement_timeout * 1000)
        self._before = pre_request(rest)
        self._end = End.ROLLBACK if rest.db_tx_end.startswith("rollback") else End.COMMIT

    async def answer(self, request: Request, principal: Principal) -> Response:
        """Serve a request for a verified principal. Every error becomes a response that a GraphQL client can read.

        Raises ClientGone when the body never came to an end.
        """
        headers = dict(request.headers)
        content_type = negotiated(headers.get(b"accept"))
        try:
            if request.method != "POST" or request.raw_path != b"/" or content_type is None:
                return await self._other(request)
            accept_body(headers.get(b"content-type"))
            body = await request.read(self._settings.body_limit)
            if self._settled is not None and not self._settled.is_set():
                await _settling(self._settled)
            catalog = self._catalog()
            if catalog is None:
                raise no_catalog()
            schema = self._schemas.known(principal.role, catalog)
            ready = None if schema is None else self._repeats.get(schema, body)
            if ready is None:
                ready = await self._ready(body, principal, catalog)
            return response.answer(ready.prepared, await self._run(request, principal, ready, catalog), content_type)
        except GraphQLError as error:
            assert content_type is not None
            return response.failed([error.message], content_type, nothing_ran=error.nothing_ran)
        except RestError as error:
            return response.refused(error)
        except DatabaseError as error:
            if error.early or content_type is None:
                return response.refused(self._postgres_error(error, principal))
            return response.failed([_words(error)], content_type)
        except PostgresError as error:
            return response.refused(self._postgres_error(error, principal))
        except BodyTooLarge as error:
            return self.too_large(error.limit)

    def refuse(self, refusal: Refusal) -> Response:
        """Render a refused credential as REST does, with `errors` beside it."""
        return response.refused(refusal_error(refusal))

    def too_large(self, limit: int) -> Response:
        """Render a 413."""
        message = f"The request body is larger than {limit} bytes"
        hint = "Send less in one request, or raise body_limit under [rowgate.graphql]."
        return response.refused(RestError(413, "body_too_large", message, None, hint))

    def roles_changed(self) -> None:
        """Ask anew what each role may: whose member it is has changed."""
        self._schemas.forget()

    async def _ready(self, body: bytes, principal: Principal, catalog: Catalog) -> Ready:
        large = len(body) > LARGE_BODY
        asked = await asyncio.to_thread(read_request, body) if large else read_request(body)
        schema = await self._schemas.of(principal, catalog)
        if len(body) > LONG_BODY or takes_long(asked, schema):
            prepared = await self._plans.ready_aside(asked, schema, look=not large)
        else:
            prepared = self._plans.ready(asked, schema)
        room = ROOM + GROWTH * len(body)
        if large:
            return await asyncio.to_thread(prepared.ready, asked.variables, room)  # larger than what is kept
        ready = prepared.ready(asked.variables, room)
        self._repeats.put(schema, body, ready)
        return ready

    async def _run(self, request: Request, principal: Principal, ready: Ready, catalog: Catalog) -> tuple[Result, ...]:
        """The results of an operation's statements. Where it has none Postgres is asked only for the pre-request's
        sake, which may refuse."""
        statements = ready.statements
        if not statements:
            if self._before is None:
                return ()
            statements = (NOTHING,)
        before = self._before[statements[0].access] if self._before else None
        own = catalog.role_settings.get(principal.role, NO_SETTINGS)
        context = request_context(
            request,
            principal,
            self._rest,
            self._search_path,
            self._rest.app_settings,
            own.settings,
            self._time_limit,
        )
        end = self._end if ready.prepared.access is Access.READ_WRITE else End.COMMIT
        transaction = Transaction(context, statements[0], before, isolation(own.isolation), end)
        if len(statements) == 1:
            return (await self._runner.run(principal, transaction),)
        # One mode holds for the whole transaction, that of its first statement: the careful one where any needs it.
        careful = next((each.plan for each in statements if each.plan is PlanMode.CUSTOM), statements[0].plan)
        transaction = replace(transaction, statement=replace(statements[0], plan=careful))
        return await self._runner.run_all(principal, transaction, statements[1:])

    async def _other(self, request: Request) -> Response:
        """Anything that is no operation: a browser's look, another method, another path."""
        if request.method in ("GET", "HEAD") and self._page is not None:
            page = await self._page.answer(request.path, request.header(b"accept") or b"")
            if page is not None:
                return page
        if request.raw_path != b"/":
            raise RestError(404, "route_unknown", "Nothing is served at this path", None, "Use /graphql/v1.")
        if request.method == "OPTIONS":
            return Response(200, [(b"allow", ALLOWED), (b"content-length", b"0")])
        if request.method != "POST":
            hint = "Send the operation with POST, as JSON."
            message = f"{request.method[:20]} is not served at this path"
            raise RestError(405, "method_not_allowed", message, None, hint, ((b"allow", ALLOWED),))
        said = (request.header(b"accept") or b"")[:100].decode("latin-1")
        raise RestError(406, "PGRST107", f"None of these media types are available: {said}")

    def _postgres_error(self, error: PostgresError, principal: Principal) -> RestError:
        return postgres_error(error, authenticated=principal.role != self._rest.db_anon_role)


def _words(error: DatabaseError) -> str:
    """What Postgres refused an operation for: its own message, as upstream hands it on, but for two."""
    if error.sqlstate == QUERY_CANCELED and "statement timeout" in error.message:
        return f"{error.message}: the operation took longer than it may"
    return excess_message(error) or error.message


async def _settling(settled: asyncio.Event) -> None:
    """Wait until the catalog is as new as what is known, as upstream's is, which lies in the database; not for long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(settled.wait(), PATIENCE)
