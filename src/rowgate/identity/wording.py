"""How a value a stranger sent is shown in a message: short, printable, unmistakably quoted."""

from __future__ import annotations

from collections.abc import Iterable
from reprlib import Repr

LONGEST = 120  # characters; an issuer URL fits, a token does not
LONGEST_LIST = 12  # values; more audiences or roles than one reads

_BRIEFLY = Repr()
_BRIEFLY.maxlevel, _BRIEFLY.maxstring, _BRIEFLY.maxlong = 4, LONGEST, LONGEST
_BRIEFLY.maxlist = _BRIEFLY.maxdict = 8


def show(value: object) -> str:
    """Quote a claim or setting for a message. Control characters are escaped and long values are cut."""
    if isinstance(value, str):
        text = '"' + value[:LONGEST].encode("unicode_escape").decode("ascii") + '"' + "…" * (len(value) > LONGEST)
    else:
        # Not repr: it recurses as deep as a stranger nests, and writes out all of a long list to throw it away.
        text = _BRIEFLY.repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def listed(values: Iterable[object]) -> str:
    """`"a", "b"` in a stable order, or `nothing`. A long list is cut: a message goes out in a header too."""
    shown = sorted({show(value) for value in values})
    if len(shown) > LONGEST_LIST:
        shown[LONGEST_LIST:] = [f"and {len(shown) - LONGEST_LIST} more"]
    return ", ".join(shown) or "nothing"
