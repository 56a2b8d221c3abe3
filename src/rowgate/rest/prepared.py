"""Everything about a request that depends on no principal: parsed, planned, compiled, and kept for the next one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TypeAlias

from rowgate.http.exchange import RawHeaders, Request
from rowgate.postgres.catalog.records import Catalog, Function
from rowgate.postgres.statement import Statement
from rowgate.project.settings import RestSettings
from rowgate.rest.context import search_path
from rowgate.rest.plan import CallPlan, DescribePlan, OptionsPlan, Plan, ReadPlan, plan
from rowgate.rest.preferences import with_known_timezone
from rowgate.rest.response import applied_preferences, content_location, preference_applied
from rowgate.rest.sql import call_statement, explain_statement, mutation_statement, read_statement
from rowgate.rest.syntax import Count, RestRequest

ENTRIES = 2048  # kept at most
BYTES = 16 * 1024 * 1024  # of keys and SQL kept at most: an adversary's endless distinct requests stay within it
ENTRY_BYTES = 64 * 1024  # a longer one is not kept
OVERHEAD = 2048  # bytes of records beside an entry's texts, roughly
BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Every header the parser looks at; two requests that agree in these, the path and the query are the same request.
RELEVANT = frozenset({b"accept", b"prefer", b"accept-profile", b"content-profile", b"content-type", b"range"})

Key: TypeAlias = tuple[int, str, str, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request ready to run. `statement` is None for OPTIONS and the OpenAPI document; `explain` is set where a count
    may be planned."""

    request: RestRequest
    plan: Plan
    statement: Statement | None
    explain: Statement | None
    search_path: str
    timezone: str | None
    function: Function | None
    location: bytes
    applied: RawHeaders


def prepare(request: RestRequest, query: bytes, catalog: Catalog, settings: RestSettings) -> Prepared:
    """Plan and compile a parsed request. Raises RestError."""
    known = catalog.timezones if settings.db_timezone_enabled else ()
    request = replace(request, preferences=with_known_timezone(request.preferences, known))
    made = plan(request, catalog, settings)
    path = search_path(request.schema, settings)
    if isinstance(made, OptionsPlan | DescribePlan):
        return Prepared(request, made, None, None, path, None, None, b"", [])
    timezone = request.preferences.timezone
    explain: Statement | None = None
    function: Function | None = None
    location = b""
    if isinstance(made, ReadPlan):
        statement = read_statement(made)
        location = content_location(request.target, query)
        if made.count in (Count.PLANNED, Count.ESTIMATED):
            explain = explain_statement(made)
    elif isinstance(made, CallPlan):
        statement = call_statement(made)
        function = made.call.function
    else:
        statement = mutation_statement(made)
    applied = preference_applied(applied_preferences(request, made))
    return Prepared(request, made, statement, explain, path, timezone, function, location, applied)


def key_of(request: Request, version: int) -> Key | None:
    """What a request without a body is remembered by; None for one that may have a body."""
    if request.method not in BODILESS:
        return None
    headers = tuple([each for each in request.headers if each[0] in RELEVANT])
    return (version, request.method, request.path, request.query, headers)


class PlanCache:
    """The least recently used go first, by number and by bytes."""

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        self._kept: OrderedDict[Key, tuple[Prepared, int]] = OrderedDict()
        self._entries = entries
        self._limit = size
        self.size = 0  # bytes kept now

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Prepared | None:
        """What was kept under a key."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Key, prepared: Prepared) -> None:
        """Keep it, unless it is too large to be worth it."""
        size = _size(key, prepared)
        if size > ENTRY_BYTES:
            return
        replaced = self._kept.pop(key, None)
        self._kept[key] = (prepared, size)
        self.size += size - (replaced[1] if replaced else 0)
        while len(self._kept) > self._entries or self.size > self._limit:
            _, (_, freed) = self._kept.popitem(last=False)
            self.size -= freed


def _size(key: Key, prepared: Prepared) -> int:
    """A query's records weigh several times its text."""
    texts = len(key[2]) + 8 * len(key[3]) + sum(len(name) + len(value) for name, value in key[4])
    for statement in (prepared.statement, prepared.explain):
        if statement is not None:
            texts += len(statement.sql) + sum(len(value) for value in statement.parameters if value is not None)
    return OVERHEAD + texts
