"""The values of a request, lifted out of it: what is left is its shape, which `prepared.py` keeps a plan by.

Lifted is what the grammar takes as it is: the value behind a filter's operator, the elements of a list, the argument of
a call, LIMIT and OFFSET of the top level, a body. Everything else is shape: names, operators, words (`is.null`), casts,
keys of JSON paths, the windows of embeds, and whatever does not parse, for the parser to refuse in its own words and
its own order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from rowgate.http.exchange import RawHeaders
from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.filter_syntax import QUANTIFIED, SIMPLE, array_elements, elements_of_list, is_argument, operator_head
from rowgate.rest.holes import hole
from rowgate.rest.logic_syntax import parse_logic
from rowgate.rest.parse_failure import Failure
from rowgate.rest.query_string import FIRST_COUNTS, LOGIC, WINDOW, Pair, decode_pairs, role_of
from rowgate.rest.ranges import EVERYTHING, capped, integer, intersection, range_header, window
from rowgate.rest.resource import Resource
from rowgate.rest.syntax import Condition, Filter, Payload, Range, Window

Value: TypeAlias = str | tuple[str, ...] | bytes
"""A text, the elements of a list, or a body."""

PATTERNS = frozenset({"like", "ilike"})
COMPARISONS = (QUANTIFIED | SIMPLE) - PATTERNS  # without a modifier: nearly every filter there is
READING = frozenset({"GET", "HEAD"})  # by these a call takes its arguments from the query string


class Asked(msgspec.Struct, frozen=True):
    """A query string, its values apart: `pairs` have holes where `values` were, by number.

    `rows` is the top level's range, or why there can be none, which the parser raises when its turn comes; `bounded`
    says whether it is another than the settings give to a request that says nothing of it.
    """

    pairs: tuple[Pair, ...]
    values: tuple[Value, ...]
    rows: Range | RestError
    bounded: bool

    @property
    def window(self) -> Range | Window | None:
        """What a plan may know of the rows: the numbers are the request's own, unless they are the setting's."""
        if isinstance(self.rows, RestError):
            return None
        return self.rows.window if self.bounded else self.rows


def lift(method: str, resource: Resource, query: bytes, headers: RawHeaders, settings: RestSettings) -> Asked:
    """Lift the values out of a query string. Raises RestError 22021 for bytes that are no text."""
    arguments = resource.call and method in READING
    pairs: list[Pair] = []
    values: list[Value] = []
    bounds: dict[str, int | None] = {}
    for pair in decode_pairs(query) if query else ():
        name, text = pair
        if text is None or name in FIRST_COUNTS:
            pairs.append(pair)
        elif name in WINDOW:
            bounds[name] = integer(text)
        elif (role := role_of(name)) == "order" or role in WINDOW:
            pairs.append(pair)
        elif role in LOGIC:
            pairs.append(_lifted_logic(name, text, values))
        else:
            pairs.append((name, _lifted_filter(text, values, arguments)))
    header = next((value for name, value in headers if name == b"range"), None) if method == "GET" else None
    most = capped(EVERYTHING, settings.db_max_rows)
    rows = _rows(method, bounds, header, most) if bounds or header is not None else most
    return Asked(tuple(pairs), tuple(values), rows, rows != most)


def lift_body(payload: Payload, values: tuple[Value, ...]) -> tuple[Payload, tuple[Value, ...]]:
    """Lift a payload's texts, its body as the last one."""
    shape = replace(payload, body=b"")
    if payload.pairs:
        holes = (hole(number) for number in range(len(values), len(values) + len(payload.pairs)))
        shape = replace(shape, pairs=tuple(zip((name for name, _ in payload.pairs), holes, strict=False)))
        values += tuple(text for _, text in payload.pairs)
    return shape, (*values, payload.body)


def _lifted_filter(text: str, values: list[Value], arguments: bool) -> str:
    name, dot, value = text.partition(".")
    if dot and name in COMPARISONS:
        return f"{name}.{_place(values, value)}"
    head = operator_head(text)
    if head is None:
        return _place(values, text) if arguments and is_argument(text) else text
    operator, quantified, at = head
    if operator == "in":
        try:
            elements, _ = elements_of_list(text, at)
        except Failure:
            return text
        return f"{text[:at]}({_place(values, _words(elements))})"
    value = text[at:]
    if quantified and (members := array_elements(value)) is not None:
        return f"{text[:at]}{{{_place(values, _patterns(operator, members))}}}"
    return text[:at] + _place(values, value if quantified else _pattern(operator, value))


def _lifted_logic(name: str, text: str, values: list[Value]) -> Pair:
    """A logic tree is read here, since only its parser can tell where its values end."""
    try:
        path, condition = parse_logic(name, text)
    except RestError:
        return name, text
    return name, (path, _lifted_condition(condition, values))


def _lifted_condition(condition: Condition, values: list[Value]) -> Condition:
    if not isinstance(condition, Filter):
        return replace(condition, children=tuple([_lifted_condition(each, values) for each in condition.children]))
    operator = condition.operator
    if operator == "is":
        return condition
    if condition.values is None:
        value = condition.value if condition.quantifier else _pattern(operator, condition.value)
        return replace(condition, value=_place(values, value))
    elements = _words(condition.values) if operator == "in" else _patterns(operator, condition.values)
    return replace(condition, value="", values=(_place(values, elements),))


def _place(values: list[Value], value: Value) -> str:
    values.append(value)
    return hole(len(values) - 1)


def _words(elements: tuple[str, ...]) -> tuple[str, ...]:
    """`in.()` is the empty list: PostgREST reads its one empty word as no word."""
    return () if elements == ("",) else elements


def _patterns(operator: str, elements: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([_pattern(operator, each) for each in elements])


def _pattern(operator: str, value: str) -> str:
    """`*` stands for `%` in the two operators where `%` would have to be percent-encoded."""
    return value.replace("*", "%") if operator in PATTERNS else value


def _rows(method: str, bounds: Mapping[str, int | None], header: bytes | None, most: Range) -> Range | RestError:
    """`header` is that of a GET: RFC 9110 14.2 gives Range no meaning elsewhere."""
    try:
        rows = window(**bounds)
        if method == "PUT" and rows != EVERYTHING:
            message = "limit/offset querystring parameters are not allowed for PUT"
            return RestError(400, "PGRST114", message)
        within = None if header is None else range_header(header)
        return capped(rows if within is None else intersection(within, rows), most.limit)
    except RestError as refusal:
        return refusal
