"""What a stranger can make the server hold is bounded, and he is told which bound he met."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rowgate.http import protocol
from rowgate.project.settings import ServerSettings

from .wire import GET, hello, served

pytestmark = pytest.mark.anyio

SETTINGS = ServerSettings(header_timeout=0.3, keep_alive_timeout=1)


def head(*fields: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + b"\r\n".join(fields) + b"\r\n\r\n"


async def test_a_request_inside_every_limit_is_served() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(head(b"a: " + b"x" * 60_000, *[b"n%d: v" % i for i in range(90)]))
    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_header_larger_than_the_limit_is_refused() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(head(b"a: " + b"x" * 40_000, b"b: " + b"x" * 40_000))
        assert wire.turned_away == {"header_bytes": 1}
    assert answer.startswith(b"HTTP/1.1 431")
    assert b"65536" in answer


async def test_one_endless_field_is_refused_while_it_is_still_coming() -> None:
    async with served(hello, SETTINGS) as wire:
        reader, writer = await wire.connect()
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"x" * 100_000)  # and no end of it
        async with asyncio.timeout(0.25):  # sooner than the header timeout
            answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 431")


async def test_more_fields_than_the_limit_are_refused() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(head(*[b"n%d: v" % i for i in range(100)]))
    assert answer.startswith(b"HTTP/1.1 431")
    assert b"100 fields" in answer


async def test_a_request_line_longer_than_the_limit_is_refused() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(b"GET /?" + b"q" * 20_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 414")


async def test_a_head_that_trickles_in_is_refused_in_time() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(*[GET[i : i + 1] for i in range(10)], pause=0.05)
    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_head_that_trickles_in_on_a_kept_connection_is_refused_in_time() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(GET, *[GET[i : i + 1] for i in range(10)], pause=0.05)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


async def test_a_connection_that_never_says_a_word_is_closed_without_one() -> None:
    async with served(hello, SETTINGS) as wire:
        assert await wire.exchange() == b""


async def test_a_kept_connection_is_closed_when_it_has_been_idle_and_not_before() -> None:
    async with served(hello, ServerSettings(keep_alive_timeout=1)) as wire:
        reader, writer = await wire.connect()
        began = asyncio.get_running_loop().time()
        for _ in range(4):  # used now and then: the timer of the first wait goes off in between
            writer.write(GET)
            assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.4)
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        assert 2.0 < asyncio.get_running_loop().time() - began < 2.9  # the last answer at 1.2 s


async def test_a_slow_answer_is_no_idle_connection() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1.5)
        await hello(scope, receive, send)

    async with served(slow, ServerSettings(keep_alive_timeout=1)) as wire:
        reader, writer = await wire.connect()
        for _ in range(2):
            writer.write(GET)
            assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_connection_above_the_cap_is_told_so() -> None:
    async with served(hello, ServerSettings(connection_limit=1)) as wire:
        reader, writer = await wire.connect()
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        refused = await wire.exchange(GET)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in refused
        writer.close()
        await asyncio.sleep(0.05)  # the place is free again once the server has seen the close
        assert (await wire.exchange(head())).startswith(b"HTTP/1.1 200")


async def test_a_body_that_stalls_after_its_answer_does_not_keep_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "UNREAD_BODY_SECONDS", 0.2)
    async with served(hello, SETTINGS) as wire:
        reader, writer = await wire.connect()
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.write(b"6")  # one more byte: uvicorn's own timer is gone now
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            async with asyncio.timeout(2):
                await reader.readexactly(10_000)
        assert wire.turned_away == {"unread_body": 1}


async def test_a_connection_serves_on_when_the_unread_body_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "UNREAD_BODY_SECONDS", 0.2)
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n1", b"23", GET, pause=0.15
        )
    assert answer.count(b"HTTP/1.1 200") == 2


async def test_a_peer_that_stops_reading_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WRITE_STALL_SECONDS", 0.2)

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})

    async with served(flood, SETTINGS) as wire:
        _, writer = await wire.connect()
        writer.write(GET)
        async with asyncio.timeout(3):
            while not wire.turned_away["write_stall"]:
                await asyncio.sleep(0.02)
        writer.close()


async def test_a_peer_that_reads_slowly_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WRITE_STALL_SECONDS", 1.0)
    body = b"x" * 40_000_000

    async def large(scope: Any, receive: Any, send: Any) -> None:
        head = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async with served(large, SETTINGS) as wire:
        reader, writer = await wire.connect()
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        began, size = asyncio.get_running_loop().time(), 0
        while size < len(body):
            piece = await reader.read(500_000)
            assert piece, "cut off"
            size += len(piece)
            await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began > 1.5, "longer than one stall may last"
        assert not wire.turned_away
        writer.close()


async def test_trailer_fields_never_join_the_header() -> None:
    seen: list[Any] = []

    async def late(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        seen.extend(scope["headers"])
        await hello(scope, receive, send)

    async with served(late, SETTINGS) as wire:
        await wire.exchange(
            b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
            b"1\r\na\r\n0\r\napikey: stolen\r\n\r\n",
        )
    assert not [value for name, value in seen if name == b"apikey"]


@pytest.mark.parametrize(
    "message",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",  # a TLS hello
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",  # smuggling
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\na",
        b"CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_with_400(message: bytes) -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(message)
    assert answer.startswith(b"HTTP/1.1 400")


async def test_requests_waiting_on_one_connection_are_few() -> None:
    # Each one costs a kilobyte from 18 bytes of a stranger's: 20 connections made the process 300 MB larger.
    answered = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await answered.wait()
        await hello(scope, receive, send)

    async with served(slow, SETTINGS) as wire:
        with pytest.raises(ConnectionResetError):
            await wire.exchange(GET * 15_000)
        assert wire.turned_away == {"pipeline": 1}
        answered.set()


async def test_a_few_requests_sent_ahead_are_all_answered() -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(GET * 20)
    assert answer.count(b"HTTP/1.1 200") == 20


@pytest.mark.parametrize(
    "message",
    [
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_a_body_whose_end_another_parser_may_see_elsewhere_is_refused(message: bytes) -> None:
    async with served(hello, SETTINGS) as wire:
        answer = await wire.exchange(message)
        assert wire.turned_away == {"transfer_encoding": 1}
    assert answer.startswith(b"HTTP/1.1 400")
