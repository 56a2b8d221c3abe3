"""Did you mean …? The nearest known word to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when none is near (difflib ratio below 0.6, its own default)."""
    matches = difflib.get_close_matches(word[:100], sorted(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str], fallback: str | None = None) -> str | None:
    """`Did you mean "x"?`, or `fallback` when nothing is near."""
    found = nearest(word, known)
    return f'Did you mean "{found}"?' if found is not None else fallback
