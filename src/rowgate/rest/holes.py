"""Holes: where a value stood before it was lifted out of its request (`lifting.py`).

A request is parsed, planned and compiled with a hole in place of every value, so neither a plan nor SQL text can depend
on a value: whoever asks the same with other values is served by the same plan. A hole is a text that begins with NUL,
which no client can send (`query_string.as_text` refuses it) and no SQL can hold.
"""

from __future__ import annotations

import re
from enum import StrEnum

_MARK = "\x00"


def hole(number: int) -> str:
    """The hole of value `number`."""
    return f"{_MARK}{number}"


def hole_number(text: str) -> int | None:
    """Which value's hole a text is; None for a text of the request's own shape."""
    return int(text[1:]) if text[:1] == _MARK else None


class RowHole(StrEnum):
    """Holes of the two integers that stand in SQL text itself: LIMIT and OFFSET of the top level."""

    LIMIT = f"{_MARK}limit{_MARK}"
    OFFSET = f"{_MARK}offset{_MARK}"


def row_pieces(sql: str) -> tuple[str, ...]:
    """SQL text cut at its row holes: text, hole, text, …"""
    return tuple(_ROW_HOLES.split(sql))


_ROW_HOLES = re.compile("(" + "|".join(RowHole) + ")")
