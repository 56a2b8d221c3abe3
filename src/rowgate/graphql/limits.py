"""How much one operation may ask for."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """The most that one operation may be: levels of its selections with fragments followed, tokens of its text, and
    the rows that its pages may hold together, as the sizes of nested pages multiply."""

    depth: int = 50
    tokens: int = 10_000
    cost: int = 1_000_000
