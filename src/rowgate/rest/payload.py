"""Request bodies: which columns a body names, without a look at its values.

JSON text goes to Postgres as it came; CSV and forms become JSON.
"""

from __future__ import annotations

import msgspec

from rowgate.rest.csv_body import CsvError, read_csv
from rowgate.rest.errors import RestError
from rowgate.rest.query_string import as_text, decode_pairs
from rowgate.rest.syntax import MediaType, Payload

_rows = msgspec.json.Decoder(list[msgspec.Raw])
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)
_BLANKS = b" \t\r\n"
_EMPTY_ARRAY = Payload(b"[]", is_array=True, is_empty_array=True)
_EMPTY_OBJECT = Payload(b"{}", is_object=True)


def parse_payload(body: bytes, content_type: MediaType, *, call: bool, columns: tuple[str, ...] | None) -> Payload:
    """Read a body. `call` says that it holds a function's arguments; `columns` are those of the query string.

    With `columns` a JSON body is passed on unread: Postgres reads it once and reports what is wrong with it.
    Raises RestError PGRST102, and 22021 for text that Postgres cannot hold.
    """
    name = content_type.name
    if name == "application/json":
        return _named(body, columns) if columns is not None else _json(body, call=call)
    if name == "text/csv":
        return _csv(body)
    if name == "application/x-www-form-urlencoded":
        pairs = tuple([(key, value or "") for key, value in decode_pairs(body)])
        fields = dict(pairs)
        return Payload(msgspec.json.encode(fields), tuple(sorted(fields)), is_object=True, pairs=pairs)
    if call and name == "application/octet-stream":
        return Payload(body, raw=True)
    if call and name in ("text/plain", "text/xml"):
        as_text(body)
        return Payload(body, raw=True)
    raise _refused(f"Content-Type not acceptable: {name}")


def _named(body: bytes, columns: tuple[str, ...]) -> Payload:
    """A JSON body whose columns the query string names; only its first character is looked at."""
    if b"\x00" in body:  # no JSON, and it would end the parameter early on its way through libpq
        raise _refused("Empty or invalid json")
    first = body.lstrip(_BLANKS)[:1] if body[:1] in (b" ", b"\t", b"\r", b"\n") else body[:1]
    return Payload(body, columns, is_array=first == b"[", is_object=first == b"{")


def _json(body: bytes, *, call: bool) -> Payload:
    if not body and call:
        return _EMPTY_OBJECT
    first = body.lstrip(_BLANKS)[:1]
    try:
        if first == b"{":
            return Payload(body, tuple(sorted(_keys.decode(body))), is_object=True)
        if first == b"[":
            return _array(body)
        _value.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _refused("Empty or invalid json") from None
    return _EMPTY_ARRAY


def _array(body: bytes) -> Payload:
    """An array of objects with the same keys. Rows are decoded one at a time, so only their places are held."""
    rows = _rows.decode(body)
    if not rows:
        return _EMPTY_ARRAY
    decode = _keys.decode
    keys = None
    for row in rows:
        try:
            found = decode(row).keys()
        except msgspec.ValidationError:
            raise _refused("All object keys must match") from None
        if keys is None:
            keys = found
        elif found != keys:
            raise _refused("All object keys must match")
    assert keys is not None
    return Payload(body, tuple(sorted(keys)), is_array=True)


def _csv(body: bytes) -> Payload:
    try:
        header, rows = read_csv(as_text(body))
    except CsvError as failure:
        raise _refused(str(failure)) from None
    if not rows:
        return _EMPTY_ARRAY
    width = len(header)
    if any(len(row) < width for row in rows):
        raise _refused("All lines must have same number of fields")
    objects = [
        {name: None if value == "NULL" else value for name, value in zip(header, row, strict=False)} for row in rows
    ]
    return Payload(msgspec.json.encode(objects), tuple(sorted(set(header))), is_array=True)


def _refused(message: str) -> RestError:
    return RestError(400, "PGRST102", message)
