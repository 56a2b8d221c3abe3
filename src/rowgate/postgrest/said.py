"""What SQL may say of an answer: its status and headers, through settings or RAISE.

https://docs.postgrest.org/en/v14/references/transactions.html#response-headers
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from rowgate.http.exchange import RawHeaders
from rowgate.postgrest.errors import RestError

HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # a token of RFC 9110
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")  # no control characters: a line break would end the header
FRAMING = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
"""Where an answer ends is the server's to say (RFC 9112 section 6): a wrong length cuts it, or eats the next one."""
STATUSES = range(200, 600)  # a 1xx is no answer: the client would wait for the one behind it
REASON_LIMIT = 200  # characters; a message may be a page, and a proxy refuses a long status line


def said_status(said: bytes) -> int:
    """The setting response.status. Raises RestError PGRST112."""
    digits = re.match(rb"\d+", said)
    status = int(digits[0][:4]) if digits else 0
    if status not in STATUSES:
        raise RestError(500, "PGRST112", "response.status guc must be a valid status code")
    return status


def said_reason(said: str) -> bytes:
    """A text as the reason of a status line (RFC 9112 section 4), nothing where it is none: the status has its own."""
    return said.encode() if len(said) <= REASON_LIMIT and HEADER_VALUE.fullmatch(said) else b""


def said_headers(said: bytes) -> RawHeaders:
    """The setting response.headers. Raises RestError PGRST111."""
    try:
        each_named = msgspec.json.decode(said, type=list[dict[str, str]])
    except msgspec.MsgspecError:
        each_named = [{}]
    if not all(len(each) == 1 and are_headers(each) for each in each_named):
        raise RestError(
            500,
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects with a single key and a string value",
        )
    return [header for each in each_named for header in raw_headers(each)]


def are_headers(headers: Mapping[str, str]) -> bool:
    """Whether all of them can be sent."""
    return all(HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value) for name, value in headers.items())


def raw_headers(headers: Mapping[str, str]) -> RawHeaders:
    """Checked headers as they go out, without those that frame the message."""
    named = ((name.lower(), value) for name, value in headers.items())
    return [(name.encode(), value.encode()) for name, value in named if name not in FRAMING]
