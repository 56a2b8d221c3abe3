"""Cutting a file of SQL into its statements, as Postgres' own scanner would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# What can hide a semicolon, in the order Postgres' scanner tries it; nested comments are counted by hand.
_TOKEN = re.compile(
    r"""
      (?P<line_comment> --[^\n\r]* )
    | (?P<block_comment> /\* )
    | (?P<escape_string> (?<![A-Za-z0-9_$\x80-\U0010ffff]) [eE]' (?: [^'\\] | \\. | '' )* (?:'|\Z) )
    | (?P<string> ' (?: [^'] | '' )* (?:'|\Z) )
    | (?P<identifier> " (?: [^"] | "" )* (?:"|\Z) )
    | (?P<dollar> (?<![A-Za-z0-9_$\x80-\U0010ffff]) \$ (?: [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]* )? \$ )
    | (?P<word> [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    | (?P<open> [(] )
    | (?P<close> [)] )
    | (?P<semicolon> ; )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def split_statements(sql: str) -> tuple[str, ...]:
    """Return the statements of `sql`, trimmed and without their semicolons; comments stay, empty statements do not.

    Knows strings, quoted names, dollar quoting, nested comments, parentheses (CREATE RULE … DO (…; …)) and the bodies
    of SQL-standard functions (BEGIN ATOMIC … END, with CASE … END inside). An unfinished quote runs to the end.
    """
    return tuple(sql[span.start : span.end].strip() for span in _spans(sql))


def statement_offsets(sql: str) -> tuple[int, ...]:
    """Where each statement's own first word begins (0-based, behind its comments), in the order of the statements."""
    return tuple(span.content for span in _spans(sql))


class _Span(NamedTuple):
    start: int
    content: int  # the first character that is neither space nor comment
    end: int


def _spans(sql: str) -> Iterator[_Span]:
    start = position = depth = 0
    content: int | None = None
    blocks: list[str] = []  # open BEGIN ATOMIC and, inside one, CASE
    previous = ""
    while found := _TOKEN.search(sql, position):
        gap = sql[position : found.start()]
        if content is None and gap.strip():
            content = position + len(gap) - len(gap.lstrip())
        position = found.end()
        kind = found.lastgroup
        if kind == "semicolon":
            if depth == 0 and not blocks:
                if content is not None:
                    yield _Span(start, content, found.start())
                start, content, previous = position, None, ""
            continue
        if kind == "line_comment":
            continue
        if kind == "block_comment":
            position = _end_of_comment(sql, position)
            continue
        if content is None:
            content = found.start()
        if kind == "word":
            word = found.group().upper()
            if (word == "ATOMIC" and previous == "BEGIN") or (word == "CASE" and blocks):
                blocks.append(word)
            elif word == "END" and blocks:
                blocks.pop()
            previous = word
            continue
        previous = ""
        if kind == "dollar":
            closing = sql.find(found.group(), position)
            position = len(sql) if closing < 0 else closing + len(found.group())
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
    rest = sql[position:]
    if content is None and rest.strip():
        content = position + len(rest) - len(rest.lstrip())
    if content is not None:
        yield _Span(start, content, len(sql))


def line_of(sql: str, offset: int) -> int:
    """The 1-based line of a 1-based character offset, as Postgres' `position` field counts them."""
    return sql.count("\n", 0, max(0, offset - 1)) + 1


def _end_of_comment(sql: str, position: int) -> int:
    """The end of a block comment whose opening ends at `position`; they nest (SQL standard)."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if depth == 0 else len(sql)
