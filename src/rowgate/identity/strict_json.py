"""JSON objects of tokens, read strictly: UTF-8, each member once, and nothing Postgres' jsonb cannot hold.

RFC 8725 section 2.4 and RFC 7515 section 4 leave duplicate members to the parser; two parsers that pick different ones
see two different tokens. Postgres picks the last in jsonb and the first or last in json, depending on the operator.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from rowgate.identity.wording import show

NESTING_LIMIT = 64  # levels; far above any real token, far below what Postgres' parser or ours can stand
NUMERIC_DIGITS = 131_072  # before the decimal point: PostgreSQL's numeric, "Numeric Types", table 8.2
NUMERIC_SCALE = 16_383  # after the decimal point, same table
# CPython refuses to convert longer integers (sys.int_info.default_max_str_digits is 4300).
_CONVERTIBLE_DIGITS = 4_000
_SHORT = 20  # characters


class NotStrict(ValueError):
    """Not JSON by our reading; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One JSON object, and the first thing in it that Postgres' jsonb cannot hold, in words."""

    members: dict[str, Any]
    flaw: str | None


def read_object(text: bytes) -> Reading:
    """Parse one JSON object. Numbers too large for a float become infinite. Raises NotStrict."""
    flaws: list[str] = []
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        flaws.append(f"bytes that are not UTF-8 at offset {error.start}")
        decoded = text.decode("utf-8", errors="replace")

    def number(literal: str) -> int | float:
        if len(literal) < _SHORT and literal.isdigit():  # nearly all there are: times and versions
            return int(literal)
        if _beyond_numeric(literal):
            flaws.append("a number beyond Postgres' numeric")
            return math.inf
        return _read_number(literal)

    try:
        value = json.loads(
            decoded,
            object_pairs_hook=_members_once,
            parse_float=number,
            parse_int=number,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise NotStrict("too many levels of nesting") from None
    except json.JSONDecodeError as error:
        raise NotStrict(f"{error.msg} at offset {error.pos}") from None
    if not isinstance(value, dict):
        raise NotStrict("not a JSON object")
    if _too_deep(value):
        flaws.append(f"more than {NESTING_LIMIT} levels of nesting")
    elif b"\\u" in text:  # strict JSON has no raw NUL, UTF-8 no raw surrogate: only an escape can make either
        flaws.extend(_text_flaws(value))
    return Reading(value, flaws[0] if flaws else None)


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NotStrict(f"the member {show(name)} appears more than once")
            seen.add(name)
    return members


def _beyond_numeric(literal: str) -> bool:
    mantissa, _, exponent_text = literal.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    if len(exponent_text) > 8:  # out of range whatever stands before it
        return True
    exponent = int(exponent_text or "0")
    return len(whole) + exponent > NUMERIC_DIGITS or len(fraction) - exponent > NUMERIC_SCALE


def _read_number(literal: str) -> int | float:
    if not literal.lstrip("-").isdigit():
        return float(literal)
    if len(literal) > _CONVERTIBLE_DIGITS:
        return -math.inf if literal.startswith("-") else math.inf
    return int(literal)


def _refuse_constant(name: str) -> NoReturn:
    raise NotStrict(f"{name} is not JSON")


def _too_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(NESTING_LIMIT):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _text_flaws(value: object) -> Iterator[str]:
    pending: list[Any] = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if "\0" in current:
                yield "the character NUL (\\u0000)"
            if any("\ud800" <= character <= "\udfff" for character in current):
                yield "half a surrogate pair (\\ud800 to \\udfff)"
        elif isinstance(current, dict):
            pending.extend(current)
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
