"""The parameters of a statement under construction."""

from __future__ import annotations

from collections.abc import Iterable

from rowgate.rest.errors import RestError


class Parameters:
    """Collects values and gives each its `$n`.

    Parameters are sent as text with no type (oid 0), so Postgres infers the type from the column they meet, as it does
    for a quoted literal: an index on the column stays usable, and a value the type cannot hold is a 22P02.
    """

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: list[bytes | None] = []

    def text(self, value: str) -> str:
        """Add a text. Raises RestError 22021, as Postgres says it, for what no Postgres text can hold."""
        if "\x00" in value:
            raise RestError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
        try:
            encoded = value.encode()
        except UnicodeEncodeError as error:
            lone = f"0x{ord(value[error.start]):x}"
            raise RestError(400, "22021", f'invalid byte sequence for encoding "UTF8": {lone}') from None
        return self.bytes(encoded)

    def bytes(self, value: bytes | None) -> str:
        """Add bytes that are UTF-8 text already (a JSON body)."""
        self.values.append(value)
        return f"${len(self.values)}"

    def array(self, values: Iterable[str]) -> str:
        """Add a text array literal, every element quoted."""
        elements = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
        return self.text("{" + ",".join(elements) + "}")
