"""uvicorn's HTTP/1.1 protocol with the limits that uvicorn lacks (it answers 200 to a 60 MB header).

What a stranger can make us hold is bounded before any credential is looked at: the size and number of header fields,
the time a head may take, the number of connections, the time a peer may leave our answer unread.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rowgate.http.cycle import Cycle
from rowgate.http.presence import PRESENCE, Presence
from rowgate.project.settings import ServerSettings

REQUEST_LINE_BYTES = 16 * 1024  # PostgREST filters are long (`id=in.(…)`); nginx's default large buffer is 8 KiB
LINGER_SECONDS = 1.0  # after a rejection: time for the peer to read it before the reset (RFC 9112 section 9.6)
LINGERING_LIMIT = 100  # rejected connections kept open for that; the next ones are cut at once
UNREAD_BODY_SECONDS = 5.0  # how long the rest of a body is swallowed once its answer has been sent
PIPELINE_LIMIT = 64  # requests that wait on one connection for the answer before them; uvicorn would take 18 bytes each
WRITE_STALL_SECONDS = 30.0  # a peer that takes nothing of a waiting answer for so long is cut off


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Subclass it through `protocol_class`, which sets the limits."""

    limits: ServerSettings
    lingering: set[LimitedProtocol]  # rejected, waiting for the peer to read why
    turned_away: Counter[str]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._in_head = True  # between requests, or inside a request line and header
        self._message_open = False  # the parser has seen a head whose message is not complete
        self._head_bytes = 0  # fed to the parser since the current head began, unless complete in one piece
        self._field_bytes = 0
        self._violation: tuple[int, str, str] | None = None
        self._rejected = False
        self._timer: asyncio.TimerHandle | None = None  # head, linger or unread body: never two at once
        self._write_timer: asyncio.TimerHandle | None = None
        self.presence = Presence()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_since = 0.0  # on the loop's clock: when the last answer was complete

    # What the transport tells us

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.limits.connection_limit:
            self.transport = transport
            self._reject(503, "connections", "All connections are taken. Try again in a moment.")
            return
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.limits.header_timeout, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        for timer in (self._write_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self.lingering.discard(self)
        super().connection_lost(exc)
        self.presence.leave()

    def eof_received(self) -> None:
        if self._rejected:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._rejected:
            return  # lingering: read and forgotten
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes and not self._rejected and not self.transport.is_closing():
            if self._head_bytes > self.limits.header_bytes + REQUEST_LINE_BYTES:
                # One endless field never reaches on_header: the parser collects it silently.
                self._reject_head(431, "header_bytes", f"The header is larger than {self.limits.header_bytes} bytes.")
            elif self._timer is None:
                self._timer = self.loop.call_later(self.limits.header_timeout, self._head_late)

    # What the parser tells us

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[PRESENCE] = self.presence  # type: ignore[literal-required]
        self._in_head = True
        self._message_open = True
        self._field_bytes = 0
        if len(self.pipeline) >= PIPELINE_LIMIT:
            self._violate(429, "pipeline", f"More than {PIPELINE_LIMIT} requests wait on this connection.")

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > REQUEST_LINE_BYTES:
            self._violate(414, "request_line", f"The request line is longer than {REQUEST_LINE_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer field: never merged into the header (RFC 9110 section 6.5.1)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        if name == b"transfer-encoding" and (
            value.strip().lower() != b"chunked" or self.parser.get_http_version() == "1.0"
        ):
            # RFC 9112 sections 6.1 and 6.3: with any other coding, or in HTTP/1.0, a proxy in front may see the body's
            # end elsewhere, and what follows as a request of its own. (Two fields are refused by the parser.)
            self._violate(400, "transfer_encoding", "The only transfer coding read here is `chunked`.")
        self.headers.append((name, value))
        self._field_bytes += len(name) + len(value) + 4  # colon, blank, CR LF
        if self._field_bytes > self.limits.header_bytes:
            self._violate(431, "header_bytes", f"The header is larger than {self.limits.header_bytes} bytes.")
        elif len(self.headers) > self.limits.header_fields:
            self._violate(431, "header_fields", f"The header has more than {self.limits.header_fields} fields.")

    def on_headers_complete(self) -> None:
        """uvicorn's, without upgrades and with our own cycle."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        version = self.parser.get_http_version()
        url = parse_url(self.url)
        path = url.path.decode("ascii")
        scope = self.scope
        scope["http_version"] = version
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["raw_path"] = url.path
        scope["path"] = unquote(path) if "%" in path else path
        scope["query_string"] = url.query or b""
        before = self.cycle
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()  # pipelined: its turn comes after the one before
            self.pipeline.appendleft((self.cycle, self.app))

    def on_message_complete(self) -> None:
        self._message_open = False
        self._in_head = True
        super().on_message_complete()
        if self._timer is not None and self.cycle.response_complete:  # the rest of an unread body has now come
            self._stop_timer()
            self._await_next()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._await_next()
        if self._message_open:
            # Answered before its body was read: swallow the rest for a while, so that the peer can finish writing
            # and read the answer. uvicorn would keep such a connection for ever once its body stalls.
            self._timer = self.loop.call_later(UNREAD_BODY_SECONDS, self._cut, "unread_body")

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._watch_reading()

    def _watch_reading(self) -> None:
        """Cut the peer off that takes nothing. One that reads slowly, but does, may have a large answer for hours."""
        left = self.transport.get_write_buffer_size()
        self._write_timer = self.loop.call_later(WRITE_STALL_SECONDS, self._look_at_reading, left)

    def _look_at_reading(self, before: int) -> None:
        if self.transport.get_write_buffer_size() != before:
            self._watch_reading()
        else:
            self._cut("write_stall")

    def resume_writing(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        if self._write_timer is not None:
            self._await_next()  # a large answer is still being read; the other timer looks at that
        elif self.transport.get_write_buffer_size():
            self._cut("write_stall")  # close() would wait for a peer that stopped reading
        else:
            super().timeout_keep_alive_handler()

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: any stranger may ask for an upgrade as often as he likes; the request is served without it."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Called by uvicorn when the parser stopped: for one of our limits, or because this is not HTTP."""
        status, reason, message = self._violation or (400, "not_http", "This is not a valid HTTP/1.1 request.")
        self._reject_head(status, reason, message)

    # Turning a peer away

    def _violate(self, status: int, reason: str, message: str) -> None:
        self._violation = (status, reason, message)
        raise ValueError(reason)  # httptools turns it into HttpParserCallbackError: nothing more is parsed

    def _head_late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._head_bytes == 0:
            self.transport.close()  # opened ahead of need (browsers do) and never used: nothing to answer
        else:
            self._reject_head(
                408, "header_timeout", f"The header did not arrive within {self.limits.header_timeout:g} seconds."
            )

    def _reject_head(self, status: int, reason: str, message: str) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._cut(reason)  # an answer to an earlier request is under way: ours would land in the middle of it
        else:
            self._reject(status, reason, message)

    def _reject(self, status: int, reason: str, message: str) -> None:
        self.turned_away[reason] += 1
        self._rejected = True
        self._stop_timer()
        body = msgspec.json.encode({"code": reason, "message": message, "details": None, "hint": None})
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nserver: rowgate\r\naccess-control-allow-origin: *\r\n"
            b"content-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n%sconnection: close\r\n\r\n%s"
            % (status, HTTPStatus(status).phrase.encode(), len(body), b"retry-after: 1\r\n" * (status == 503), body)
        )
        if len(self.lingering) >= LINGERING_LIMIT or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.lingering.add(self)
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _cut(self, reason: str) -> None:
        self.turned_away[reason] += 1
        self.transport.abort()

    def _await_next(self) -> None:
        """Begin to wait for a request. One timer serves many of them: it looks at the time when it goes off, which
        costs a request less than setting and stopping one of its own."""
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._idle_late)

    def _idle_late(self) -> None:
        self._idle_timer = None
        if self.transport.is_closing() or self._head_bytes or not self.cycle.response_complete:
            return  # the next request is under way, and its answer begins the wait anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._idle_late)
        else:
            self.timeout_keep_alive_handler()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def protocol_class(settings: ServerSettings, turned_away: Counter[str]) -> type[LimitedProtocol]:
    """The protocol of one server, to be given to `uvicorn.Config(http=…)`. Connections cut are counted by reason."""
    return type(
        "ServerProtocol",
        (LimitedProtocol,),
        {"limits": settings, "lingering": set(), "turned_away": turned_away},
    )
