"""Server-Timing: how long each stage of a request took, where `server_timing_enabled` is on.

A service of its own beside the plain one, so that the plain one looks at no clock.
https://docs.postgrest.org/en/v14/references/observability.html#server-timing-header
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from rowgate.http.exchange import RawHeaders, Request, Response
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.feed import Feed
from rowgate.postgres.statement import Result, Statement, Transaction
from rowgate.principal import Principal
from rowgate.project.settings import ApiSettings, RestSettings
from rowgate.rest.lifting import Asked
from rowgate.rest.plan_cache import PlanCache
from rowgate.rest.prepared import Ready
from rowgate.rest.resource import Resource
from rowgate.rest.service import RestService, Runner
from rowgate.rest.syntax import Payload, RestRequest


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


class TimedRestService(RestService):
    """The REST service with Server-Timing on its answers; an error has the stages that it reached."""

    def __init__(
        self,
        settings: RestSettings,
        runner: Runner,
        catalog: Callable[[], Catalog | None],
        api: ApiSettings = ApiSettings(),  # noqa: B008 - a frozen record
    ) -> None:
        self._stages: ContextVar[Stages] = ContextVar("stages")
        super().__init__(settings, _TimedRunner(runner, self._stages), catalog, api)
        self._plans = _TimedPlans(settings, self._stages)

    async def answer(self, request: Request, principal: Principal) -> Response:
        """As the plain service; the `jwt` stage is the time from the request's arrival to here."""
        began = perf_counter()
        stages = Stages(began - request.arrived)
        self._stages.set(stages)
        response = await super().answer(request, principal)
        if response.status < 400:
            spent = (stages.parse or 0.0) + (stages.plan or 0.0) + (stages.transaction or 0.0)
            stages.response = max(perf_counter() - began - spent, 0.0)
        response.headers = [*response.headers, stages.header()]
        return response

    async def _ready(self, request: Request) -> Ready:
        """The stages `parse` and `plan`: what the parser did not take of this is planning, but for the body's way."""
        stages = self._stages.get()
        stages.parse = 0.0
        ready = await super()._ready(request)
        stages.plan = stages.plan or 0.0
        return ready


class _TimedPlans(PlanCache):
    """The plan cache, its parsing and planning timed apart."""

    def __init__(self, settings: RestSettings, stages: ContextVar[Stages]) -> None:
        super().__init__(settings)
        self._stages = stages

    def ready(self, request: Request, catalog: Catalog) -> Ready:
        return self._planned(lambda: super(_TimedPlans, self).ready(request, catalog))

    def complete(self, draft: Any, body: bytes | Payload, catalog: Catalog) -> Ready:
        return self._planned(lambda: super(_TimedPlans, self).complete(draft, body, catalog))

    def _lift(self, request: Request, resource: Resource, heard: RawHeaders) -> Asked:
        began = perf_counter()
        try:
            return super()._lift(request, resource, heard)
        finally:
            self._parsed(began)

    def _parse(self, request: Request, resource: Resource, asked: Asked) -> RestRequest:
        began = perf_counter()
        try:
            return super()._parse(request, resource, asked)
        finally:
            self._parsed(began)

    def _parsed(self, began: float) -> None:
        stages = self._stages.get()
        stages.parse = (stages.parse or 0.0) + perf_counter() - began

    def _planned(self, make: Callable[[], Ready]) -> Ready:
        stages, began = self._stages.get(), perf_counter()
        before = stages.parse or 0.0
        made = make()
        parsing = (stages.parse or 0.0) - before
        stages.plan = max(perf_counter() - began - parsing, 0.0)
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
