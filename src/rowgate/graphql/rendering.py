"""Values → the text that Postgres reads as a parameter: every byte of a client's value goes through here."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import msgspec

from rowgate.graphql.entities import EnumKind, Kind, ListKind
from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Json
from rowgate.graphql.written import Render

INT64 = range(-(2**63), 2**63)
_PLAIN = (-4, 16)  # decimal exponents that serde_json writes without an `e`


def text(value: Json) -> bytes | None:
    """A scalar as pg_graphql passes it: a string as it is, a number or boolean as JSON spells it, null as NULL.

    Raises GraphQLError with Postgres' own words for what no text of Postgres can hold, and for a list or an object.
    """
    if type(value) is str:
        return _encoded(value)
    if value is None:
        return None
    if type(value) is bool:
        return b"true" if value else b"false"
    if type(value) is int and value in INT64:
        return b"%d" % value
    if type(value) is int or type(value) is float:
        return number(value).encode()
    raise GraphQLError("Unexpected object in input value")


def array(value: Json) -> bytes | None:
    """A list as an array literal of Postgres; a value that is no list is a list of one (GraphQL's list coercion).

    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    if value is None:
        return None
    return _literal(value if type(value) is list else [value], text)


class Label(msgspec.Struct, frozen=True, gc=False):
    """Renders a value of an enum as its label in Postgres."""

    labels: tuple[tuple[str, str], ...]

    def __call__(self, value: Json) -> bytes | None:
        """The label; a value without one is passed as it is."""
        return text(next((label for label, shown in self.labels if shown == value), value))


class LabelArray(msgspec.Struct, frozen=True, gc=False):
    """Renders a list of an enum's values as an array literal of their labels."""

    label: Label

    def __call__(self, value: Json) -> bytes | None:
        """The literal; a single value is a list of one."""
        if value is None:
            return None
        return _literal(value if type(value) is list else [value], self.label)


def text_array(rendered: Iterable[bytes | None]) -> bytes:
    """Texts that have been rendered already as an array literal, whatever stands in them; None is NULL."""
    return b"{%b}" % b",".join([b"NULL" if each is None else _quoted(each) for each in rendered])


def render_of(kind: Kind, *, several: bool = False) -> Render:
    """How values of a kind are passed; `several`: a list of them, as `in` has it."""
    item = kind.item if isinstance(kind, ListKind) else kind
    listed = several or isinstance(kind, ListKind)
    if isinstance(item, EnumKind) and item.mapped:
        label = Label(item.labels)
        return LabelArray(label) if listed else label
    return array if listed else text


def number(value: float) -> str:
    """A float, or an integer beyond 64 bits, which is one to serde_json, as that writes it (the shortest digits)."""
    try:
        real = float(value)
    except OverflowError:
        raise GraphQLError("number out of range") from None
    if not isfinite(real):
        raise GraphQLError("number out of range")
    sign = "-" if str(real).startswith("-") else ""
    mantissa, _, written = f"{abs(real)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).strip("0") or "0"
    leading = len(fraction) + len(whole) - len((whole + fraction).lstrip("0"))
    point = len(whole) + int(written or 0) - leading if real else 1  # digits before the decimal point
    if 0 < point <= _PLAIN[1]:
        spread = digits.ljust(point, "0")
        return f"{sign}{spread[:point]}.{spread[point:] or '0'}"
    if _PLAIN[0] < point + 1 <= 1:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"


def _encoded(value: str) -> bytes:
    """UTF-8. libpq ends a text parameter at a NUL, so that one would be cut in silence."""
    if "\0" in value:
        raise GraphQLError('invalid byte sequence for encoding "UTF8": 0x00')
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        surrogate = value[error.start].encode(errors="surrogatepass").hex(" ").replace(" ", " 0x")
        raise GraphQLError(f'invalid byte sequence for encoding "UTF8": 0x{surrogate}') from None


def _literal(values: list[Json], render: Render) -> bytes:
    return b"{%b}" % b",".join(_element(each, render) for each in values)


def _element(value: Json, render: Render) -> bytes:
    if type(value) is list:
        raise GraphQLError("Unexpected array in input value array")
    if type(value) is dict:
        raise GraphQLError("Unexpected object in input value array")
    rendered = render(value)
    if rendered is None:
        return b"NULL"
    if type(value) is not str:
        return rendered
    return _quoted(rendered)


def _quoted(rendered: bytes) -> bytes:
    return b'"%b"' % rendered.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
