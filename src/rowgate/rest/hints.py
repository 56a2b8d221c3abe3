""" "Perhaps you meant …": the nearest known name, as fuzzy search over letter groups and edit distance finds it.

The scores follow the fuzzyset algorithm (cosine similarity of 3-grams, then 2-grams, refined by Levenshtein distance),
so that a misspelling gets the suggestion PostgREST 14 gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import sqrt

TABLE_SCORE = 0.75  # PostgREST's floor for names of tables and functions: a far guess would reveal what exists
LOOSE_SCORE = 0.33  # fuzzyset's own floor, for columns, parameters and embeds
REFINED = 50  # candidates that the edit distance is computed for
CANDIDATES = 500  # known names at most: beyond that a misspelling would cost more than it helps (PostgREST's bound too)
NAME_LIMIT = 200  # characters; a Postgres name has at most 63 bytes, so a longer one resembles none


def nearest(name: str, known: Iterable[str], floor: float = LOOSE_SCORE, *, exact: bool = True) -> str | None:
    """The known name most like `name`, or None below `floor`. `exact` False never offers the name itself."""
    wanted = name.lower()
    names = set(known)
    if len(wanted) > NAME_LIMIT or len(names) > CANDIDATES:
        return None
    # The edit distance is at least the difference in length, so these alone can reach the floor.
    candidates = sorted(each for each in names if _closest(wanted, each) >= floor)
    if exact and (same := next((each for each in candidates if each.lower() == wanted), None)):
        return same
    for size in (3, 2):
        grams = _grams(wanted, size)
        scored = sorted(
            ((_cosine(grams, _grams(each.lower(), size)), each) for each in candidates),
            key=lambda pair: -pair[0],
        )
        refined = sorted(
            ((_likeness(wanted, each.lower()), each) for score, each in scored[:REFINED] if score > 0),
            key=lambda pair: -pair[0],
        )
        found = [each for score, each in refined if score >= floor and (exact or score < 1.0)]
        if found:
            return found[0]
    return None


def _grams(word: str, size: int) -> Counter[str]:
    # The algorithm takes no notice of punctuation here, the underscores of names among it.
    bare = "".join(letter for letter in word if letter.isalnum() or letter.isspace() or letter == ",")
    padded = f"-{bare}-"
    return Counter(padded[start : start + size] for start in range(len(padded) - size + 1))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    dot = sum(count * other[gram] for gram, count in one.items() if gram in other)
    if not dot:
        return 0.0
    return dot / sqrt(sum(c * c for c in one.values()) * sum(c * c for c in other.values()))


def _likeness(one: str, other: str) -> float:
    longest = max(len(one), len(other))
    return 1.0 if not longest else 1.0 - _levenshtein(one, other) / longest


def _closest(one: str, other: str) -> float:
    return min(len(one), len(other)) / max(len(one), len(other), 1)


def _levenshtein(one: str, other: str) -> int:
    previous = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, against in enumerate(other, 1):
            current.append(
                min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (letter != against))
            )
        previous = current
    return previous[-1]
