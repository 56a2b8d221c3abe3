"""Request bodies: which columns a body names, without a look at its values.

JSON text goes to Postgres as it came; CSV and forms become JSON.
"""

from __future__ import annotations

import msgspec

from rowgate.http.media_types import MediaType
from rowgate.postgrest.errors import RestError
from rowgate.rest.bulk_body import EMPTY_ARRAY, Steps, array_steps, csv_steps, finished, refused
from rowgate.rest.query_string import as_text, decode_pairs
from rowgate.rest.syntax import Payload

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)
# A table has at most 1,600 columns. 10 MB of `a&` were 700 MB of fields, and two seconds of the event loop (measured).
FORM_FIELDS = 10_000
_BLANKS = b" \t\r\n"
_EMPTY_OBJECT = Payload(b"{}", is_object=True)


def parse_payload(body: bytes, content_type: MediaType, *, call: bool, columns: tuple[str, ...] | None) -> Payload:
    """Read a body. `call` says that it holds a function's arguments; `columns` are those of the query string.

    With `columns` a JSON body is passed on unread: Postgres reads it once and reports what is wrong with it.
    Raises RestError PGRST102, 413 for a form of too many fields, and 22021 for text that Postgres cannot hold.
    """
    steps = steps_of(body, content_type, columns)
    if steps is not None:
        return finished(steps)
    name = content_type.name
    if name == "application/json":
        return _named(body, columns) if columns is not None else _json(body, call=call)
    if name == "application/x-www-form-urlencoded":
        if body.count(b"&") >= FORM_FIELDS:
            raise _too_many_fields()
        pairs = tuple([(key, value or "") for key, value in decode_pairs(body)])
        fields = dict(pairs)
        return Payload(msgspec.json.encode(fields), tuple(sorted(fields)), is_object=True, pairs=pairs)
    if call and name == "application/octet-stream":
        return Payload(body, raw=True)
    if call and name in ("text/plain", "text/xml"):
        as_text(body)
        return Payload(body, raw=True)
    raise refused(f"Content-Type not acceptable: {name}")


def _too_many_fields() -> RestError:
    message = f"The form has more than {FORM_FIELDS} fields"
    return RestError(413, "body_too_large", message, None, "Send JSON or CSV, or fewer fields.")


def _named(body: bytes, columns: tuple[str, ...]) -> Payload:
    """A JSON body whose columns the query string names; only its first character is looked at."""
    if b"\x00" in body:  # no JSON, and it would end the parameter early on its way through libpq
        raise refused("Empty or invalid json")
    first = body.lstrip(_BLANKS)[:1] if body[:1] in (b" ", b"\t", b"\r", b"\n") else body[:1]
    return Payload(body, columns, is_array=first == b"[", is_object=first == b"{")


def _json(body: bytes, *, call: bool) -> Payload:
    if not body and call:
        return _EMPTY_OBJECT
    first = body.lstrip(_BLANKS)[:1]
    try:
        if first == b"{":
            return Payload(body, tuple(sorted(_keys.decode(body))), is_object=True)
        _value.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise refused("Empty or invalid json") from None
    return EMPTY_ARRAY


def steps_of(body: bytes, content_type: MediaType, columns: tuple[str, ...] | None) -> Steps | None:
    """A body of many rows, to be read in steps; None for one that `parse_payload` reads without a look at its rows."""
    if content_type.name == "text/csv":
        return csv_steps(body)
    if content_type.name == "application/json" and columns is None and body.lstrip(_BLANKS)[:1] == b"[":
        return array_steps(body)
    return None
