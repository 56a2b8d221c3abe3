"""Everything about a request that depends on no principal: planned and compiled by its shape, then given its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from rowgate.http.exchange import RawHeaders
from rowgate.postgres.catalog.records import Catalog, Function
from rowgate.postgres.statement import ISOLATION_SETTING, End, Isolation, Result, Statement
from rowgate.project.settings import RestSettings
from rowgate.rest.applied import preference_applied
from rowgate.rest.context import search_path, shape_settings
from rowgate.rest.lifting import Value
from rowgate.rest.line_sql import streams
from rowgate.rest.location import content_location
from rowgate.rest.outcome import check_of, end_of
from rowgate.rest.plan import CallPlan, DescribePlan, OptionsPlan, Plan, ReadPlan, plan
from rowgate.rest.preferences import with_known_timezone
from rowgate.rest.sql import call_statement, explain_statement, mutation_statement, read_statement
from rowgate.rest.streaming import Weight
from rowgate.rest.syntax import Count, Range, RestRequest
from rowgate.rest.template import Template


class Ready(msgspec.Struct, frozen=True):
    """A request ready to run. `statement` is None for OPTIONS and the OpenAPI document; `explain` is set where a count
    may be planned."""

    prepared: Prepared
    statement: Statement | None
    explain: Statement | None
    values: Sequence[Value]
    rows: Range
    location: bytes


class Prepared(msgspec.Struct, frozen=True):
    """What all requests of one shape have in common."""

    request: RestRequest
    plan: Plan
    statement: Template | None
    explain: Template | None
    search_path: str
    settings: tuple[tuple[str, str], ...]  # further ones of its transaction
    applied: RawHeaders
    isolation: Isolation | None = None  # what the called function declares; it goes before its role's
    end: End = End.COMMIT
    check: Callable[[Result], None] | None = None  # what looks at the result before it is kept
    weight: Weight | None = None  # None where an answer can only come in one piece

    @property
    def size(self) -> int:
        """The bytes of its SQL and of the constants beside it."""
        return sum(each.size for each in (self.statement, self.explain) if each is not None)

    def ready(self, query: bytes, values: Sequence[Value], rows: Range) -> Ready:
        """One request of this shape: its query string, for Content-Location, and the values lifted out of it."""
        statement = None if self.statement is None else self.statement.statement(values, rows)
        explain = None if self.explain is None else self.explain.statement(values, rows)
        location = content_location(self.request.target, query) if isinstance(self.plan, ReadPlan) else b""
        return Ready(self, statement, explain, values, rows, location)


def prepare(request: RestRequest, catalog: Catalog, settings: RestSettings) -> Prepared:
    """Plan and compile a parsed request. Raises RestError."""
    known = catalog.timezones if settings.db_timezone_enabled else ()
    request = replace(request, preferences=with_known_timezone(request.preferences, known))
    made = plan(request, catalog, settings)
    path = search_path(request.schema, settings)
    if isinstance(made, OptionsPlan | DescribePlan):
        return Prepared(request, made, None, None, path, settings.app_settings, [])
    explain: Template | None = None
    function: Function | None = None
    weight = Weight() if streams(made) else None
    most = None if weight is None else settings.chunk_bytes
    if isinstance(made, ReadPlan):
        statement = read_statement(made, most)
        if made.count in (Count.PLANNED, Count.ESTIMATED):
            explain = explain_statement(made)
    elif isinstance(made, CallPlan):
        statement = call_statement(made, most)
        function = made.call.function
    else:
        statement = mutation_statement(made)
    applied = preference_applied(request.preferences, made)
    declared = function.isolation if function is not None else None
    return Prepared(
        request,
        made,
        statement,
        explain,
        path,
        shape_settings(settings, request.preferences.timezone, function),
        applied,
        declared if ISOLATION_SETTING in settings.db_hoisted_tx_settings else None,
        end_of(request.preferences, settings),
        check_of(made, request.preferences),
        weight,
    )
