"""Server-Timing: how long each stage of a request took, where `server_timing_enabled` is on.

A service around the plain one, so that the plain one looks at no clock.
https://docs.postgrest.org/en/v14/references/observability.html#server-timing-header
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

from rowgate.http.exchange import Request, Response
from rowgate.identity.refusals import Refusal
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.principal import Principal
from rowgate.project.settings import ApiSettings, RestSettings
from rowgate.rest.lifting import lift
from rowgate.rest.plan_cache import Draft, PlanCache
from rowgate.rest.prepared import Ready
from rowgate.rest.request import parse
from rowgate.rest.service import RestService, Runner
from rowgate.rest.syntax import Payload

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Stages:
    """Seconds of the stages of one request; None for one that it never reached."""

    __slots__ = ("jwt", "parse", "plan", "response", "transaction")

    def __init__(self, jwt: float) -> None:
        self.jwt = jwt
        self.parse: float | None = None
        self.plan: float | None = None
        self.transaction: float | None = None
        self.response: float | None = None

    def header(self) -> tuple[bytes, bytes]:
        """The header, its durations in milliseconds."""
        named = (
            ("jwt", self.jwt),
            ("parse", self.parse),
            ("plan", self.plan),
            ("transaction", self.transaction),
            ("response", self.response),
        )
        text = ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in named if seconds is not None)
        return b"server-timing", text.encode()


class TimedRestService:
    """A REST service that tells the stages of its answers; an error has the stages that it reached."""

    prefix = RestService.prefix

    def __init__(
        self,
        settings: RestSettings,
        runner: Runner,
        catalog: Callable[[], Catalog | None],
        api: ApiSettings = ApiSettings(),  # noqa: B008 - a frozen record
    ) -> None:
        self._stages: ContextVar[Stages] = ContextVar("stages")
        plans = _TimedPlans(settings, self._stages)
        self._service = RestService(settings, _TimedRunner(runner, self._stages), catalog, api, plans)

    async def answer(self, request: Request, principal: Principal) -> Response:
        """The service's answer; the `jwt` stage is the time from the request's arrival to here."""
        began = perf_counter()
        stages = Stages(began - request.arrived)
        self._stages.set(stages)
        response = await self._service.answer(request, principal)
        if response.status < 400:
            spent = (stages.parse or 0.0) + (stages.plan or 0.0) + (stages.transaction or 0.0)
            stages.response = max(perf_counter() - began - spent, 0.0)
        response.headers = [*response.headers, stages.header()]
        return response

    def refuse(self, refusal: Refusal) -> Response:
        """As the service; a refused credential reaches no stage."""
        return self._service.refuse(refusal)

    def too_large(self, limit: int) -> Response:
        """As the service."""
        return self._service.too_large(limit)


class _TimedPlans(PlanCache):
    """The plan cache, its parsing and planning timed apart: what parsing does not take of it is planning."""

    def __init__(self, settings: RestSettings, stages: ContextVar[Stages]) -> None:
        super().__init__(settings, self._parsing(lift), self._parsing(parse))
        self._stages = stages

    def ready(self, request: Request, catalog: Catalog) -> Ready:
        return self._planned(super().ready, request, catalog)

    def complete(self, draft: Draft, body: bytes | Payload, catalog: Catalog) -> Ready:
        return self._planned(super().complete, draft, body, catalog)

    def _parsing(self, read: Callable[Given, Made]) -> Callable[Given, Made]:
        def timed(*given: Given.args, **named: Given.kwargs) -> Made:
            began = perf_counter()
            try:
                return read(*given, **named)
            finally:
                stages = self._stages.get()
                stages.parse = (stages.parse or 0.0) + perf_counter() - began

        return timed

    def _planned(self, make: Callable[Given, Ready], *given: Given.args, **named: Given.kwargs) -> Ready:
        stages, began = self._stages.get(), perf_counter()
        before = stages.parse = stages.parse or 0.0  # a request that is known by its bytes is not parsed at all
        made = make(*given, **named)
        stages.plan = max(perf_counter() - began - (stages.parse - before), 0.0)
        return made


class _TimedRunner:
    """A runner whose transactions are timed."""

    def __init__(self, runner: Runner, stages: ContextVar[Stages]) -> None:
        self._runner = runner
        self._stages = stages

    async def run(self, principal: Principal, transaction: Transaction) -> Result:
        return await self._timed(self._runner.run(principal, transaction))

    async def stream(
        self, principal: Principal, transaction: Transaction, last: Statement, take: Callable[[Feed], Awaitable[None]]
    ) -> Result:
        return await self._timed(self._runner.stream(principal, transaction, last, take))

    async def _timed(self, running: Coroutine[Any, Any, Result]) -> Result:
        stages, began = self._stages.get(), perf_counter()
        try:
            return await running
        finally:
            stages.transaction = (stages.transaction or 0.0) + perf_counter() - began
