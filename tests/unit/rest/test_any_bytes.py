"""Whatever arrives is a request or a RestError; and what is written out reads back the same."""

from __future__ import annotations

import contextlib
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.postgrest.errors import RestError
from rowgate.project.settings import RestSettings
from rowgate.rest.logic_syntax import parse_logic
from rowgate.rest.order_syntax import parse_order
from rowgate.rest.request import with_payload
from rowgate.rest.select_syntax import parse_select
from rowgate.rest.syntax import Condition, FieldPath, Filter, Logic, OrderTerm, SelectEmbed, SelectField, SelectItem
from tests.unit.rest.unlifted import parse

SETTINGS = RestSettings(db_tx_end="commit-allow-override")
# Pieces of the grammar in any order reach further than random bytes do.
_WORDS = (
    'select= order= limit= offset= columns= on_conflict= or= and= not. a b.c= & = ( ) , . : :: -> ->> ! ... * " \\ { } '
    "eq. in.( is.null fts(en). any) -1 0 count() sum() inner %22 %00 %FF + é"
)
_PIECES = st.sampled_from([*_WORDS.split(), "\t"])
queries = st.one_of(st.binary(max_size=60), st.lists(_PIECES, max_size=14).map(lambda parts: "".join(parts).encode()))
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
paths = st.sampled_from(["/", "/items", "/rpc/f", "/a/b", "/%", "/\x00"])
headers = st.lists(
    st.tuples(
        st.sampled_from([b"prefer", b"range", b"accept", b"content-type", b"accept-profile", b"content-profile"]),
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from(
                [
                    b"handling=strict",
                    b"max-affected=x",
                    b"0-",
                    b"5-1",
                    b"text/csv",
                    b"text/plain",
                    b";q=;",
                    b"a/b;q=inf",
                ]
            ),
        ),
    ),
    max_size=4,
)
bodies = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from(list('{}[]",:\n\r1ax\\')), max_size=16).map(lambda parts: "".join(parts).encode()),
)


@given(methods, paths, queries, headers, bodies)
@settings(max_examples=600, deadline=None)
def test_any_bytes_make_a_request_or_a_rest_error(
    method: str, path: str, query: bytes, raw: list[tuple[bytes, bytes]], body: bytes
) -> None:
    refusal = None
    try:
        with_payload(parse(method, path, query, raw, SETTINGS), body)
    except RestError as error:
        refusal = error
    assert refusal is None or (400 <= refusal.status < 500 and refusal.message)


HOSTILE = 64 * 1024  # what a header field or a request line can hold


@pytest.mark.parametrize(
    ("query", "header"),
    [
        (b"limit=" + b"0" * HOSTILE + b"x", (b"range", b"0-")),
        (b"", (b"range", b"0" * HOSTILE)),
        (b"", (b"prefer", b"," * HOSTILE)),
        (b"", (b"accept", b";q=" * (HOSTILE // 3))),
        (b'select="' + b"\\" * HOSTILE, (b"range", b"")),
        (b"select=a" + b"%20" * (HOSTILE // 3) + b"!", (b"range", b"")),
        (b"x=in.(" + b'"a"b,' * (HOSTILE // 5), (b"range", b"")),
        (b"x=eq(any).{" + b"a%20" * (HOSTILE // 4) + b"{}", (b"range", b"")),
        (b"or=(" + b'a.eq."' * (HOSTILE // 6), (b"range", b"")),
        (b"order=" + b"a(b" * (HOSTILE // 3), (b"range", b"")),
    ],
)
def test_no_input_costs_the_square_of_its_length(query: bytes, header: tuple[bytes, bytes]) -> None:
    started = time.process_time()
    with contextlib.suppress(RestError):
        parse("GET", "/items", query, [header], SETTINGS)
    assert time.process_time() - started < 2  # seconds; a squared cost was measured at 17


names = st.text(st.sampled_from('abcXYZ09_$ é"\\.,:()*->!'), min_size=1, max_size=6)
plain_values = st.text(st.sampled_from('abc 019,()"\\{}.é'), max_size=8)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


fields = names.map(FieldPath)
select_fields = st.builds(
    SelectField,
    fields,
    st.none() | names,
    st.none() | st.just("text"),
    st.none() | st.sampled_from(["sum", "avg", "count", "max", "min"]),
)


def embeds(children: st.SearchStrategy[SelectItem]) -> st.SearchStrategy[SelectItem]:
    return st.builds(
        SelectEmbed,
        names.filter(lambda name: name != "count"),
        st.lists(children, min_size=1, max_size=3).map(tuple),
        st.none() | names,
        st.none() | names,
        st.none() | st.sampled_from(["inner", "left"]),
    )


items: st.SearchStrategy[SelectItem] = st.recursive(select_fields, embeds, max_leaves=8)


def written(item: SelectItem) -> str:
    alias = f"{quoted(item.alias)}:" if item.alias is not None else ""
    if isinstance(item, SelectEmbed):
        hint = f"!{quoted(item.hint)}" if item.hint is not None else ""
        join = f"!{item.join}" if item.join else ""
        return f"{alias}{quoted(item.relation)}{hint}{join}({','.join(map(written, item.children))})"
    assert item.field is not None
    cast = f"::{item.cast}" if item.cast else ""
    aggregate = f".{item.aggregate}()" if item.aggregate else ""
    return f"{alias}{quoted(item.field.name)}{cast}{aggregate}"


@given(st.lists(items, min_size=1, max_size=4).map(tuple))
@settings(max_examples=200, deadline=None)
def test_a_selection_reads_back_as_written(selection: tuple[SelectItem, ...]) -> None:
    assert parse_select(",".join(map(written, selection))) == selection


conditions: st.SearchStrategy[Condition] = st.recursive(
    st.builds(Filter, fields, st.sampled_from(["eq", "neq", "like", "fts"]), plain_values, st.none(), st.booleans()),
    lambda children: st.builds(
        Logic, st.sampled_from(["and", "or"]), st.lists(children, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=6,
)


def condition_written(condition: Condition) -> str:
    negation = "not." if condition.negated else ""
    if isinstance(condition, Logic):
        return f"{negation}{condition.operator}({','.join(map(condition_written, condition.children))})"
    return f"{quoted(condition.field.name)}.{negation}{condition.operator}.{quoted(condition.value)}"


@given(conditions)
@settings(max_examples=200, deadline=None)
def test_a_logic_tree_reads_back_as_written(condition: Condition) -> None:
    assert parse_logic("and", f"({condition_written(condition)})") == ((), Logic("and", (condition,)))


@given(
    st.lists(
        st.builds(OrderTerm, fields, st.none() | names, st.sampled_from([None, True, False])), min_size=1, max_size=3
    )
)
@settings(max_examples=100, deadline=None)
def test_an_order_reads_back_as_written(terms: list[OrderTerm]) -> None:
    direction = {None: "", True: ".desc", False: ".asc"}
    text = ",".join(
        (f"{quoted(term.relation)}({quoted(term.field.name)})" if term.relation else quoted(term.field.name))
        + direction[term.descending]
        for term in terms
    )
    assert parse_order(text) == tuple(terms)


@given(plain_values)
@settings(max_examples=100, deadline=None)
def test_a_percent_encoded_value_arrives_unchanged(value: str) -> None:
    request = parse("GET", "/items", f"x=eq.{quote(value)}".encode(), [], SETTINGS)
    ((_, condition),) = request.query.filters
    assert isinstance(condition, Filter)
    assert condition.value == value
