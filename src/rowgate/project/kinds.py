"""The kinds of values a setting can hold, and how each is read from TOML, from a flag, and from text.

TOML is typed, so a number written as text is a mistake there; the environment has only text, so there it is parsed.
Text that took the place of `env(NAME)` counts as text of the environment (`EnvironmentText`).
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

TRUE_WORDS = frozenset({"true", "1", "yes", "on", "t"})
FALSE_WORDS = frozenset({"false", "0", "no", "off", "f"})


class EnvironmentText(str):
    """Text that replaced `env(NAME)` in a file; `read` parses it as it parses an environment variable."""

    __slots__ = ()


class Unfit(Exception):
    """A value is not of the expected kind. Carries no value: the caller knows whether it may be shown."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting accepts. `expected` completes the sentence "expected …"; both readers raise Unfit."""

    expected: str
    typed: Callable[[object], object]
    text: Callable[[str], object]

    def read(self, value: object) -> object:
        """A value from TOML, JSON or a flag. Raises Unfit."""
        if isinstance(value, EnvironmentText):
            return self.text(str(value))
        return self.typed(value)


def kind_of(annotation: object, bounds: tuple[float, float] | None = None) -> Kind:
    """The kind for a record field's type. `bounds` are inclusive. Raises TypeError for a type no setting may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _optional(kind_of(inner, bounds))
    if origin is Literal:
        return _choice(tuple(str(choice) for choice in arguments))
    if annotation == tuple[str, ...]:
        return Kind("a list of texts", _texts, lambda text: _texts(_split(text)))
    if annotation == tuple[tuple[str, str], ...]:
        return Kind("a table of texts", _pairs, lambda text: _pairs(_json(text)))
    simple: dict[object, Callable[[], Kind]] = {
        bool: lambda: Kind("true or false", _boolean, _boolean_text),
        int: lambda: _number("a whole number", bounds, _integer, _integer_text),
        float: lambda: _number("a number", bounds, _float, _float_text),
        str: lambda: Kind("a text", _text, _text),
        Path: lambda: Kind("a path", _path, _path),
    }
    try:
        return simple[annotation]()
    except (KeyError, TypeError):
        raise TypeError(f"no kind of setting for {annotation!r}") from None


def _optional(inner: Kind) -> Kind:
    """TOML has no null and a variable is always text, so an empty text stands for "none"."""

    def typed(value: object) -> object:
        return None if value is None or value == "" else inner.typed(value)

    return Kind(f'{inner.expected} ("" for none)', typed, lambda text: None if text == "" else inner.text(text))


def _choice(choices: tuple[str, ...]) -> Kind:
    def read(value: object) -> object:
        if isinstance(value, str) and value in choices:
            return str(value)
        raise Unfit

    return Kind("one of " + ", ".join(f'"{choice}"' for choice in choices), read, read)


def _number(
    words: str,
    bounds: tuple[float, float] | None,
    typed: Callable[[object], Any],
    text: Callable[[str], Any],
) -> Kind:
    low, high = bounds if bounds is not None else (0, 2**53)  # 2**53: what JSON readers hold exactly (RFC 8259 6)

    def within(number: Any) -> object:
        if low <= number <= high:
            return number
        raise Unfit

    limit = f" from {_figure(low)}" + (f" to {_figure(high)}" if bounds is not None else "")
    return Kind(words + limit, lambda value: within(typed(value)), lambda value: within(text(value)))


def _figure(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else str(bound)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Unfit


def _boolean_text(value: str) -> bool:
    word = value.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise Unfit


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Unfit


def _integer_text(value: str) -> int:
    text = value.strip()
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20:  # int() also takes "1_0" and "١"
        return int(text)
    raise Unfit


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit
    try:
        number = float(value)
    except OverflowError:
        raise Unfit from None
    if math.isfinite(number):
        return number
    raise Unfit


def _float_text(value: str) -> float:
    try:
        return _float(float(value))
    except ValueError:
        raise Unfit from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:  # neither Postgres nor the system takes NUL
        raise Unfit
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise Unfit from None
    return str(value)


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if isinstance(value, str) and value and "\0" not in value:
        return Path(str(value)).expanduser() if value.startswith("~/") else Path(str(value))
    raise Unfit


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Unfit
    return tuple(_text(item) for item in value)


def _split(text: str) -> object:
    """`a, b` or a JSON array."""
    if text.lstrip().startswith("["):
        return _json(text)
    return [item.strip() for item in text.split(",") if item.strip()]


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise Unfit
    return tuple((_text(name), _text(item)) for name, item in value.items())


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unfit from None
