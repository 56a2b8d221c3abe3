"""Filters: `column=not.op(modifier).value`, at the top level and inside logic trees."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from rowgate.rest.field_syntax import field_name, json_path, quoted, skip_blanks, word
from rowgate.rest.parse_failure import Failure, TooDeep, merged, mismatch, parse_error
from rowgate.rest.syntax import EmbedPath, FieldPath, Filter

TEXT_SEARCH = frozenset({"fts", "plfts", "phfts", "wfts"})
SIMPLE = frozenset({"neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj"})
QUANTIFIED = frozenset({"eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"})
WHOLE = TEXT_SEARCH | SIMPLE | QUANTIFIED | {"isdistinct"}  # take the rest of the text as their value
OPERATORS = WHOLE | {"in", "is"}
IS_WORDS = ("null", "not_null", "true", "false", "unknown")
OPERATOR = "operator (eq, gt, ...)"
DELIMITER = "delimiter (.)"

_HEAD = re.compile(r"(not\.)?([a-z]+)(?:\(([^()]*)\))?\.")
_IS = re.compile("|".join(IS_WORDS), re.IGNORECASE | re.ASCII)
_IS_EXPECTED = "isVal: (null, not_null, true, false, unknown)"
_TO_DELIMITER = re.compile(r"[^,)]*")
_BRACES = re.compile(r"\{[^{}]*\}")
_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",{}\\]+(?:\s+[^\s",{}\\]+)*))\s*(,|\Z)', re.DOTALL)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$]+")

ValueParser: TypeAlias = Callable[[str, int], tuple[str, int]]


def parse_filter(key: str, text: str) -> tuple[EmbedPath, Filter]:
    """Parse a filter parameter. Raises RestError PGRST100."""
    path, subject = parse_tree_path(key)
    try:
        return path, operation(subject, text, 0, _whole)[0]
    except (Failure, TooDeep) as failure:
        raise parse_error(f"failed to parse filter ({text})", text, failure) from None


def parse_argument_or_filter(key: str, text: str) -> tuple[EmbedPath, Filter | str]:
    """As parse_filter, but for a call by GET: a value that begins with no operator is an argument's text."""
    path, subject = parse_tree_path(key)
    try:
        return path, operation(subject, text, 0, _whole)[0]
    except (Failure, TooDeep) as failure:
        if isinstance(failure, Failure) and not failure.consumed:
            return path, text
        raise parse_error(f"failed to parse filter ({text})", text, failure) from None


def parse_tree_path(key: str) -> tuple[EmbedPath, FieldPath]:
    """Parse a parameter's name: `embed.embed.column->path`. What follows is ignored, as upstream does."""
    if _PLAIN_NAME.fullmatch(key):
        return (), FieldPath(key)
    try:
        names, at = dotted_names(key)
        steps, _ = json_path(key, at)
    except (Failure, TooDeep) as failure:
        raise parse_error(f"failed to parse tree path ({key})", key, failure) from None
    return tuple(names[:-1]), FieldPath(names[-1], steps)


def dotted_names(key: str) -> tuple[list[str], int]:
    """Names joined by dots, and the index behind the last one."""
    names: list[str] = []
    at = -1
    while True:
        name, at = field_name(key, at + 1)
        names.append(name)
        if key[at : at + 1] != ".":
            return names, at


def operator_head(text: str) -> tuple[str, bool, int] | None:
    """The operator in front of a value it takes as it is, or as a list: (name, quantified, index of the value).

    None where there is no such operator; `operation` says what is wrong then, or reads a word (`is.null`).
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    _, name, modifier = head.groups()
    if modifier is None:
        return (name, False, head.end()) if name in WHOLE or name == "in" else None
    if name in QUANTIFIED and modifier in ("any", "all"):
        return name, True, head.end()
    return (name, False, head.end()) if name in TEXT_SEARCH and _language(modifier) is not None else None


def is_argument(text: str) -> bool:
    """Whether `parse_argument_or_filter` surely takes a text for an argument: no operator stands in front of it."""
    head = _HEAD.match(text)
    return (head is None or head[2] not in OPERATORS) and not text.startswith("not.")


def operation(subject: FieldPath, text: str, at: int, value_of: ValueParser) -> tuple[Filter, int]:
    """An operator and its value from `at` on; `value_of` reads a plain value."""
    head = _HEAD.match(text, at)
    if head is None:
        raise _no_operation(text, at)
    negation, name, modifier = head.groups()
    negated, end = negation is not None, head.end()
    if modifier is None:
        if name in WHOLE:
            value, end = value_of(text, end)
            return Filter(subject, name, value, None, negated), end
        if name == "in":
            values, end = elements_of_list(text, end)
            return Filter(subject, name, "", values, negated), end
        if name == "is":
            return _is(subject, text, end, negated)
    elif name in QUANTIFIED and modifier in ("any", "all"):
        value, end = value_of(text, end)
        return Filter(subject, name, value, array_elements(value), negated, modifier), end
    elif name in TEXT_SEARCH and (language := _language(modifier)) is not None:
        value, end = value_of(text, end)
        return Filter(subject, name, value, None, negated, None, language), end
    raise _no_operation(text, at)


def logic_value(text: str, at: int) -> tuple[str, int]:
    """A value inside a logic tree: quoted, `{…}`, or everything up to `,` or `)`."""
    first = text[at : at + 1]
    if first == '"' and (read := _quoted_to_delimiter(text, at)) is not None:
        return read
    if first == "{" and (match := _BRACES.match(text, at)):
        return match.group(), match.end()
    match = _TO_DELIMITER.match(text, at)
    assert match is not None
    return match.group(), match.end()


def array_elements(value: str) -> tuple[str, ...] | None:
    """The elements of a one-dimensional array literal; None when it is anything else, or holds a NULL."""
    if not (value.startswith("{") and value.endswith("}")):
        return None
    inner = value[1:-1]
    if not inner.strip():
        return ()
    elements: list[str] = []
    at = 0
    while match := _ELEMENT.match(inner, at):
        in_quotes, plain, separator = match.groups()
        if plain is not None and plain.upper() == "NULL":
            return None
        elements.append(plain if plain is not None else re.sub(r"\\(.)", r"\1", in_quotes, flags=re.DOTALL))
        at = match.end()
        if not separator:
            return tuple(elements)
    return None


def _whole(text: str, at: int) -> tuple[str, int]:
    return text[at:], len(text)


def _language(modifier: str) -> str | None:
    try:
        language, end = word(modifier, 0)
    except Failure:
        return None
    return language if end == len(modifier) else None


def _is(subject: FieldPath, text: str, at: int, negated: bool) -> tuple[Filter, int]:
    match = _IS.match(text, at)
    if match is None:
        raise _not_an_is_word(text, at)
    return Filter(subject, "is", match.group().lower(), None, negated), match.end()


def _not_an_is_word(text: str, at: int) -> Failure:
    """Reported at the furthest character that one of the words still reached."""
    furthest = at
    for candidate in IS_WORDS:
        reached = at
        for letter in candidate:
            if text[reached : reached + 1].lower() != letter:
                break
            reached += 1
        furthest = max(furthest, reached)
    return Failure(furthest, (_IS_EXPECTED,), consumed=True)


def elements_of_list(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """`(a,"b,c",d)`: the elements, and the index behind the list and its blanks."""
    at = skip_blanks(text, at)
    if text[at : at + 1] != "(":
        raise Failure(at, ('"("',), consumed=True)
    at = skip_blanks(text, at + 1)
    elements: list[str] = []
    while True:
        read = _quoted_to_delimiter(text, at) if text[at : at + 1] == '"' else None
        if read is None:
            match = _TO_DELIMITER.match(text, at)
            assert match is not None
            read = match.group(), match.end()
        element, at = read
        elements.append(element)
        delimiter = text[at : at + 1]
        if delimiter == ")":
            return tuple(elements), skip_blanks(text, at + 1)
        if delimiter != ",":
            raise Failure(at, ('","', '")"') if element or elements[1:] else ('"\\""', '","', '")"'), consumed=True)
        at += 1


def _quoted_to_delimiter(text: str, at: int) -> tuple[str, int] | None:
    """A quoted value, if nothing but a delimiter follows it; otherwise its quotes are part of a plain value."""
    try:
        value, end = quoted(text, at)
    except Failure:
        return None
    return (value, end) if text[end : end + 1] in ("", ",", ")") else None


def _no_operation(text: str, at: int) -> Failure:
    """Why no operator could be read, at the furthest point that one of them reached."""
    negated = text.startswith("not.", at)
    start = at + 4 if negated else at
    failure = Failure(start, (OPERATOR,), seen=mismatch(text, start, "in"), consumed=negated)
    if not negated:
        if text.startswith("not", at):
            failure = Failure(at + 3, (DELIMITER,))
        else:
            failure = Failure(at, ('"not"', OPERATOR), seen=mismatch(text, at, "not"))
    for name in ("in", "is", "isdistinct", *sorted(TEXT_SEARCH), *sorted(SIMPLE)):
        if text.startswith(name, start):
            failure = merged(failure, _behind(text, start + len(name), name, negated))
    for name in ("eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"):
        if text.startswith(name, start):
            failure = merged(failure, _behind(text, start + len(name), name, negated))
            break
    return failure


def _behind(text: str, at: int, name: str, consumed: bool) -> Failure:
    """The failure behind an operator's name: no delimiter, or a modifier that is none."""
    if text[at : at + 1] == "(" and (name in TEXT_SEARCH or name in QUANTIFIED):
        at += 1
        if name in TEXT_SEARCH:
            try:
                at = word(text, at)[1]
            except Failure:
                return Failure(at, (OPERATOR,), consumed=consumed)
        elif text.startswith(("any", "all"), at):
            at += 3
        else:
            return Failure(at, (OPERATOR,), seen=mismatch(text, at, "all"), consumed=consumed)
        if text[at : at + 1] == ")":
            at += 1
    return Failure(at, (OPERATOR,), consumed=consumed)
