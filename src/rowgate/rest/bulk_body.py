"""Bodies of many rows, read a slice at a time, so that a large one lets other requests in between.

Not in a thread: the interpreter lock would make the event loop wait for its turn longer than a slice takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Iterator
from io import BytesIO
from typing import TypeAlias

import msgspec

from rowgate.postgrest.errors import RestError
from rowgate.rest.csv_body import CsvError, read_records
from rowgate.rest.query_string import as_text
from rowgate.rest.syntax import Payload

Steps: TypeAlias = Generator[None, None, Payload]
"""The reading of a body: it may be left alone for a while at every yield. Raises RestError PGRST102, 22021."""

LARGE_BODY = 256 * 1024  # bytes; a smaller one is read without a pause
SLICE_BYTES = 64 * 1024  # of JSON: about a millisecond's work
CSV_SLICE_BYTES = 8 * 1024
# As JSON every row of CSV repeats the names of its columns: 120 KB with one long name became 1 GB (measured). 36 bytes
# for one are the most that a table with one column can need, whose name has 63 bytes; and no value of Postgres, such as
# the body it is given, is larger than 1 GB.
JSON_PER_CSV_BYTE = 64
LARGEST_VALUE = 2**30 - 1  # bytes
EMPTY_ARRAY = Payload(b"[]", is_array=True, is_empty_array=True)

_rows = msgspec.json.Decoder(list[msgspec.Raw])
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BETWEEN_OBJECTS = re.compile(rb"\}[ \t\r\n]*(,)[ \t\r\n]*\{")


def finished(steps: Steps) -> Payload:
    """Read to the end without a pause."""
    while (payload := _advanced(steps)) is None:
        pass
    return payload


async def read_by_steps(steps: Steps) -> Payload:
    """Read to the end, and let the event loop do something else at each step."""
    while True:
        payload = _advanced(steps)
        if payload is not None:
            return payload
        await asyncio.sleep(0)


def _advanced(steps: Steps) -> Payload | None:
    """One step further; the payload behind the last one."""
    try:
        next(steps)
    except StopIteration as end:
        payload: Payload = end.value
        return payload
    return None


def array_steps(body: bytes) -> Steps:
    """A JSON array of objects with the same keys; it goes to Postgres as it came."""
    keys = None
    differ = False
    try:
        for rows in _array_rows(body):
            for row in () if differ else rows:
                try:
                    found = _keys.decode(row).keys()
                except msgspec.ValidationError:
                    differ = True  # said once the rest has turned out to be JSON
                    break
                if keys is None:
                    keys = found
                elif found != keys:
                    differ = True
                    break
            yield
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise refused("Empty or invalid json") from None
    if differ:
        raise refused("All object keys must match")
    return EMPTY_ARRAY if keys is None else Payload(body, tuple(sorted(keys)), is_array=True)


def _array_rows(body: bytes) -> Iterator[list[msgspec.Raw]]:
    """The elements of an array, a slice at a time. Raises as msgspec does for what is no array.

    A slice is cut at what looks like the end of one object and the beginning of the next. It began at an element, so it
    is an array of whole elements only where it does end one: inside a text or a deeper array it is no JSON at all, and
    the next such place is tried, twice as far on each time.
    """
    start, size = 0, SLICE_BYTES
    while len(body) - start > size and (cut := _BETWEEN_OBJECTS.search(body, start + size)) is not None:
        piece = body[start : cut.start() + 1] + b"]"
        try:
            rows = _rows.decode(b"[" + piece if start else piece)
        except msgspec.DecodeError:
            size *= 2
            continue
        yield rows
        start, size = cut.end(1), SLICE_BYTES
    yield _rows.decode(b"[" + body[start:] if start else body)


def csv_steps(body: bytes) -> Steps:
    """CSV with a header line, as JSON: every value a text, and NULL for null. Raises RestError 413 where that would be
    out of proportion."""
    most = min(JSON_PER_CSV_BYTE * (len(body) + LARGE_BODY), LARGEST_VALUE)
    names = 0  # bytes that a row's names take in JSON, at least
    quoted = b'"' in body
    at, line = 0, 1
    header: list[str] | None = None
    spelled = BytesIO()  # gives what was written away without a copy
    short = False
    while at < len(body):
        end = _record_end(body, at, quoted=quoted)
        text = as_text(body[at:end])
        try:
            rows = read_records(text, line, quoted=quoted)
        except CsvError as failure:
            raise refused(str(failure)) from None
        if header is None and rows:
            header = rows.pop(0)
            names = sum(map(len, header))
        at, line = end, line + text.count("\n")
        if header is not None:
            width = len(header)
            short = short or any(len(row) < width for row in rows)
            if rows and not short:
                if spelled.tell() + len(rows) * names > most:
                    raise _too_large(most)
                spelled.write(b"," if spelled.tell() else b"[")
                spelled.write(_objects(header, rows))
        yield
    if header is None:
        raise refused("parse error (not enough input): the CSV body has no header line")
    if short:
        raise refused("All lines must have same number of fields")
    if not spelled.tell():
        return EMPTY_ARRAY
    spelled.write(b"]")
    return Payload(spelled.getvalue(), tuple(sorted(set(header))), is_array=True)


def _record_end(body: bytes, at: int, *, quoted: bool) -> int:
    """The end of a slice that begins at `at` and ends with a line, outside of quotes."""
    size = CSV_SLICE_BYTES
    while True:
        end = body.find(b"\n", at + size) + 1
        if not end:
            return len(body)
        if not quoted or body.count(b'"', at, end) % 2 == 0:
            return end
        size = 2 * (end - at)


def _objects(header: list[str], rows: list[list[str]]) -> bytes:
    objects = [
        {name: None if value == "NULL" else value for name, value in zip(header, row, strict=False)} for row in rows
    ]
    return msgspec.json.encode(objects)[1:-1]


def _too_large(most: int) -> RestError:
    return RestError(
        413,
        "body_too_large",
        f"The CSV body would be larger than {most} bytes as JSON",
        None,
        "Every row repeats the names of its columns there: send fewer rows in one request, or the columns' own names.",
    )


def refused(message: str) -> RestError:
    """PGRST102."""
    return RestError(400, "PGRST102", message)
