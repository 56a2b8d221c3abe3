"""How much one operation may ask for."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """The most that one operation may be: levels of its selections with fragments followed, counted as upstream does
    (fields may stand in one another one level less deep); tokens of its text, and as many selections once its fragments
    are spread; and the rows that its pages may hold together, as the sizes of nested pages multiply."""

    depth: int = 50  # pg_graphql 1.6.1 has no such bound, and its own suite nests 36 levels; later ones stop at 32
    tokens: int = 10_000
    cost: int = 10**15  # upstream's own suite nests nine pages of 30
