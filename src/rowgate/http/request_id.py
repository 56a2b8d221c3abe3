"""Request ids: the caller's own when it is harmless, else a cheap one of ours."""

from __future__ import annotations

from itertools import count
from secrets import token_hex

ID_LIMIT = 128  # bytes
_HARMLESS = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/+=~@"


class RequestIds:
    """Makes ids that are unique across processes: a random start per process, then a counter (0.2 µs, no urandom)."""

    __slots__ = ("_counter", "_start")

    def __init__(self) -> None:
        self._start = token_hex(8)
        self._counter = count(1)

    def of(self, offered: bytes | None) -> str:
        """The id of a request whose `x-request-id` header was `offered`.

        An offered id goes back out in a header and into log lines, so it is taken only when it is short and made of
        characters that mean nothing to either.
        """
        if offered is not None and 0 < len(offered) <= ID_LIMIT and not offered.translate(None, _HARMLESS):
            return offered.decode("ascii")
        return f"{self._start}-{next(self._counter):x}"
