"""Which rows of the top level are wanted: `limit` and `offset`, and the Range header."""

from __future__ import annotations

import re

from rowgate.postgrest.errors import RestError
from rowgate.rest.syntax import Range

MAX_ROW = 2**63 - 1  # LIMIT and OFFSET are int8
# No two neighbours match the same character, or a header of zeros would cost the square of its length.
_INTEGER = re.compile(r"[ \t]*(-?)([0-9]+)[ \t]*")
_HEADER = re.compile(r"([0-9]+)-([0-9]*)")
_TOO_LONG = len(str(MAX_ROW))
EVERYTHING = Range()


def integer(text: str) -> int | None:
    """An integer, held within an int8; None, which is no limit, for anything else."""
    if text.isdecimal() and text.isascii() and len(text) < _TOO_LONG:
        return int(text)
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    number = _bounded(match.group(2))
    return -number if match.group(1) else number


def window(limit: int | None = None, offset: int | None = None) -> Range:
    """The top level's window. A negative offset begins at the first row and is paid for by the limit, as upstream.

    Raises RestError PGRST103 for a window with nothing in it; only a bare `limit=0` may ask for nothing.
    """
    start = offset or 0
    if limit is None:
        return Range(max(0, start), None)
    if limit == 0 and start == 0:
        return Range(0, 0)
    rows = limit + min(0, start)
    if rows <= 0:
        raise negative_limit()
    return Range(max(0, start), rows)


def range_header(value: bytes) -> Range | None:
    """The window of a Range header such as `0-9` or `10-`; None when it is no such header and is ignored.

    Raises RestError PGRST103 when its bounds are the wrong way round.
    """
    match = _HEADER.fullmatch(value.decode("latin-1"))
    if match is None:
        return None
    first = _bounded(match.group(1))
    if not match.group(2):
        return Range(first, None)
    last = _bounded(match.group(2))
    if last < first:
        raise RestError(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
        )
    return Range(first, last - first + 1)


def intersection(first: Range, second: Range) -> Range:
    """Rows that both windows hold; `limit=0` wins over any. Raises RestError PGRST103 when there are none."""
    if second.limit == 0:
        return second
    offset = max(first.offset, second.offset)
    ends = [window.offset + window.limit for window in (first, second) if window.limit is not None]
    if not ends:
        return Range(offset, None)
    if min(ends) <= offset:
        raise negative_limit()
    return Range(offset, min(ends) - offset)


def capped(rows: Range, max_rows: int | None) -> Range:
    """The same rows, but at most `max_rows`."""
    if max_rows is None or (rows.limit is not None and rows.limit <= max_rows):
        return rows
    return Range(rows.offset, max_rows)


def negative_limit() -> RestError:
    """PGRST103 for a window that ends before it begins."""
    return RestError(
        416,
        "PGRST103",
        "Requested range not satisfiable",
        "Limit should be greater than or equal to zero.",
    )


def _bounded(digits: str) -> int:
    """The number, or MAX_ROW: a number of a megabyte costs nothing and asks for no more."""
    digits = digits.lstrip("0") or "0"
    return MAX_ROW if len(digits) > _TOO_LONG else min(MAX_ROW, int(digits))
