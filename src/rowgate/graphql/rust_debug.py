"""Texts as Rust's `{:?}` shows them, which is how pg_graphql quotes names in its messages."""

from __future__ import annotations

from collections.abc import Iterable

_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def quoted(text: str) -> str:
    """One string. https://doc.rust-lang.org/std/primitive.char.html#method.escape_debug"""
    return '"' + "".join(_ESCAPED.get(each) or _shown(each) for each in text) + '"'


def quoted_list(texts: Iterable[str]) -> str:
    """A list of strings."""
    return f"[{', '.join(map(quoted, texts))}]"


def _shown(character: str) -> str:
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"
