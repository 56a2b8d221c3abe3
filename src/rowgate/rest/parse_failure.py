"""Where a query parameter stopped making sense, and PGRST100 made of it.

Clients and their tests compare PostgREST's words, and its parser library has a fixed manner: the furthest point
reached, what stood there, and everything that would have been accepted. Each parser here says the last two itself.
"""

from __future__ import annotations

from rowgate.postgrest.errors import RestError

MAX_NESTING = 100
"""Levels of embeds, logic trees and JSON steps. Upstream has no limit; deeper is no real request and costs a stack."""

FIELD_NAME = "field name (* or [a..z0..9_$])"
END = "end of input"
TAB_STOP = 8  # columns count as upstream's parser counts them


class Failure(Exception):
    """A parser could not go on at index `at`.

    `expecting` are ready-made descriptions. `seen` is the character to report, when it is not the one at `at`;
    `consumed` says that the parser had committed itself, so no alternative may be tried. `as_character` shows the
    character in single quotes: upstream's way where only an end would have done.
    """

    def __init__(
        self,
        at: int,
        expecting: tuple[str, ...],
        *,
        seen: str | None = None,
        consumed: bool = False,
        as_character: bool = False,
    ) -> None:
        super().__init__(at)
        self.at = at
        self.expecting = expecting
        self.seen = seen
        self.consumed = consumed
        self.as_character = as_character


class TooDeep(Exception):
    """More than MAX_NESTING levels."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def merged(first: Failure, second: Failure) -> Failure:
    """The failure to report when two alternatives failed: the further one, or both expectations at the same place."""
    if first.at != second.at:
        return first if first.at > second.at else second
    return Failure(
        first.at,
        first.expecting + tuple(word for word in second.expecting if word not in first.expecting),
        seen=first.seen,
        consumed=first.consumed or second.consumed,
        as_character=first.as_character or second.as_character,
    )


def mismatch(text: str, at: int, word: str) -> str:
    """The first character from `at` on that departs from `word`; empty at the end of the input."""
    for offset, letter in enumerate(word):
        if text[at + offset : at + offset + 1] != letter:
            return text[at + offset : at + offset + 1]
    return text[at + len(word) : at + len(word) + 1]


def parse_error(subject: str, text: str, failure: Failure | TooDeep) -> RestError:
    """PGRST100 for a failure in `text`; `subject` reads "failed to parse filter (…)"."""
    details = _details(text, failure)
    line, column = _position(text, failure.at)
    return RestError(400, "PGRST100", f'"{subject}" (line {line}, column {column})', details)


def _details(text: str, failure: Failure | TooDeep) -> str:
    if isinstance(failure, TooDeep):
        return f"nested more than {MAX_NESTING} levels deep"
    seen = text[failure.at : failure.at + 1] if failure.seen is None else failure.seen
    if not seen:
        unexpected = END
    elif failure.as_character:
        unexpected = "'" + _escaped(seen, "'") + "'"
    else:
        unexpected = '"' + _escaped(seen, '"') + '"'
    if not failure.expecting:
        return f"unexpected {unexpected}"
    *rest, last = dict.fromkeys(failure.expecting)
    expecting = f"{', '.join(rest)} or {last}" if rest else last
    return f"unexpected {unexpected} expecting {expecting}"


def _escaped(character: str, quote: str) -> str:
    """One character as upstream's language prints it inside quotes."""
    named = {"\\": "\\\\", quote: "\\" + quote, "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x7f": "\\DEL"}
    if character in named:
        return named[character]
    return character if " " <= character < "\x7f" else f"\\{ord(character)}"


def _position(text: str, at: int) -> tuple[int, int]:
    """Line and column of index `at`, both from 1."""
    line, column = 1, 1
    for character in text[:at]:
        if character == "\n":
            line, column = line + 1, 1
        elif character == "\t":
            column += TAB_STOP - (column - 1) % TAB_STOP
        else:
            column += 1
    return line, column
