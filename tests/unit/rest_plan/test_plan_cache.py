"""The plan cache: the same request is planned once, and no flood of distinct ones can grow it."""

from __future__ import annotations

from rowgate.http.exchange import Request
from rowgate.postgres.statement import Statement
from rowgate.project.settings import RestSettings
from rowgate.rest.plan import OptionsPlan
from rowgate.rest.prepared import ENTRY_BYTES, Key, PlanCache, Prepared, key_of
from rowgate.rest.request import parse


async def no_body(limit: int) -> bytes:
    return b""


def request(method: str = "GET", query: bytes = b"", *headers: tuple[bytes, bytes]) -> Request:
    return Request(method, "/todos", b"/todos", query, list(headers), no_body)


def key(query: bytes = b"") -> Key:
    made = key_of(request("GET", query), 1)
    assert made is not None
    return made


def prepared(sql: str = "select 1") -> Prepared:
    parsed = parse("OPTIONS", "/todos", b"", [], RestSettings())
    return Prepared(parsed, OptionsPlan(""), Statement(sql), None, "", None, None, b"", [])


def test_headers_that_the_parser_does_not_read_make_no_difference() -> None:
    assert key_of(request("GET", b"", (b"x-request-id", b"1")), 1) == key_of(request("GET", b"", (b"x", b"2")), 1)


def test_what_the_parser_reads_makes_a_difference() -> None:
    same = key_of(request(), 1)
    assert key_of(request(), 2) != same  # another catalog
    assert key_of(request("HEAD"), 1) != same
    assert key_of(request("GET", b"a=eq.1"), 1) != same
    for name in (b"accept", b"prefer", b"accept-profile", b"range"):
        assert key_of(request("GET", b"", (name, b"x")), 1) != same


def test_a_request_with_a_body_is_not_kept() -> None:
    assert key_of(request("POST"), 1) is None
    assert key_of(request("PATCH"), 1) is None


def test_the_least_recently_used_goes_first() -> None:
    cache = PlanCache(entries=2)
    first, second, third = key(b"1"), key(b"2"), key(b"3")
    cache.put(first, prepared())
    cache.put(second, prepared())
    assert cache.get(first) is not None
    cache.put(third, prepared())
    assert cache.get(second) is None
    assert cache.get(first) is not None


def test_bytes_are_bounded_and_accounted_for() -> None:
    cache = PlanCache(size=10_000)
    for number in range(50):
        cache.put(key(str(number).encode()), prepared())
    assert 0 < cache.size <= 10_000
    cache.put(key(b"49"), prepared())
    before = cache.size
    cache.put(key(b"49"), prepared())
    assert cache.size == before


def test_an_enormous_request_is_not_kept() -> None:
    cache = PlanCache()
    cache.put(key(), prepared("x" * ENTRY_BYTES))
    assert len(cache) == 0
    assert cache.size == 0
