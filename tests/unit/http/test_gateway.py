"""One gateway: who is asked, in which order, and what reaches a log."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from rowgate.http.access import AccessLog
from rowgate.http.body import FREE_BYTES
from rowgate.http.exchange import BodyTooLarge, RawHeaders, Request, Response
from rowgate.http.gateway import Gateway, Readiness
from rowgate.http.metrics import RequestMetrics
from rowgate.identity.refusals import Refusal, refusal
from rowgate.principal import Principal, TokenClass
from rowgate.project.settings import ServerSettings

from .wire import Wire, served

pytestmark = pytest.mark.anyio

ANON = Principal("anon", b"{}", TokenClass.ANONYMOUS)
ADA = Principal("authenticated", b"{}", TokenClass.SESSION, issuer="clerk", subject="ada")
OWNER = Principal("service_role", b"{}", TokenClass.API_KEY, privileged=True)
EXPIRED = refusal("token_expired", "The token expired.", "Sign in again.", issuer="clerk")


class Door:
    """Knows four credentials; `known` are recalled, the rest is verified."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes | None, bytes | None]] = []

    def judge(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal:
        if authorization == b"Bearer expired":
            return EXPIRED
        if apikey == b"sb_secret_x":
            return OWNER
        return ANON if authorization is None else ADA

    def recall(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal | None:
        self.asked.append(("recall", authorization, apikey))
        return self.judge(authorization, apikey) if authorization == b"Bearer known" else None

    async def verify(self, authorization: bytes | None, apikey: bytes | None) -> Principal | Refusal:
        self.asked.append(("verify", authorization, apikey))
        return self.judge(authorization, apikey)


@dataclass
class Rest:
    """A service that remembers what reached it and answers as told."""

    prefix: str = "/rest/v1"
    seen: list[tuple[Request, Principal]] = field(default_factory=list)
    response: Response | Exception = field(default_factory=lambda: Response(200, [(b"x-own", b"1")], b"[]"))
    body_limit: int | None = None
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, request: Request, principal: Principal) -> Response:
        self.seen.append((request, principal))
        if self.body_limit is not None:
            self.bodies.append(await request.read(self.body_limit))
        if isinstance(self.response, Exception):
            raise self.response
        return self.response

    def refuse(self, refusal: Refusal) -> Response:
        return Response(refusal.status, [(b"x-shape", b"rest")], refusal.message.encode())

    def too_large(self, limit: int) -> Response:
        return Response(413, [], b"limit %d" % limit)


class Lines:
    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append({"event": event, **fields})

    error = info


@dataclass
class House:
    door: Door = field(default_factory=Door)
    rest: Rest = field(default_factory=Rest)
    log: Lines = field(default_factory=Lines)
    metrics: RequestMetrics = field(default_factory=RequestMetrics)
    opened: bool = True
    idle: float = 5.0
    bodies: int = 2**30
    at_root: str | None = None
    origins: tuple[str, ...] = ()
    trace: str | None = None

    def gateway(self) -> Gateway:
        gateway = Gateway(
            prefixes=["/rest/v1"],
            at_root=self.at_root,
            access=AccessLog(self.log, everything=True),
            log=self.log,
            metrics=self.metrics,
            readiness=lambda: Readiness(self.opened, {} if self.opened else {"database": "connection refused"}),
            gauges=lambda: {"pool_idle": 3.0},
            verdicts=lambda: {("shared_secret", "accepted"): 2, ("clerk", "token_expired"): 1},
            body_idle_timeout=self.idle,
            bodies_limit=self.bodies,
            origins=self.origins,
            trace_header=self.trace,
        )
        if self.opened:
            gateway.open(self.door, [self.rest])
        return gateway

    async def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
        path, _, query = target.partition("?")
        sent: list[dict[str, Any]] = []
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            await asyncio.sleep(60)
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 1),
        }
        await self.gateway()(scope, receive, send)
        return Reply(sent)


class Reply:
    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.status: int = sent[0]["status"]
        self.raw: RawHeaders = sent[0]["headers"]
        self.headers = {name.decode(): value.decode() for name, value in self.raw}
        self.body = b"".join(message["body"] for message in sent[1:])
        self.finished = not sent[-1].get("more_body", False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def test_a_service_gets_the_path_below_its_prefix_and_the_principal() -> None:
    house = House()
    reply = await house.ask("GET", "/rest/v1/todos?select=id", {"Authorization": "Bearer t"})
    (request, principal) = house.rest.seen[0]
    assert (request.path, request.query, principal) == ("/todos", b"select=id", ADA)
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"[]", "2")


@pytest.mark.parametrize(("target", "path"), [("/rest/v1", "/"), ("/rest/v1/", "/"), ("/rest/v1/rpc/f", "/rpc/f")])
async def test_the_prefix_alone_is_the_services_root(target: str, path: str) -> None:
    house = House()
    await house.ask("GET", target)
    assert house.rest.seen[0][0].path == path


@pytest.mark.parametrize("target", ["/rest/v10", "/rest/v1x/todos", "/nothing", "//rest/v1/todos", "/rest"])
async def test_an_unknown_path_is_told_what_exists(target: str) -> None:
    reply = await House().ask("GET", target)
    assert reply.status == 404
    assert "/rest/v1" in reply.json["hint"]


@pytest.mark.parametrize(
    ("target", "path"),
    [("/", "/"), ("/notes", "/notes"), ("/rpc/f", "/rpc/f"), ("/rest/v1/notes", "/notes"), ("/health", "/health"),
     ("/ready", "/ready"), ("/metrics", "/metrics"), ("/rest/v2/x", "/rest/v2/x")],
)  # fmt: skip
async def test_a_service_at_the_root_has_every_path_and_keeps_its_prefix(target: str, path: str) -> None:
    house = House(at_root="/rest/v1")

    await house.ask("GET", target)

    assert house.rest.seen[0][0].path == path
    assert (await House(at_root="/rest/v1", opened=False).ask("GET", "/notes")).status == 503


async def test_at_the_root_a_parameter_apikey_is_the_services() -> None:
    """PostgREST filters a column of that name."""
    house = House(at_root="/rest/v1")

    await house.ask("GET", "/notes?apikey=eq.1")
    await house.ask("GET", "/rest/v1/notes?apikey=eq.1")

    assert [request.query for request, _ in house.rest.seen] == [b"apikey=eq.1", b""]
    assert [asked[1:] for asked in house.door.asked if asked[0] == "verify"] == [(None, None), (None, b"eq.1")]


async def test_credentials_seen_before_are_recalled_without_waiting() -> None:
    house = House()
    await house.ask("GET", "/rest/v1/todos", {"authorization": "Bearer known"})
    assert [how for how, *_ in house.door.asked] == ["recall"]


async def test_a_refusal_goes_out_in_the_services_shape_with_its_code() -> None:
    house = House()
    reply = await house.ask("GET", "/rest/v1/todos", {"authorization": "Bearer expired"})
    assert (reply.status, reply.headers["x-shape"], reply.headers["x-rowgate-refusal"]) == (
        401,
        "rest",
        "token_expired",
    )
    assert house.rest.seen == []
    assert house.metrics.refusals == {"token_expired": 1}


async def test_a_key_in_the_query_counts_and_goes_no_further() -> None:
    house = House()
    await house.ask("GET", "/rest/v1/todos?a=eq.1&apikey=sb_secret%5Fx&b=eq.2")
    request, principal = house.rest.seen[0]
    assert principal == OWNER
    assert request.query == b"a=eq.1&b=eq.2"


async def test_the_key_in_the_header_wins_over_the_query() -> None:
    house = House()
    await house.ask("GET", "/rest/v1/todos?apikey=sb_secret_x", {"apikey": "sb_publishable_x"})
    assert house.rest.seen[0][1] == ANON


async def test_two_different_keys_in_the_query_are_refused() -> None:
    house = House()
    answer = await house.ask("GET", "/rest/v1/todos?apikey=sb_secret_x&apikey=sb_publishable_x")
    assert answer.status == 401
    assert house.door.asked == []
    await house.ask("GET", "/rest/v1/todos?apikey=sb_secret_x&apikey=sb_secret%5Fx")
    assert house.rest.seen[0][1] == OWNER


@pytest.mark.parametrize("name", [b"authorization", b"apikey"])
async def test_two_different_values_of_one_credential_are_refused(name: bytes) -> None:
    house = House()
    async with served(house.gateway(), ServerSettings()) as wire:
        answer = await wire.exchange(
            b"GET /rest/v1/todos HTTP/1.1\r\nhost: x\r\nconnection: close\r\n%s: a\r\n%s: b\r\n\r\n" % (name, name)
        )
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"x-rowgate-refusal: credentials_conflict" in answer
    assert house.door.asked == []


async def test_a_preflight_is_answered_before_anyone_is_asked() -> None:
    house = House()
    reply = await house.ask(
        "OPTIONS",
        "/rest/v1/todos",
        {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,x-retry-count",
        },
    )
    assert house.door.asked == []
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
    allowed = "Authorization, authorization, x-retry-count, Accept, Accept-Language, Content-Language"
    assert reply.headers["access-control-allow-headers"] == allowed
    assert reply.headers["access-control-max-age"] == "86400"


@pytest.mark.parametrize("requested", ["a\x00b", "a<b>", "x" * 5000, ""])
async def test_a_preflight_echoes_nothing_but_header_names(requested: str) -> None:
    reply = await House().ask(
        "OPTIONS",
        "/rest/v1/todos",
        {"Origin": "x", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": requested},
    )
    assert reply.headers["access-control-allow-headers"].startswith("Authorization, Content-Type, apikey, ")


async def test_a_plain_options_reaches_the_service() -> None:
    house = House()
    await house.ask("OPTIONS", "/rest/v1/todos")
    assert len(house.rest.seen) == 1


@pytest.mark.parametrize("target", ["/rest/v1/todos", "/nothing", "/health"])
async def test_every_response_can_be_read_by_a_page_of_any_origin(target: str) -> None:
    reply = await House().ask("GET", target, {"authorization": "Bearer expired"})
    assert [value for name, value in reply.raw if name == b"access-control-allow-origin"] == [b"*"]


async def test_a_page_reads_postgrests_headers_and_on_errors_those_that_say_why() -> None:
    exposed = [
        (await House().ask("GET", "/rest/v1/todos", {"authorization": token})).headers["access-control-expose-headers"]
        for token in ("Bearer known", "Bearer expired")
    ]
    assert exposed[0] == (
        "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
        "Range-Unit"
    )
    assert exposed[1].startswith(f"{exposed[0]}, ")
    assert "X-Rowgate-Refusal" in exposed[1]


LISTED = "https://app.example"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_with_a_list_of_origins_only_their_pages_may_read(method: str) -> None:
    house = House(origins=(LISTED, "https://other.example"))
    asks = {"access-control-request-method": "POST"} if method == "OPTIONS" else {}
    listed = await house.ask(method, "/rest/v1/todos", {"origin": LISTED, **asks})
    stranger = await house.ask(method, "/rest/v1/todos", {"origin": "https://stranger.example", **asks})
    assert listed.headers["access-control-allow-origin"] == LISTED
    assert listed.headers["access-control-allow-credentials"] == "true"
    assert not [name for name in stranger.headers if name.startswith("access-control-")]
    assert "Origin" in listed.headers["vary"]
    assert "Origin" in stranger.headers["vary"]


@pytest.mark.parametrize(
    ("header", "value", "comes"),
    [("X-Trace", "a b", True), ("X-Request-Id", "a b", True), ("X-Trace", "a\x07b", False)],
)
async def test_the_trace_header_comes_back_as_it_was_sent(header: str, value: str, comes: bool) -> None:
    reply = await House(trace=header).ask("GET", "/rest/v1/todos", {header.lower(): value})
    assert [each for name, each in reply.raw if name == header.lower().encode()] == [value.encode()] * comes


async def test_a_trace_header_nobody_sent_or_asked_for_does_not_appear() -> None:
    assert "x-trace" not in (await House(trace="X-Trace").ask("GET", "/rest/v1/todos")).headers
    assert "x-trace" not in (await House().ask("GET", "/rest/v1/todos", {"x-trace": "1"})).headers


@pytest.mark.parametrize(("offered", "taken"), [("abc-1", True), ("a b", False), ("x" * 129, False), ('a"b', False)])
async def test_a_request_id_is_taken_only_when_it_is_harmless(offered: str, taken: bool) -> None:
    reply = await House().ask("GET", "/health", {"x-request-id": offered})
    assert (reply.headers["x-request-id"] == offered) is taken


async def test_request_ids_of_ours_never_repeat() -> None:
    house = House()
    gateway = house.gateway()
    assert gateway._ids.of(None) != gateway._ids.of(None)


async def test_a_head_response_has_the_length_and_no_body() -> None:
    reply = await House().ask("HEAD", "/rest/v1/todos")
    assert (reply.headers["content-length"], reply.body) == ("2", b"")


async def test_a_204_has_no_content_length() -> None:
    house = House(rest=Rest(response=Response(204, [])))
    assert "content-length" not in (await house.ask("DELETE", "/rest/v1/todos")).headers


async def test_a_body_above_the_limit_is_answered_in_the_services_shape() -> None:
    house = House(rest=Rest(body_limit=3))
    reply = await house.ask("POST", "/rest/v1/todos", body=b"1234")
    assert (reply.status, reply.body) == (413, b"limit 3")


async def test_a_declared_length_above_the_limit_is_refused_before_reading() -> None:
    house = House(rest=Rest(body_limit=3))
    async with served(house.gateway(), ServerSettings()) as wire:
        answer = await wire.exchange(
            b"POST /rest/v1/t HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            b"expect: 100-continue\r\ncontent-length: 4\r\n\r\n"
        )
    assert answer.startswith(b"HTTP/1.1 413")  # and not 100, which would have invited the body


async def test_a_body_comes_whole_however_it_was_cut() -> None:
    house = House(rest=Rest(body_limit=100))
    async with served(house.gateway(), ServerSettings()) as wire:
        await wire.exchange(
            b"POST /rest/v1/t HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 6\r\n\r\n",
            b"abc",
            b"def",
            pause=0.02,
        )
    assert house.rest.bodies == [b"abcdef"]


async def test_a_body_that_stops_coming_is_answered_with_408() -> None:
    house = House(rest=Rest(body_limit=100), idle=0.1)
    async with served(house.gateway(), ServerSettings()) as wire:
        answer = await wire.exchange(b"POST /rest/v1/t HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nab")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"body_timeout" in answer


async def test_a_crowd_of_large_bodies_is_sent_away_and_small_ones_and_a_lone_one_are_not() -> None:
    large = 4 * FREE_BYTES
    house = House(rest=Rest(body_limit=10 * FREE_BYTES), bodies=2 * FREE_BYTES)
    head = b"POST /rest/v1/t HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"

    async def answer(wire: Wire, size: int) -> bytes:
        reader, writer = await wire.connect()
        writer.write(head % size + b"x" * size)
        async with asyncio.timeout(5):
            said = await reader.readuntil(b"\r\n\r\n") + await reader.read(100)
        writer.close()
        return said

    async with served(house.gateway(), ServerSettings()) as wire:
        _, writer = await wire.connect()  # alone, it may pass what all together may take
        writer.write(head % large + b"x" * (large - 1))
        await writer.drain()
        await asyncio.sleep(0.1)
        refused = await answer(wire, large)
        small = await answer(wire, FREE_BYTES)
        writer.close()
        await asyncio.sleep(0.1)
        afterwards = await answer(wire, large)
    assert refused.startswith(b"HTTP/1.1 503")
    assert b"bodies_full" in refused
    assert small.startswith(b"HTTP/1.1 200")
    assert afterwards.startswith(b"HTTP/1.1 200")
    assert house.metrics.turned_away == {"bodies_full": 1, "client_gone": 1}


async def test_a_client_that_leaves_while_sending_is_no_failure() -> None:
    house = House(rest=Rest(body_limit=100))
    async with served(house.gateway(), ServerSettings()) as wire:
        _, writer = await wire.connect()
        writer.write(b"POST /rest/v1/t HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nab")
        await writer.drain()
        writer.close()
        async with asyncio.timeout(2):
            while not house.metrics.turned_away:
                await asyncio.sleep(0.01)
    assert (house.metrics.turned_away, house.metrics.failures) == ({"client_gone": 1}, 0)


async def test_an_unexpected_exception_is_a_plain_500_and_its_text_goes_nowhere() -> None:
    house = House(rest=Rest(response=ValueError("token eyJsecret")))
    reply = await house.ask("GET", "/rest/v1/todos")
    assert reply.status == 500
    assert reply.json["hint"].count(reply.headers["x-request-id"]) == 1
    assert b"eyJsecret" not in reply.body
    assert "eyJsecret" not in str(house.log.lines)
    assert "test_gateway.py" in str(house.log.lines[0]["at"])


async def test_no_header_token_or_query_value_is_ever_logged() -> None:
    house = House()
    await house.ask(
        "GET",
        "/rest/v1/todos?name=eq.private-value&apikey=sb_publishable_x",
        {"authorization": "Bearer private-token", "cookie": "private-cookie"},
    )
    line = house.log.lines[-1]
    assert (line["path"], line["status"], line["role"]) == ("/rest/v1/todos", 200, "authenticated")
    assert "private" not in str(line)
    assert "sb_publishable_x" not in str(line)


async def test_a_streamed_body_goes_out_in_chunks() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"[1,"
        yield b"2]"

    house = House(rest=Rest(response=Response(200, [], chunks())))
    reply = await house.ask("GET", "/rest/v1/todos")
    assert (reply.body, reply.finished) == (b"[1,2]", True)


async def test_a_stream_that_breaks_off_is_visibly_unfinished() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"[1,"
        raise ValueError

    house = House(rest=Rest(response=Response(200, [], chunks())))
    async with served(house.gateway(), ServerSettings()) as wire:
        answer = await wire.exchange(b"GET /rest/v1/todos HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"[1," in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert house.metrics.failures == 1


async def test_a_stream_nobody_reads_any_more_is_closed() -> None:
    closed = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.005)
        finally:
            closed.set()

    house = House(rest=Rest(response=Response(200, [], chunks())))
    async with served(house.gateway(), ServerSettings()) as wire:
        reader, writer = await wire.connect()
        writer.write(b"GET /rest/v1/todos HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readline()
        writer.close()
        async with asyncio.timeout(2):
            await closed.wait()


async def test_a_stream_to_an_http_1_0_client_has_a_length() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"[1,"
        yield b"2]"

    house = House(rest=Rest(response=Response(200, [], chunks())))
    async with served(house.gateway(), ServerSettings()) as wire:
        answer = await wire.exchange(b"GET /rest/v1/todos HTTP/1.0\r\n\r\n")
    assert b"content-length: 5" in answer
    assert answer.endswith(b"\r\n\r\n[1,2]")


async def test_a_gateway_that_is_not_open_yet_lives_but_is_not_ready() -> None:
    house = House(opened=False)
    assert (await house.ask("GET", "/health")).status == 200
    ready = await house.ask("GET", "/ready")
    assert (ready.status, ready.json["parts"]) == (503, {"database": "connection refused"})
    closed = await house.ask("GET", "/rest/v1/todos")
    assert (closed.status, closed.headers["retry-after"]) == (503, "1")
    assert "connection refused" in closed.json["message"]


async def test_metrics_are_for_the_secret_key_alone() -> None:
    house = House()
    assert (await house.ask("GET", "/metrics")).status == 403
    assert (await house.ask("GET", "/metrics", {"authorization": "Bearer t"})).status == 403
    assert (await house.ask("GET", "/metrics", {"authorization": "Bearer expired"})).status == 401
    await house.ask("GET", "/rest/v1/todos")
    text = (await house.ask("GET", "/metrics", {"apikey": "sb_secret_x"})).body.decode()
    assert 'rowgate_responses_total{service="/rest/v1",status="200",worker="0"} 1.0' in text
    assert 'rowgate_refusals_total{code="token_expired",worker="0"} 1.0' in text
    assert 'rowgate_pool_idle{worker="0"} 3.0' in text
    assert 'rowgate_identity_verdicts_total{issuer="shared_secret",verdict="accepted",worker="0"} 2.0' in text
    assert 'rowgate_identity_verdicts_total{issuer="clerk",verdict="token_expired",worker="0"} 1.0' in text


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_the_gateways_own_pages_are_read_only(method: str) -> None:
    assert (await House().ask(method, "/health")).status == 405


async def test_a_body_too_large_raised_by_a_service_itself_is_rendered_too() -> None:
    house = House(rest=Rest(response=BodyTooLarge(7)))
    assert (await house.ask("POST", "/rest/v1/t")).body == b"limit 7"


def test_lines_beyond_the_budget_are_counted_instead() -> None:
    lines = Lines()
    access = AccessLog(lines)
    for number in range(100):
        access.write(method="GET", path="/", status=200, started=1.0, ended=1.001, request_id=str(number), who=ANON)
    access.write(method="GET", path="/", status=200, started=2.0, ended=2.001, request_id="x", who=None)
    assert len(lines.lines) == 6
    assert lines.lines[-1]["unlogged"] == 95


async def test_a_service_learns_when_the_request_arrived() -> None:
    house = House()
    before = time.perf_counter()
    await house.ask("GET", "/rest/v1/todos")
    assert before <= house.rest.seen[0][0].arrived <= time.perf_counter()
