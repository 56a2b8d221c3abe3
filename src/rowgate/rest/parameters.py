"""The parameters of a statement under construction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from rowgate.postgrest.errors import RestError
from rowgate.rest.holes import hole_number
from rowgate.rest.lifting import Value

Filling: TypeAlias = Callable[[Sequence[Value]], bytes]
"""How the values of a request fill one parameter."""


class Parameters:
    """Collects values and gives each its `$n`.

    Parameters are sent as text with no type (oid 0), so Postgres infers the type from the column they meet, as it does
    for a quoted literal: an index on the column stays usable, and a value the type cannot hold is a 22P02.

    A hole in place of a value is filled when the statement is used: `fillings` says how, by its index in `values`.
    """

    __slots__ = ("fillings", "values")

    def __init__(self) -> None:
        self.values: list[bytes | None] = []
        self.fillings: list[tuple[int, Filling]] = []

    def text(self, value: str) -> str:
        """Add a text. Raises RestError 22021, as Postgres says it, for what no Postgres text can hold."""
        if (number := hole_number(value)) is not None:
            return self._filled(_text_of(number))
        if "\x00" in value:
            raise RestError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
        try:
            encoded = value.encode()
        except UnicodeEncodeError as error:
            lone = f"0x{ord(value[error.start]):x}"
            raise RestError(400, "22021", f'invalid byte sequence for encoding "UTF8": {lone}') from None
        return self.bytes(encoded)

    def bytes(self, value: bytes | None) -> str:
        """Add bytes that are UTF-8 text already."""
        self.values.append(value)
        return f"${len(self.values)}"

    def array(self, values: Iterable[str]) -> str:
        """Add a text array literal. Holes in place of its elements hold one element each, or several."""
        elements = tuple(values)
        holes = [hole_number(element) for element in elements]
        numbers = tuple([number for number in holes if number is not None])
        if numbers and len(numbers) == len(elements):
            return self._filled(_array_of(numbers))
        return self.text(array_literal(elements))

    def body(self) -> str:
        """Add the request's body, which is UTF-8 text already."""
        return self._filled(_body)

    def binary_body(self) -> str:
        """Add the request's body in the hex spelling of a bytea."""
        return self._filled(_binary_body)

    def _filled(self, filling: Filling) -> str:
        self.fillings.append((len(self.values), filling))
        return self.bytes(None)


def array_literal(elements: Iterable[str]) -> str:
    """A one-dimensional array as Postgres reads it, every element quoted."""
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in elements)
    return "{" + ",".join(quoted) + "}"


def _text_of(number: int) -> Filling:
    def filling(values: Sequence[Value]) -> bytes:
        value = values[number]
        assert isinstance(value, str)
        return value.encode()

    return filling


def _array_of(numbers: tuple[int, ...]) -> Filling:
    def filling(values: Sequence[Value]) -> bytes:
        elements: list[str] = []
        for number in numbers:
            value = values[number]
            assert not isinstance(value, bytes)
            elements += (value,) if isinstance(value, str) else value
        return array_literal(elements).encode()

    return filling


def _body(values: Sequence[Value]) -> bytes:
    body = values[-1]
    assert isinstance(body, bytes)
    return body


def _binary_body(values: Sequence[Value]) -> bytes:
    return b"\\x" + _body(values).hex().encode()
