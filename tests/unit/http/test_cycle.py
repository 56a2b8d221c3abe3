"""How an answer is written: in one piece where it is whole, and never with a field that breaks out of its line."""

from __future__ import annotations

from typing import Any

import pytest

from rowgate.http.cycle import COPIED_BYTES
from rowgate.project.settings import ServerSettings
from tests.unit.http.wire import GET, served

pytestmark = pytest.mark.anyio

LAST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


def answering(headers: list[tuple[bytes, bytes]], *bodies: bytes, status: int = 200) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies, start=1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return app


async def asked(app: Any, request: bytes = LAST) -> bytes:
    async with served(app, ServerSettings()) as wire:
        return await wire.exchange(request)


@pytest.mark.parametrize(("reason", "line"), [(b"", b"402 Payment Required"), (b"Pay \xc3\xbcp", b"402 Pay \xc3\xbcp")])
async def test_the_status_line_has_the_reason_given_or_the_status_own(reason: bytes, line: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 402, "headers": [], "reason": reason})
        await send({"type": "http.response.body", "body": b""})

    assert (await asked(app)).startswith(b"HTTP/1.1 %b\r\n" % line)


@pytest.mark.parametrize(
    ("status", "line"), [(418, b"418 I'm a teapot"), (416, b"416 Requested Range Not Satisfiable"), (200, b"200 OK")]
)
async def test_a_status_is_called_as_postgrest_calls_it(status: int, line: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    assert (await asked(app)).startswith(b"HTTP/1.1 %b\r\n" % line)


@pytest.mark.parametrize("size", [0, 2, COPIED_BYTES, COPIED_BYTES + 1])
async def test_a_body_with_a_length_arrives_as_it_is(size: int) -> None:
    body = b"x" * size
    head, _, rest = (await asked(answering([(b"content-length", b"%d" % size)], body))).partition(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % size in head
    assert rest == body


async def test_head_and_body_leave_together() -> None:
    pieces: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        transport = send.__self__.transport
        send.__self__.transport = _Recorder(transport, pieces)
        await answering([(b"content-length", b"2")], b"hi")(scope, receive, send)

    await asked(app)
    assert len(pieces) == 1


class _Recorder:
    def __init__(self, transport: Any, pieces: list[bytes]) -> None:
        self._transport, self._pieces = transport, pieces

    def write(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._transport.write(piece)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def test_a_body_without_a_length_is_chunked() -> None:
    answer = await asked(answering([], b"ab", b"", b"c"))
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert rest == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_the_answer_to_head_has_no_body() -> None:
    answer = await asked(answering([(b"content-length", b"2")], b"hi"), LAST.replace(b"GET", b"HEAD"))
    assert b"content-length: 2" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_has_no_framing(status: int) -> None:
    answer = await asked(answering([], b"", status=status))
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-a", b"1\r\nset-cookie: stolen=1"),
        (b"x-a", b"1\nset-cookie: stolen=1"),
        (b"x-a", b"1\rset-cookie: stolen=1"),
        (b"x-a", b"1\x00"),
        (b"x-a", b"1\x7f"),
        (b"content-type", b"text/plain\r\n\r\n<script>"),
        (b"x-a: 1\r\nset-cookie", b"stolen=1"),
        (b"x a", b"1"),
        (b"", b"\r\n"),
    ],
)
async def test_no_field_breaks_out_of_its_line(name: bytes, value: bytes) -> None:
    answer = await asked(answering([(b"content-length", b"2"), (name, value)], b"hi"))
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"stolen" not in answer
    assert b"script" not in answer


@pytest.mark.parametrize("body", [b"h", b"hi!"])
async def test_a_body_of_another_length_than_was_said_cuts_the_connection(body: bytes) -> None:
    answer = await asked(answering([(b"content-length", b"2")], body))
    assert b"hi!" not in answer
    assert not answer.endswith(b"\r\n\r\nhi")


async def test_an_answer_that_says_close_ends_the_connection() -> None:
    answer = await asked(answering([(b"content-length", b"2"), (b"connection", b"close")], b"hi"), GET)
    assert answer.count(b"connection: close") == 1


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answering([(b"content-length", b"2")], scope["path"].encode())(scope, receive, send)

    answer = await asked(
        app, GET.replace(b"/ ", b"/1 ", 1) + GET.replace(b"/ ", b"/2 ", 1) + LAST.replace(b"/ ", b"/3 ", 1)
    )
    bodies = [part[:2] for part in answer.split(b"\r\n\r\n")[1:]]
    assert bodies == [b"/1", b"/2", b"/3"]
