"""How a value a stranger sent is shown in a message: short, printable, unmistakably quoted."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 120  # characters; an issuer URL fits, a token does not


def show(value: object) -> str:
    """Quote a claim or setting for a message. Control characters are escaped and long values are cut."""
    text = repr(value) if not isinstance(value, str) else '"' + value.encode("unicode_escape").decode("ascii") + '"'
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def listed(values: Iterable[object]) -> str:
    """`"a", "b"` in a stable order, or `nothing`."""
    return ", ".join(sorted(show(value) for value in values)) or "nothing"
