"""The `order` parameter: `column.desc.nullslast`, and `relation(column)` by a to-one embed."""

from __future__ import annotations

import re

from rowgate.rest.field_syntax import after_field, field, field_name, skip_blanks
from rowgate.rest.parse_failure import END, Failure, TooDeep, mismatch, parse_error
from rowgate.rest.syntax import FieldPath, OrderTerm

_TAIL = re.compile(r"(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?(?=,|\Z)")
_PLAIN = re.compile(r"([A-Za-z0-9_$]+)(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?")
_DIRECTIONS = {None: None, "asc": False, "desc": True}
_NULLS = {None: None, "nullsfirst": True, "nullslast": False}
_DELIMITER = "delimiter (.)"


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    """Parse the parameter's value. Raises RestError PGRST100."""
    if plain := _PLAIN.fullmatch(text):
        name, direction, nulls = plain.groups()
        return (OrderTerm(FieldPath(name), None, _DIRECTIONS[direction], _NULLS[nulls]),)
    terms: list[OrderTerm] = []
    at = -1
    try:
        while True:
            term, at = _term(text, skip_blanks(text, at + 1))
            terms.append(term)
            if at == len(text):
                return tuple(terms)
    except (Failure, TooDeep) as failure:
        raise parse_error(f"failed to parse order ({text})", text, failure) from None


def _term(text: str, start: int) -> tuple[OrderTerm, int]:
    """One term and the index of the comma behind it, or of the end."""
    name, end = field_name(text, start)
    relation = None
    if text[end : end + 1] == "(":
        try:
            path, at = field(text, end + 1)
        except Failure:
            at = end
        if text[at : at + 1] == ")" and (tail := _TAIL.match(text, at + 1)):
            relation = name
    if relation is None:
        path, at = field(text, start)
        tail = _TAIL.match(text, at)
        if tail is None:
            raise _misplaced(text, start, at)
    assert tail is not None
    direction, nulls = tail.groups()
    return OrderTerm(path, relation, _DIRECTIONS[direction], _NULLS[nulls]), tail.end()


def _misplaced(text: str, start: int, at: int) -> Failure:
    """What is wrong with the text behind a field."""
    expecting: tuple[str, ...] = (*after_field(text[start:at]), _DELIMITER)
    words: tuple[str, ...] = ("asc", "desc", "nullsfirst", "nullslast")
    for direction in ("asc", "desc"):
        if text.startswith(f".{direction}", at):
            at += 1 + len(direction)
            expecting, words = (_DELIMITER,), ("nullsfirst", "nullslast")
            break
    for nulls in ("nullsfirst", "nullslast"):
        if text.startswith(f".{nulls}", at):
            return Failure(at + 1 + len(nulls), ('","', END), as_character=True)
    if text[at : at + 1] == ".":
        return Failure(at + 1, tuple(f'"{name}"' for name in words), seen=mismatch(text, at + 1, words[0]))
    return Failure(at, (*expecting, '","', END), as_character=True)
