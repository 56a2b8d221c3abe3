"""How much one operation may ask for."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """The most that one operation may be: levels of its selections with fragments followed, counted as upstream does
    (fields may stand in one another one level less deep); tokens of its text, and as many selections once its fragments
    are spread; and the rows that its pages may hold together, as the sizes of nested pages multiply."""

    depth: int = 32  # as upstream has it since 1.6
    tokens: int = 10_000
    cost: int = 10**15  # upstream's own suite nests nine pages of 30
