"""A query string as received, and its parameters sorted into what each of them says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from rowgate.postgrest.errors import RestError
from rowgate.rest.field_syntax import field_name, skip_blanks
from rowgate.rest.filter_syntax import dotted_names, parse_argument_or_filter, parse_filter
from rowgate.rest.logic_syntax import parse_logic
from rowgate.rest.order_syntax import parse_order
from rowgate.rest.parse_failure import Failure, TooDeep, parse_error
from rowgate.rest.ranges import integer
from rowgate.rest.select_syntax import EVERYTHING, parse_select
from rowgate.rest.syntax import Condition, EmbedPath, OrderTerm, QueryString, Range

Pair: TypeAlias = tuple[str, str | tuple[EmbedPath, Condition] | None]
"""A parameter: its name, and its text, or None without `=`; a logic tree may have been read already."""

_PLAIN = re.compile(rb"[\x01-\x24\x26-\x2a\x2c-\x7f]*")  # ASCII without NUL, `%` and `+`: nothing to decode
FIRST_COUNTS = frozenset({"select", "columns", "on_conflict"})
WINDOW = frozenset({"limit", "offset"})
LOGIC = frozenset({"and", "or"})


def role_of(name: str) -> str:
    """The last of a parameter's dotted names, which says what it is: `order`, `limit`, `and`, …, or a filter."""
    return name.rpartition(".")[2] if "." in name else name


def decode_pairs(query: bytes) -> list[tuple[str, str | None]]:
    """Split and percent-decode a query string or form body; a name without `=` has no value.

    Raises RestError 22021 for bytes that are no UTF-8 and for NUL, which no Postgres text can hold (and which would
    end a parameter early on its way through libpq).
    """
    pairs: list[tuple[str, str | None]] = []
    if _PLAIN.fullmatch(query):
        for part in query.decode("ascii").split("&"):
            if part:
                name, equals, text = part.partition("=")
                pairs.append((name, text if equals else None))
        return pairs
    for raw in query.split(b"&"):
        if raw:
            key, sign, value = raw.partition(b"=")
            pairs.append((_text(key), _text(value) if sign else None))
    return pairs


def as_text(raw: bytes) -> str:
    """UTF-8 without NUL, or RestError 22021 in Postgres' own words."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as failure:
        raise _not_text(raw[failure.start]) from None
    if "\x00" in text:
        raise _not_text(0)
    return text


def parse_query(pairs: Sequence[Pair], *, reading_call: bool) -> QueryString:
    """Parse a query string but for the top level's window, which was lifted out of it.

    `reading_call` says that the target is a function called by GET or HEAD: parameters without an operator are then
    its arguments. Raises RestError PGRST100, 2201W or 2201X.
    """
    if not pairs:
        return _NOTHING
    select: str | None = None
    columns: str | None = None
    on_conflict: str | None = None
    seen: set[str] = set()
    filters: list[tuple[EmbedPath, Condition]] = []
    logic: list[tuple[EmbedPath, Condition]] = []
    orders: list[tuple[EmbedPath, tuple[OrderTerm, ...]]] = []
    arguments: list[tuple[str, str]] = []
    bounds: dict[EmbedPath, dict[str, int | None]] = {}
    for key, value in pairs:
        if isinstance(value, tuple):
            logic.append(value)
        elif key in FIRST_COUNTS:
            if key not in seen:
                seen.add(key)
                if key == "select":
                    select = value
                elif key == "columns":
                    columns = value
                else:
                    on_conflict = value
        elif value is None:
            continue
        elif (role := role_of(key)) == "order":
            orders.append((_embed_path(key), parse_order(value)))
        elif role in WINDOW:
            bounds.setdefault(_embed_path(key), {})[role] = integer(value)
        elif role in LOGIC:
            logic.append(parse_logic(key, value))
        elif not reading_call:
            filters.append(parse_filter(key, value))
        else:
            path, read = parse_argument_or_filter(key, value)
            if isinstance(read, str):
                arguments.append((_argument_name(key), read))
            else:
                filters.append((path, read))
    return QueryString(
        EVERYTHING if select is None else parse_select(select),
        (*filters, *logic) if logic else tuple(filters),
        tuple(orders),
        tuple([(path, _embedded_range(**bound)) for path, bound in bounds.items()]) if bounds else (),
        None if columns is None else tuple(sorted(set(_names("columns", columns)))),
        None if on_conflict is None else _names("on_conflict", on_conflict),
        tuple(arguments),
    )


_NOTHING = QueryString(EVERYTHING)


def _text(raw: bytes) -> str:
    return as_text(unquote_to_bytes(raw.replace(b"+", b" ")))


def _not_text(byte: int) -> RestError:
    return RestError(400, "22021", f'invalid byte sequence for encoding "UTF8": 0x{byte:02x}')


def _embed_path(key: str) -> EmbedPath:
    """The embeds in front of the last name of `rel.order`, `rel.limit`, …"""
    if "." not in key:
        return ()
    try:
        names, _ = dotted_names(key)
    except (Failure, TooDeep) as failure:
        raise parse_error(f"failed to parse tree path ({key})", key, failure) from None
    return tuple(names[:-1])


def _argument_name(key: str) -> str:
    """An argument is named by the last of its dotted names, as upstream reads it."""
    return dotted_names(key)[0][-1]


def _names(parameter: str, text: str) -> tuple[str, ...]:
    """Comma-separated names, in order; whatever follows the last one is ignored, as upstream does."""
    try:
        return _listed(text)
    except Failure as failure:
        raise parse_error(f"failed to parse {parameter} parameter ({text})", text, failure) from None


def _listed(text: str) -> tuple[str, ...]:
    names: list[str] = []
    at = 0
    while True:
        name, end = field_name(text, at)
        names.append(name)
        comma = skip_blanks(text, end)
        if text[comma : comma + 1] != ",":
            if comma > end:
                raise Failure(comma, ('","',))
            return tuple(names)
        at = skip_blanks(text, comma + 1)


def _embedded_range(limit: int | None = None, offset: int | None = None) -> Range:
    """An embed's own window; below zero Postgres would refuse it in these words."""
    if limit is not None and limit < 0:
        raise RestError(400, "2201W", "LIMIT must not be negative")
    if offset is not None and offset < 0:
        raise RestError(400, "2201X", "OFFSET must not be negative")
    return Range(offset or 0, limit)
