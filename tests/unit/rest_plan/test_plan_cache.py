"""The plan cache: a shape is planned once whatever its values, and no flood of distinct ones can grow it."""

from __future__ import annotations

from rowgate.http.exchange import Request
from rowgate.postgres.catalog.records import Catalog
from rowgate.project.settings import RestSettings
from rowgate.rest.lifting import lift
from rowgate.rest.plan_cache import ENTRY_BYTES, WITHOUT_BODY, PlanCache, exact_key, heard_headers, shape_key
from rowgate.rest.resource import resource_of

SETTINGS = RestSettings()


async def no_body(limit: int) -> bytes:
    return b""


def request(method: str = "GET", query: bytes = b"", *headers: tuple[bytes, bytes]) -> Request:
    return Request(method, "/todos", b"/todos", query, list(headers), no_body)


def shape(asked: Request, version: int = 1) -> object:
    heard, resource = heard_headers(asked), resource_of(asked.raw_path, SETTINGS)
    return shape_key(asked, heard, lift(asked.method, resource, asked.query, heard, SETTINGS), version)


def exact(asked: Request, version: int = 1) -> object:
    return exact_key(asked, heard_headers(asked), version)


def test_headers_that_the_parser_does_not_read_make_no_difference() -> None:
    for key in (shape, exact):
        assert key(request("GET", b"", (b"x-request-id", b"1"))) == key(request("GET", b"", (b"x", b"2")))


def test_what_the_parser_reads_makes_a_difference() -> None:
    assert exact(request(), 2) != exact(request(), 1)  # another catalog
    assert shape(request(), 2) != shape(request(), 1)
    for key in (shape, exact):
        same = key(request())
        assert key(request("HEAD")) != same
        assert key(request("GET", b"a=eq.1")) != same
        for name in (b"accept", b"prefer", b"accept-profile"):
            assert key(request("GET", b"", (name, b"x"))) != same
    assert exact(request("GET", b"", (b"range", b"0-9"))) != exact(request())


def test_values_make_no_difference_to_a_shape() -> None:
    for one, other in (
        (b"a=eq.1", b"a=eq.2"),
        (b"a=eq.1", b"a=eq."),
        (b"a=like.*x", b"a=like.y%20z"),
        (b"a=not.in.(1,2)", b'a=not.in.("x,y")'),
        (b"a=eq(any).{1,2}", b"a=eq(any).{}"),
        (b"a.b=fts(english).x", b"a.b=fts(english).y"),
        (b"or=(a.eq.1,and(b.in.(1,2),c.like.*x))", b'or=(a.eq."2,3",and(b.in.(7),c.like.z))'),
        (b"limit=10&offset=20", b"limit=30&offset=40"),
    ):
        assert shape(request("GET", one)) == shape(request("GET", other)), (one, other)
    assert shape(request("GET", b"", (b"range", b"0-9"))) == shape(request("GET", b"limit=3"))


def test_everything_else_does() -> None:
    for one, other in (
        (b"a=eq.1", b"a=not.eq.1"),
        (b"a=eq.1", b"a=gt.1"),
        (b"a=eq.1", b"b=eq.1"),
        (b"a=eq.1", b"a->x=eq.1"),
        (b"a=is.null", b"a=is.true"),
        (b"a=eq(any).{1,2}", b"a=eq(any).{1,NULL}"),  # no array the parser can read: Postgres gets it as it is
        (b"a=fts(english).x", b"a=fts(german).x"),
        (b"or=(a.eq.1,b.eq.1)", b"and=(a.eq.1,b.eq.1)"),
        (b"limit=10", b"limit=10&offset=1"),
        (b"b.limit=10", b"b.limit=20"),
        (b"select=eq.1", b"select=eq.2"),
        (b"order=eq.1", b"order=eq.2"),
        (b"limit=10", b"limit=-10"),
    ):
        assert shape(request("GET", one)) != shape(request("GET", other)), (one, other)


def test_a_request_that_may_have_a_body_is_not_kept_by_its_bytes() -> None:
    assert not {"POST", "PUT", "PATCH"} & WITHOUT_BODY


def test_long_headers_and_paths_weigh_as_much_as_a_long_query() -> None:
    plans = PlanCache(SETTINGS)
    catalog = Catalog(1, 180000, ("public",), {}, {}, {}, {})
    for asked in (
        request("POST", b"columns=" + b"x" * ENTRY_BYTES),
        request("POST", b"", (b"prefer", b"x" * ENTRY_BYTES)),
        request("POST", b"", (b"accept", b"a/b, " * ENTRY_BYTES)),
        Request("POST", "/t", b"/" + b"t" * ENTRY_BYTES, b"", [], no_body),
    ):
        plans.draft(asked, catalog)
        assert plans.size == 0
    plans.draft(request("POST", b"", (b"prefer", b"return=minimal")), catalog)
    assert 0 < plans.size < ENTRY_BYTES
