"""The reference: what a question's answer is, worked out over plain rows in the most obvious way.

SQL's three truth values are True, False and None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from tests.integration.rest.reference.questions import (
    Comparison,
    Condition,
    Embed,
    Order,
    Output,
    Presence,
    Question,
    Tree,
)
from tests.integration.rest.reference.world import BOOL, DATE, INT, NUMERIC, SPAN, WORDS, WORLD, Kind, Link, Row

Truth = bool | None


def answer(question: Question) -> list[dict[str, Any]]:
    """The rows of a question's answer."""
    return page(question, matching(question, WORLD[question.table].rows))


def matching(question: Question, rows: Iterable[Row]) -> list[Row]:
    """The rows that a question's filters and inner embeds leave, before order and window."""
    return [row for row in rows if _wanted(question, row)]


def page(question: Question, rows: list[Row]) -> list[dict[str, Any]]:
    ordered = sorted(rows, key=cmp_to_key(lambda one, two: _compared(question, one, two)))
    end = None if question.limit is None else question.offset + question.limit
    return [_shown(question, row) for row in ordered[question.offset : end]]


def _wanted(question: Question, row: Row) -> bool:
    return all(_holds(question, condition, row) is True for condition in question.conditions) and all(
        _related(question, embed, row) for embed in question.embeds if embed.inner
    )


def _related(question: Question, embed: Embed, row: Row) -> list[Row]:
    """The embed's rows behind one row, filtered but neither ordered nor cut."""
    link = WORLD[question.table].links[embed.link]
    return matching(embed.question, linked(link, row))


def linked(link: Link, row: Row) -> list[Row]:
    """The rows at the other end of a link."""
    there = WORLD[link.table].rows
    if link.through is None:
        return [each for each in there if row[link.here] is not None and each[link.there] == row[link.here]]
    junction, near, far = link.through
    keys = [each[far] for each in WORLD[junction].rows if each[near] == row[link.here]]
    return [each for each in there if each[link.there] in keys]


# -- what is shown -------------------------------------------------------------------------------------------------


def _shown(question: Question, row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if question.outputs:
        for output in question.outputs:
            shown[output.name] = _value(output, row)
    else:
        for column, kind in WORLD[question.table].kinds.items():
            shown[column] = None if row[column] is None else kind.shown(row[column])
    for embed in question.embeds:
        rows = page(embed.question, _related(question, embed, row))
        to_one = WORLD[question.table].links[embed.link].to_one
        if embed.spread:
            empty = dict.fromkeys(_names(embed.question))
            shown |= rows[0] if rows else empty
        else:
            shown[embed.name] = (rows[0] if rows else None) if to_one else rows
    return shown


def _names(question: Question) -> list[str]:
    """What a row shows, for a spread that found none."""
    names = [output.name for output in question.outputs] or list(WORLD[question.table].kinds)
    for embed in question.embeds:
        names += _names(embed.question) if embed.spread else [embed.name]
    return names


def _value(output: Output, row: Row) -> Any:
    value = row[output.field.column]
    if output.field.path:
        return _followed(value, output.field.path)
    if value is None:
        return None
    kind = WORLD_KINDS[output.field.column]
    return _as_text(value, kind) if output.cast else kind.shown(value)


WORLD_KINDS = {column: kind for table in WORLD.values() for column, kind in table.kinds.items()}


def _as_text(value: Any, kind: Kind) -> str:
    if kind is BOOL:
        return str(value).lower()
    return str(kind.shown(value))


def _followed(document: Any, path: tuple[str | int, ...]) -> str | None:
    """`doc->a->>b`: the text of what lies there."""
    for step in path:
        if isinstance(step, int):
            inside = isinstance(document, list) and -len(document) <= step < len(document)
        else:
            inside = isinstance(document, dict) and step in document
        if not inside:
            return None
        document = document[step]
    if document is None or isinstance(document, str):
        return document
    return json.dumps(document, ensure_ascii=False)


# -- order ---------------------------------------------------------------------------------------------------------


def _compared(question: Question, one: Row, two: Row) -> int:
    for order in question.order:
        result = _in_order(order, _sort_value(question, order, one), _sort_value(question, order, two))
        if result:
            return result
    return 0


def _sort_value(question: Question, order: Order, row: Row) -> Any:
    if order.relation is None:
        return row[order.field]
    embed = next(each for each in question.embeds if each.name == order.relation)
    rows = _related(question, embed, row)
    return rows[0][order.field] if rows else None


def _in_order(order: Order, one: Any, two: Any) -> int:
    if one is None or two is None:
        if one is two:
            return 0
        first = bool(order.descending) if order.nulls_first is None else order.nulls_first
        return (-1 if one is None else 1) * (1 if first else -1)
    # Text is compared by its bytes (collation C), which in UTF-8 is the order of code points.
    result = (one > two) - (one < two)
    return -result if order.descending else result


# -- conditions ----------------------------------------------------------------------------------------------------


def _holds(question: Question, condition: Condition, row: Row) -> Truth:
    if isinstance(condition, Tree):
        truth = _all([_holds(question, each, row) for each in condition.children], condition.operator == "or")
        return _not(truth) if condition.negated else truth
    if isinstance(condition, Presence):
        embed = next(each for each in question.embeds if each.name == condition.embed)
        return bool(_related(question, embed, row)) == condition.present
    truth = _compare(condition, row)
    return _not(truth) if condition.negated else truth


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _all(truths: list[Truth], any_will_do: bool) -> Truth:
    """Kleene's AND; OR is its mirror."""
    if any_will_do in truths:
        return any_will_do
    return None if None in truths else not any_will_do


def _compare(comparison: Comparison, row: Row) -> Truth:
    value, kind = row[comparison.field.column], comparison.field.kind
    if comparison.field.path:
        value = _followed(value, comparison.field.path)
    operator, wanted = comparison.operator, comparison.value
    if operator == "is":
        return _is(value, str(wanted))
    if operator == "isdistinct":
        return value is None or value != _read(str(wanted), kind)
    if comparison.quantifier is not None and not wanted:
        return comparison.quantifier == "all"  # of no values, whatever the field holds
    if value is None:
        return None
    if operator == "in":
        return value in [_read(each, kind) for each in wanted]
    test = _TESTS[operator]
    if comparison.quantifier is not None:
        truths: list[Truth] = [test(value, _read(each, kind)) for each in wanted]
        return _all(truths, comparison.quantifier == "any")
    return test(value, str(wanted) if operator in _SEARCHES else _read(str(wanted), kind))


def _is(value: Any, word: str) -> bool:
    match word:
        case "null" | "unknown":
            return value is None
        case "not_null":
            return value is not None
        case _:
            return value is (word == "true")


def _read(text: str, kind: Kind) -> Any:
    """A filter's text as a value of a column's kind."""
    if kind is INT:
        return int(text)
    if kind is NUMERIC:
        return Decimal(text)
    if kind is BOOL:
        return text == "true"
    if kind is DATE:
        return date.fromisoformat(text)
    if kind is WORDS:
        return json.loads("[" + text[1:-1] + "]")
    if kind is SPAN:
        low, high = text[1:-1].split(",")
        return int(low), int(high)
    return text


def like(value: str, pattern: str, *, ignoring_case: bool = False) -> bool:
    """SQL's LIKE, with `*` for `%`; the patterns here hold no backslash."""
    parts = {"*": ".*", "%": ".*", "_": "."}
    regex = "".join(parts.get(letter) or re.escape(letter) for letter in pattern)
    return re.fullmatch(regex, value, re.DOTALL | (re.IGNORECASE if ignoring_case else 0)) is not None


def _contains(value: Any, other: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value[0] <= other[0] and other[1] <= value[1])
    return set(other) <= set(value)


def _overlaps(value: Any, other: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value[0] < other[1] and other[0] < value[1])
    return bool(set(value) & set(other))


def _web(words: list[str], text: str) -> bool:
    """websearch_to_tsquery's `or` over words; the other three searches are asked for words that must all be there."""
    return any(set(part.split()) <= set(words) for part in text.lower().split(" or "))


_SEARCHES = ("fts", "plfts", "phfts", "wfts")
_TESTS: dict[str, Callable[[Any, Any], Truth]] = {
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "like": like,
    "ilike": lambda a, b: like(a, b, ignoring_case=True),
    "match": lambda a, b: re.search(b, a) is not None,
    "imatch": lambda a, b: re.search(b, a, re.IGNORECASE) is not None,
    "cs": _contains,
    "cd": lambda a, b: _contains(b, a),
    "ov": _overlaps,
    "sl": lambda a, b: a[1] <= b[0],
    "sr": lambda a, b: a[0] >= b[1],
    "nxl": lambda a, b: a[0] >= b[0],
    "nxr": lambda a, b: a[1] <= b[1],
    "adj": lambda a, b: a[1] == b[0] or b[1] == a[0],
    "fts": lambda a, b: {word.strip() for word in b.split("&")} <= set(a),
    "plfts": lambda a, b: set(b.split()) <= set(a),
    "phfts": lambda a, b: b in a,
    "wfts": _web,
}
