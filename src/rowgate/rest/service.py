"""The REST service: one request in, one response out. The only file of the room that does I/O, through its Runner."""

from __future__ import annotations

from asyncio import current_task
from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from rowgate.http.exchange import BodyTooLarge, Request, Response
from rowgate.http.spool import Spool, SpoolSpace
from rowgate.identity.refusals import Refusal
from rowgate.postgres.catalog.accessible import accessible_row, accessible_statement
from rowgate.postgres.catalog.records import Catalog, RoleSettings
from rowgate.postgres.errors import DatabaseError, PostgresError
from rowgate.postgres.statement import Access, Isolation, RequestContext, Result, Transaction
from rowgate.postgrest.error_response import error_response
from rowgate.postgrest.error_table import no_catalog, postgres_error
from rowgate.postgrest.errors import RestError
from rowgate.postgrest.refused import refusal_error
from rowgate.postgrest.request_context import request_context
from rowgate.postgrest.transaction import NO_SETTINGS, NOTHING, isolation, pre_request
from rowgate.principal import Principal
from rowgate.project.service_address import service_address
from rowgate.project.settings import ApiSettings, RestSettings
from rowgate.rest.bulk_body import LARGE_BODY, read_by_steps
from rowgate.rest.line_sql import lines_of
from rowgate.rest.openapi_documents import Documents
from rowgate.rest.plan import CallPlan, DescribePlan, OptionsPlan, ReadPlan
from rowgate.rest.plan_cache import WITHOUT_BODY, PlanCache
from rowgate.rest.prepared import Prepared, Ready
from rowgate.rest.request import payload_steps
from rowgate.rest.response import (
    call_response,
    document_response,
    mutation_response,
    options_response,
    plan_response,
    read_response,
)
from rowgate.rest.sql import Column
from rowgate.rest.streaming import Streamer, Weight, stream
from rowgate.rest.syntax import Count

BEYOND_POSTGRES = "54000"  # no value of Postgres is larger than 1 GB, so no body in one piece either


class Runner(Streamer, Protocol):
    """What runs transactions: `rowgate.postgres.database.Database`."""

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        """Run one transaction as a principal. Raises PostgresError and what the transaction's check raises."""
        ...


class RestService:
    """PostgREST's dialect at /rest/v1. `catalog` gives the newest catalog, None until one has been loaded; `api` says
    where clients reach it; `plans` are this service's own unless they are given."""

    prefix = "/rest/v1"

    def __init__(
        self,
        settings: RestSettings,
        runner: Runner,
        catalog: Callable[[], Catalog | None],
        api: ApiSettings = ApiSettings(),  # noqa: B008 - a frozen record
        plans: PlanCache | None = None,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._catalog = catalog
        self._plans = PlanCache(settings) if plans is None else plans
        address = service_address(settings.openapi_server_proxy_uri, api, "" if settings.at_root else self.prefix)
        self._documents = Documents(address, security=settings.openapi_security_active)
        self._before = pre_request(settings)
        self._space = SpoolSpace(settings.spool_limit)

    async def answer(self, request: Request, principal: Principal) -> Response:
        """Serve a request for a verified principal. Every error becomes a response in PostgREST's shape.

        Raises ClientGone when the body never came to an end.
        """
        try:
            ready = await self._ready(request)
            if ready.statement is None:
                return await self._about(request, principal, ready.prepared)
            return await self._run(request, principal, ready)
        except RestError as error:
            return error_response(error)
        except PostgresError as error:
            authenticated = principal.role != self._settings.db_anon_role
            return error_response(postgres_error(error, authenticated=authenticated))
        except BodyTooLarge as error:
            return self.too_large(error.limit)

    def refuse(self, refusal: Refusal) -> Response:
        """Render a refused credential: PGRST300 to PGRST303."""
        lacks_secret = self._settings.at_root and self._settings.jwt_secret is None
        return error_response(refusal_error(refusal, lacks_secret=lacks_secret))

    def too_large(self, limit: int) -> Response:
        """Render a 413."""
        message = f"The request body is larger than {limit} bytes"
        hint = "Send less in one request, or raise body_limit under [rowgate.rest]."
        return error_response(RestError(413, "body_too_large", message, None, hint))

    async def _ready(self, request: Request) -> Ready:
        catalog = self._catalog()
        if catalog is None:
            raise no_catalog()
        if request.method in WITHOUT_BODY:
            return self._plans.ready(request, catalog)
        draft = self._plans.draft(request, catalog)
        body = await request.read(self._settings.body_limit)
        if len(body) > self._settings.chunk_bytes and (task := current_task()) is not None:
            task.add_done_callback(lambda _: self._space.tidy())  # the request's own task: it holds the body that long
        steps = payload_steps(draft.request, body) if len(body) > LARGE_BODY else None
        return self._plans.complete(draft, body if steps is None else await read_by_steps(steps), catalog)

    async def _run(self, request: Request, principal: Principal, ready: Ready) -> Response:
        prepared, own = ready.prepared, self._role_settings(principal.role)
        context = request_context(
            request, principal, self._settings, prepared.search_path, prepared.settings, own.settings
        )
        transaction = self._transaction(context, ready, own.isolation)
        spool: Spool | None = None
        if prepared.weight is None:
            result = await self._runner.run(principal, transaction)
        else:
            result, spool = await self._weighed(principal, transaction, ready, prepared.weight)
        plan = prepared.plan
        assert not isinstance(plan, OptionsPlan | DescribePlan)
        if plan.format.explain:
            return plan_response(prepared.request, plan.format.content_type, result)
        if isinstance(plan, ReadPlan):
            planned = await self._planned(principal, context, ready, result)
            return read_response(
                prepared.request, plan, result, ready.rows.offset, ready.location, prepared.applied, planned, spool
            )
        if isinstance(plan, CallPlan):
            if plan.access is Access.READ_ONLY and prepared.check is not None:
                prepared.check(result)
            return call_response(prepared.request, plan, result, ready.rows.offset, prepared.applied, spool)
        return mutation_response(prepared.request, plan, result, prepared.applied)

    async def _weighed(
        self, principal: Principal, transaction: Transaction, ready: Ready, weight: Weight
    ) -> tuple[Result, Spool | None]:
        """Run a read whose answer may be large: in one piece, or row by row once that is known or likely."""
        by_row = weight.large(ready.rows.limit)
        while True:
            if not by_row:
                try:
                    result = await self._runner.run(principal, transaction)
                except DatabaseError as error:
                    if error.sqlstate != BEYOND_POSTGRES:
                        raise
                else:
                    if result.rows[0][Column.BODY] is not None:
                        return result, None
            by_row = False
            plan = ready.prepared.plan
            assert isinstance(plan, ReadPlan | CallPlan)
            lines = lines_of(plan)
            streamed = replace(transaction, statement=lines.template.statement(ready.values, ready.rows))
            found = await stream(self._runner, principal, streamed, lines, self._settings.chunk_bytes, self._space)
            if found is not None:
                weight.was(large=found[1] is not None)
                return found

    async def _about(self, request: Request, principal: Principal, prepared: Prepared) -> Response:
        """What describes the API instead of using it: OPTIONS, and the OpenAPI document at the root."""
        plan = prepared.plan
        if isinstance(plan, OptionsPlan):
            return options_response(plan.allow)
        assert isinstance(plan, DescribePlan)
        own = self._role_settings(principal.role)
        context = request_context(
            request, principal, self._settings, prepared.search_path, prepared.settings, own.settings
        )
        before = self._before[Access.READ_ONLY] if self._before else None
        level = isolation(own.isolation, prepared.isolation)
        # Where nothing is to be known Postgres is asked all the same: the role must exist, the pre-request may refuse.
        statement = NOTHING if plan.everything or plan.head else accessible_statement(plan.schema)
        result = await self._runner.run(principal, Transaction(context, statement, before, level))
        if plan.head:
            return document_response(prepared.request, None)
        catalog = self._catalog()
        assert catalog is not None
        rights = None if plan.everything else accessible_row(result)
        return document_response(prepared.request, await self._documents.document(catalog, plan.schema, rights))

    def _role_settings(self, role: str) -> RoleSettings:
        catalog = self._catalog()
        return NO_SETTINGS if catalog is None else catalog.role_settings.get(role, NO_SETTINGS)

    def _transaction(self, context: RequestContext, ready: Ready, of_role: Isolation | None) -> Transaction:
        """One implicit transaction, unless the answer may have to undo what was written."""
        prepared, statement = ready.prepared, ready.statement
        assert statement is not None
        before = self._before[statement.access] if self._before else None
        level = isolation(of_role, prepared.isolation)
        if statement.access is Access.READ_ONLY:
            return Transaction(context, statement, before, level)
        return Transaction(context, statement, before, level, prepared.end, prepared.check)

    async def _planned(self, principal: Principal, context: RequestContext, ready: Ready, result: Result) -> int | None:
        """The planner's row count, where it was asked for, or where counting was given up above max_rows."""
        plan = ready.prepared.plan
        assert isinstance(plan, ReadPlan)
        if ready.explain is None:
            return None
        counted = 0
        if plan.count is Count.ESTIMATED:
            counted = int(result.rows[0][Column.TOTAL] or 0)
            if plan.max_rows is not None and counted <= plan.max_rows:
                return None
        before = self._before[Access.READ_ONLY] if self._before else None
        explained = await self._runner.run(principal, Transaction(context, ready.explain, before))
        return max(counted, _plan_rows(explained))


def _plan_rows(result: Result) -> int:
    text = b"".join(row[0] or b"" for row in result.rows)
    rows: int = msgspec.json.decode(text)[0]["Plan"]["Plan Rows"]
    return rows
