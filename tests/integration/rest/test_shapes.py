"""A plan kept by the shape of a request gives what planning the request by itself, values and all, would have given."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median
from urllib.parse import quote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rowgate.http.exchange import Request
from rowgate.postgres.catalog.records import Catalog
from rowgate.postgres.statement import Statement
from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.lifting import Value, lift
from rowgate.rest.plan_cache import WITHOUT_BODY, PlanCache
from rowgate.rest.prepared import prepare
from rowgate.rest.request import with_payload
from rowgate.rest.resource import resource_of
from rowgate.rest.syntax import Range
from tests.unit.rest.unlifted import parse

SETTINGS = RestSettings(db_aggregates_enabled=True)
WARM = PlanCache(SETTINGS)  # has seen every shape of the examples before, with other values
MEMORY = Path("/proc/self/statm")
PAGE = os.sysconf("SC_PAGE_SIZE")


async def no_body(limit: int) -> bytes:
    return b""


def asked(method: str, path: str, query: str, headers: list[tuple[bytes, bytes]]) -> Request:
    raw = quote(query, safe="=&.,()*:>-!{}\"'").encode()
    return Request(method, path, path.encode(), raw, headers, no_body)


Answer = tuple[Statement | None, Statement | None, Range, bytes, list[tuple[bytes, bytes]]] | RestError


def through(plans: PlanCache, request: Request, body: bytes, catalog: Catalog) -> Answer:
    try:
        if request.method in WITHOUT_BODY:
            ready = plans.ready(request, catalog)
        else:
            ready = plans.complete(plans.draft(request, catalog), body, catalog)
    except RestError as error:
        return error
    return ready.statement, ready.explain, ready.rows, ready.location, ready.prepared.applied


def by_itself(request: Request, body: bytes, catalog: Catalog) -> Answer:
    """Planned with the values in it: nothing is lifted but its rows and its body, which no plan can hold."""
    try:
        parsed = with_payload(parse(request.method, request.path, request.query, request.headers, SETTINGS), body)
        prepared = prepare(parsed, catalog, SETTINGS)
        resource = resource_of(request.raw_path, SETTINGS)
        rows = lift(request.method, resource, request.query, request.headers, SETTINGS).rows
    except RestError as error:
        return error
    assert isinstance(rows, Range)
    values: tuple[Value, ...] = () if parsed.payload is None else (parsed.payload.body,)
    ready = prepared.ready(request.query, values, rows)
    return ready.statement, ready.explain, rows, ready.location, prepared.applied


def told(answer: Answer) -> object:
    return (
        (answer.status, answer.code, answer.message, answer.details, answer.hint)
        if isinstance(answer, RestError)
        else answer
    )


# Words that mean something somewhere in the grammar, and such as mean nothing anywhere.
words = st.one_of(
    st.text(st.sampled_from('ab1,.()"\\{} %é\t'), max_size=6),
    st.sampled_from(["1", "", "null", "open", "eq.1", "not.eq", "in.(1)", "{a,b}", "{}", "{a,NULL}", '{"a b"}']),
)
columns = st.sampled_from(
    ["id", "name", "status", "data->>kind", "data->size->h", "tags", "words", "tasks", "tasks.id", "clients.name",
     "no_such", '"quo\\"ted"', "tasks.people.id", "span"]
)  # fmt: skip
plain = st.sampled_from(
    ["eq", "neq", "gt", "lte", "ilike", "like", "match", "cs", "ov", "fts", "plfts(english)", "wfts(simple)",
     "isdistinct", "adj", "noop", "fts()"]
)  # fmt: skip
elements = st.lists(st.sampled_from(["1", "a", '"b,c"', '"d\\"e"', " f", ""]), max_size=3).map(",".join)
operations = st.one_of(
    st.builds("{}.{}".format, plain, words),
    st.builds("in.({})".format, elements),
    st.builds("in.{}".format, words),
    st.builds("{}({}).{}".format, st.sampled_from(["eq", "gt", "match", "like"]), st.sampled_from(["any", "all", "x"]),
              st.one_of(words, elements.map("{{{}}}".format))),
    st.sampled_from(["is.null", "is.not_null", "is.TRUE", "is.nil", "1", "", "a.b"]),
)  # fmt: skip
negatable = st.builds("{}{}".format, st.sampled_from(["", "", "not.", "not"]), operations)
filters = st.builds("{}={}".format, columns, negatable)
leaves = st.builds("{}.{}".format, st.sampled_from(["id", "name", "data->>kind", "words"]), negatable)
trees: st.SearchStrategy[str] = st.recursive(
    leaves,
    lambda below: st.builds(
        "{}({})".format, st.sampled_from(["and", "or", "not.and", "not.or"]),
        st.lists(below, min_size=1, max_size=3).map(",".join),
    ),
    max_leaves=4,
)  # fmt: skip
logic = st.builds(
    "{}=({})".format, st.sampled_from(["and", "or", "not.or", "tasks.or"]), st.lists(trees, max_size=3).map(",".join)
)
windows = st.builds(
    "{}={}".format,
    st.sampled_from(["limit", "offset", "tasks.limit", "tasks.offset"]),
    st.sampled_from(["0", "1", "10", "999", "-1", "x", ""]),
)
others = st.sampled_from(
    ["select=*", "select=id,tasks(id,name)", "select=name,clients!client_id!inner(name),tasks(*)", "select=id.count()",
     "select=eq.1", "order=name.desc", "order=eq.1", "columns=name", "select", "id", "on_conflict=id", "a=1", "b=x",
     "words=a&words=b", "client=1", "name=x", "id=5"]
)  # fmt: skip
queries = st.lists(st.one_of(filters, filters, logic, windows, others), max_size=4).map("&".join)
headers = st.lists(
    st.tuples(
        st.sampled_from([b"prefer", b"accept", b"range", b"content-type"]),
        st.sampled_from(
            [
                b"count=exact",
                b"count=planned",
                b"return=representation",
                b"resolution=merge-duplicates",
                b"0-9",
                b"5-",
                b"9-1",
                b"text/csv",
                b"application/vnd.pgrst.object+json",
                b"missing=default",
                b"application/x-www-form-urlencoded",
                b"application/octet-stream",
                b"max-affected=1, handling=strict",
            ]
        ),
    ),
    max_size=2,
)
bodies = st.sampled_from(
    [b"", b"{}", b'{"id":7,"name":"x"}', b'{"name":"y","id":8}', b'[{"id":1},{"id":2}]', b"[]", b"id,name\n1,x",
     b"a=1&b=2", b"words=a&words=b", b"\x00\xff", b"[1]", b'{"a":1}']
)  # fmt: skip
paths = st.sampled_from(
    ["/projects", "/projects", "/clients", "/open_projects", "/rpc/add", "/rpc/joined", "/rpc/projects_of",
     "/rpc/over", "/rpc/blob", "/rpc/doc", "/nowhere", "/rpc/nowhere"]
)  # fmt: skip


@given(st.sampled_from(["GET", "GET", "HEAD", "DELETE", "PATCH", "POST", "PUT"]), paths, queries, headers, bodies)
@example("GET", "/projects", "select=eq.1&id=in.(1)", [], b"")
@example("GET", "/rpc/joined", "words=a&words=in.(b)", [], b"")
@example("GET", "/projects", "or=(id.in.(),name.like(any).{a*,b})&limit=0", [], b"")
@settings(max_examples=1500, deadline=None)
def test_a_kept_plan_gives_what_planning_the_request_alone_gives(
    catalog: Catalog, method: str, path: str, query: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    request = asked(method, path, query, headers)
    alone = told(through(PlanCache(SETTINGS), request, body, catalog))
    # What starts or ends otherwise than the values of another request must not be served by its plan.
    for other in (query.replace("1", "23"), query.replace("a", "b,c"), query.replace("x", "")):
        through(WARM, asked(method, path, other, headers), body, catalog)
    assert told(through(WARM, request, body, catalog)) == alone
    assert told(through(WARM, request, body, catalog)) == alone  # now repeated byte by byte
    if "*" not in query and "in.()" not in query:  # which mean something else before they become a value
        assert told(by_itself(request, body, catalog)) == alone


def test_shapes_never_seen_before_take_less_than_a_millisecond_each_and_no_memory(catalog: Catalog) -> None:
    plans = PlanCache(SETTINGS)
    embed = "select=id,n{}:name,clients!client_id(name),tasks(id,people(id,name))&tasks.order=id&name=eq.x&limit=10"
    flat = "select=id,n{}:name&status=eq.open&order=id.desc&limit=10"
    took: list[float] = []
    resident = 0
    for number in range(100_000):
        request = asked("GET", "/projects", (flat if number % 10 else embed).format(number), [])
        started = time.thread_time()
        plans.ready(request, catalog)
        took.append(time.thread_time() - started)
        if number == 10_000:
            resident = _resident()
    assert median(took) < 0.001  # seconds
    assert _resident() - resident < 4 * 2**20


def _resident() -> int:
    return int(MEMORY.read_text().split()[1]) * PAGE
