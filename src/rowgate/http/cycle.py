"""One request and its answer on one connection: uvicorn's cycle with the answer written in one piece.

uvicorn writes head and body apart, two system calls and often two packets, and looks at each header field with two
regular expressions. For an answer of a kilobyte that was a fifth of the server's CPU (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, RequestResponseCycle

from rowgate.http.exchange import BODILESS

COPIED_BYTES = 64 * 1024  # a larger body is not copied behind its head

# Field names our own code writes, in lower case and valid; any other is looked at.
_KNOWN = frozenset(
    {
        b"access-control-allow-origin", b"access-control-expose-headers", b"cache-control", b"content-length",
        b"content-location", b"content-profile", b"content-range", b"content-type", b"date", b"location",
        b"preference-applied", b"proxy-status", b"server", b"vary", b"x-request-id",
    }
)  # fmt: skip
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
# What no field value may hold (RFC 9110 section 5.5): controls but HTAB. CR and LF are here too, because those that
# end the lines are counted.
_CONTROLS = bytes(code for code in range(0x20) if code != 0x09) + b"\x7f"
_LINE_END = 2  # bytes of CR LF
# PostgREST's words where Python's differ, or have come to differ since 3.13.
_REASONS = {
    413: b"Request Entity Too Large",
    414: b"Request-URI Too Long",
    416: b"Requested Range Not Satisfiable",
    418: b"I'm a teapot",
    422: b"Unprocessable Entity",
}
_STATUS_LINES = {status: line[:-_LINE_END] for status, line in STATUS_LINE.items()} | {
    status: b"HTTP/1.1 %d %b" % (status, reason) for status, reason in _REASONS.items()
}


class Cycle(RequestResponseCycle):
    """The cycle of one request. `send` takes the ASGI messages in their order and raises RuntimeError otherwise."""

    _held = b""  # the head of an answer with a length, until its body is there

    async def send(self, message: Any) -> None:
        """Send one ASGI message. Raises RuntimeError for a field or reason that would break out of its line."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if not self.response_started:
            if kind != "http.response.start":
                raise RuntimeError(f"http.response.start was expected, not {kind}")
            head = self._head(message["status"], message.get("headers", ()), message.get("reason", b""))
            self.response_started = True
            self.waiting_for_100_continue = False
            if self.chunked_encoding:
                self.transport.write(head)  # a stream: its first chunk may take time
            else:
                self._held = head
        elif self.response_complete or kind != "http.response.body":
            raise RuntimeError(f"http.response.body was expected once more at most, not {kind}")
        else:
            self._write(message.get("body", b""), message.get("more_body", False))

    def _write(self, body: bytes, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("the body is longer than its Content-Length")
        if not more and self.expected_content_length:
            raise RuntimeError("the body is shorter than its Content-Length")
        held = self._held
        if held:
            self._held = b""
            if len(body) <= COPIED_BYTES:
                self.transport.write(held + body)
            else:
                self.transport.writelines([held, body])
        elif body:
            self.transport.write(body)
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    def _head(self, status: int, headers: Iterable[tuple[bytes, bytes]], reason: bytes) -> bytes:
        self.chunked_encoding, self.expected_content_length = None, 0  # a head that was refused may have left its own
        lines = [b"HTTP/1.1 %d %b" % (status, reason) if reason else _STATUS_LINES[status]]
        closing = False
        for name, value in (*self.default_headers, *headers):
            if name not in _KNOWN:
                if HEADER_RE.search(name):
                    raise RuntimeError("invalid name of a header field")
                name = name.lower()
            if name in _FRAMING:
                closing = self._framed(name, value) or closing
            lines.append(b"%b: %b" % (name, value))
        if not self.keep_alive and not closing:
            lines.append(b"connection: close")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in BODILESS:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked")
        lines.append(b"\r\n")
        head = b"\r\n".join(lines)
        if len(head) - len(head.translate(None, _CONTROLS)) != _LINE_END * len(lines):
            raise RuntimeError("invalid value of a header field")
        return head

    def _framed(self, name: bytes, value: bytes) -> bool:
        """Take a field into account that says where the answer ends; whether it says that the connection ends."""
        if name == b"content-length" and self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        elif name == b"transfer-encoding" and value.lower() == b"chunked":
            self.expected_content_length = 0
            self.chunked_encoding = True
        elif name == b"connection" and b"close" in [token.strip().lower() for token in value.split(b",")]:
            self.keep_alive = False
            return True
        return False
