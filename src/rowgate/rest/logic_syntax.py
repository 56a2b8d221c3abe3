"""Logic trees: `or=(a.eq.1,not.and(b.lt.2,c.is.null))`, by name also under an embed (`rel.or=(…)`)."""

from __future__ import annotations

import re

from rowgate.rest.field_syntax import after_field, behind_field, field, skip_blanks
from rowgate.rest.filter_syntax import DELIMITER, dotted_names, logic_value, operation
from rowgate.rest.parse_failure import MAX_NESTING, Failure, TooDeep, merged, mismatch, parse_error
from rowgate.rest.syntax import Condition, EmbedPath, Filter, Logic

_OPENING = re.compile(r"(not\.)?(and|or)[ \t]*\([ \t]*")
_NEGATION = "negation operator (not)"
_OPERATOR = "logic operator (and, or)"


def parse_logic(key: str, text: str) -> tuple[EmbedPath, Condition]:
    """Parse a parameter whose name ends in `and` or `or`. Raises RestError PGRST100."""
    try:
        names, _ = dotted_names(key)
    except (Failure, TooDeep) as failure:
        raise parse_error(f"failed to parse logic path ({key})", key, failure) from None
    operator = f"not.{names[-1]}" if "not" in names else names[-1]
    # The operator stands in front of the value while parsing, so that columns in errors count from it, as upstream's.
    whole = operator + text
    try:
        condition, _ = _condition(whole, 0, 0)
    except (Failure, TooDeep) as failure:
        raise parse_error(f"failed to parse logic tree ({text})", whole, failure) from None
    return tuple(name for name in names[:-1] if name != "not"), condition


def _condition(text: str, at: int, depth: int) -> tuple[Condition, int]:
    if depth > MAX_NESTING:
        raise TooDeep(at)
    opening = _OPENING.match(text, at)
    if opening is None:
        try:
            return _filter(text, at)
        except Failure as failure:
            raise _no_condition(text, at, failure) from None
    negation, operator = opening.groups()
    at = opening.end()
    children: list[Condition] = []
    while True:
        child, at = _condition(text, at, depth + 1)
        children.append(child)
        mark = skip_blanks(text, at)
        if text[mark : mark + 1] == ",":
            at = skip_blanks(text, mark + 1)
        elif mark > at:
            raise Failure(mark, ('","',), consumed=True)
        elif text[at : at + 1] == ")":
            return Logic(operator, tuple(children), negation is not None), skip_blanks(text, at + 1)
        else:
            # upstream: of the first child alone it remembers what its value could have begun with
            empty = isinstance(child, Filter) and not (child.value or child.values or children[1:])
            raise Failure(at, ('"\\""', '"{"', '","', '")"') if empty else ('","', '")"'), consumed=True)


def _filter(text: str, at: int) -> tuple[Filter, int]:
    path, end = field(text, at)
    if text[end : end + 1] != ".":
        more = after_field(text[at:end])
        raise Failure(end, (*more, DELIMITER), seen=behind_field(text, end) if more else None)
    return operation(path, text, end + 1, logic_value)


def _no_condition(text: str, at: int, failure: Failure) -> Failure:
    """What to report when there is neither a filter nor a logic operator with its parenthesis."""
    negated = text.startswith("not.", at)
    start = at + 4 if negated else at
    for operator in ("and", "or"):
        if text.startswith(operator, start):
            return Failure(skip_blanks(text, start + len(operator)), ('"("',), consumed=True)
    if text.startswith("o", start):
        return Failure(start, ('"or"',), seen=mismatch(text, start, "or"), consumed=True)
    if negated:
        return Failure(start, (_OPERATOR,), seen=mismatch(text, start, "and"), consumed=True)
    expecting = (_NEGATION, _OPERATOR)
    if text.startswith("not", at):
        return merged(failure, Failure(at + 3, expecting[:1]))
    return merged(failure, Failure(at, expecting))
